/* account.c: see account.h. */
#include "heuristics/faults/account.h"

#include "heuristics/ends/ordinary_ends.h"
#include "heuristics/faults/address_place.h"
#include "heuristics/faults/c_raise.h"
#include "heuristics/faults/c_frames.h"
#include "heuristics/faults/c_message.h"
#include "heuristics/faults/cxx_exception.h"
#include "heuristics/faults/fault_cause.h"
#include "heuristics/faults/goroutine_states.h"

#include "analyzer/last_words/fault_operand.h"
#include "analyzer/unwind/unwind.h"
#include "formats/dump/signals.h"

#include <inttypes.h>

enum { INSN_BYTES = 16 };

struct teller {
	struct diagnosis *diagnosis;
	struct arena *arena;
	struct account *account;
};

static void state(const struct teller *teller, const char *text)
{
	vec_push(teller->arena, &teller->account->facts, text);
}

/* "bar (a.out)", "memcpy (libc.so.6), called by bar (a.out)"; NULL: the pc is not known. */
static const char *place(const struct teller *teller, struct c_frames *frames)
{
	struct analysis *analysis = teller->diagnosis->analysis;
	const size_t thread = (size_t)teller->account->thread;
	const struct context *stopped = &analysis->walks[thread].stopped;
	const struct pc_info *info = stopped->known ? go_pc(analysis->runtime, stopped->pc, true) : NULL;
	const char *at;

	if (!info)
		return NULL;
	if (info->func)
		return go_func_name(info);
	if (!c_frames_find(analysis, thread, stopped->pc, frames))
		return hex_text(teller->arena, stopped->pc);
	at = c_frame_text(analysis, frames, frames->first);
	if (frames->culprit > frames->first && frames->culprit < frames->end)
		return arena_printf(teller->arena, "%s, called by %s", at, c_frame_text(analysis, frames, frames->culprit));
	return at;
}

static const char *register_list(const struct teller *teller, const struct insn_operand *operand)
{
	const struct analysis *analysis = teller->diagnosis->analysis;
	const uint8_t regs[] = {operand->base, operand->index};
	const char *list = "";

	for (size_t i = 0; i < sizeof regs; i++) {
		uint64_t value;

		if (regs[i] < analysis->image->arch->reg_count && register_at_fault(analysis, regs[i], &value))
			list = arena_printf(teller->arena, "%s%s%s is 0x%" PRIx64, list, *list ? ", " : "; ",
					    analysis->image->arch->reg_names[regs[i]], value);
	}
	return list;
}

/* The instruction in words, and what it accessed. */
static void state_instruction(const struct teller *teller, uint64_t pc, const struct insn_operand *operand, bool known,
			      uint64_t address)
{
	struct analysis *analysis = teller->diagnosis->analysis;
	const char *text = analysis->runtime->decoder ? insn_text(analysis->runtime->decoder, teller->arena, pc,
								  image_view(analysis->image, pc, INSN_BYTES)) : NULL;

	if (!text)
		return;
	if (!known)
		state(teller, arena_printf(teller->arena, "the instruction at 0x%" PRIx64 " is `%s`", pc, text));
	else
		state(teller, arena_printf(teller->arena, "the instruction at 0x%" PRIx64 ", `%s`, %s 0x%" PRIx64 "%s", pc, text,
					   operand->write ? "writes" : "reads", address, register_list(teller, operand)));
}

static const char *why_none(const struct image *image)
{
	return image->os == OS_WINDOWS ? "Windows names no address then" : "the kernel names no address then";
}

/* "SIGSEGV writing 0x0": what the fault did, by its record and its instruction. */
static const char *fault_text(const struct teller *teller)
{
	struct analysis *analysis = teller->diagnosis->analysis;
	const struct fault *fault = &analysis->fault;
	const struct signal_name *signal = analysis->image->os == OS_LINUX ? signal_by_number(fault->number) : NULL;
	struct insn_operand operand = {0};
	uint64_t address = fault->address;
	bool decoded = false;
	enum fault_access access;

	if (fault->has_address || !signal || signal->memory)
		decoded = fault_operand(analysis, &operand) == TOUCH_MEMORY && fault_operand_address(analysis, &operand, &address);
	if (fault->number != SIGNAL_SYSTEM_CALL || analysis->image->os != OS_LINUX) /* that one is behind the system call */
		state_instruction(teller, fault->pc, &operand, decoded, address);
	if (!fault->has_address && !(decoded && signal && signal->memory))
		return fault->name;
	access = fault_access_of(analysis);
	if (fault->has_address)
		address = fault->address;
	if (arch_forms(analysis->image->arch, address))
		return arena_printf(teller->arena, "%s %s 0x%" PRIx64, fault->name, access_doing(access), address);
	state(teller, arena_printf(teller->arena, "0x%" PRIx64 " is not canonical: its upper bits are neither all 0 nor all 1, so that no "
				   "CPU forms such an address; %s", address, why_none(analysis->image)));
	return arena_printf(teller->arena, "%s %s 0x%" PRIx64 ", which is not canonical,", fault->name, access_doing(access), address);
}

static void tell_fault(const struct teller *teller)
{
	struct analysis *analysis = teller->diagnosis->analysis;
	const struct fault *fault = &analysis->fault;
	const struct signal_code *code = analysis->image->os == OS_LINUX && fault->has_code ? signal_code(fault->number, fault->code)
											   : NULL;
	const char *cause = fault_reason(teller->diagnosis);
	struct c_frames frames;
	const char *what = fault_text(teller);
	const char *at = place(teller, &frames);

	teller->account->what = arena_printf(teller->arena, "%s%s%s%s%s", what, at ? " in " : "", at ? at : "", cause ? ": " : "",
					     cause ? cause : "");
	state(teller, arena_printf(teller->arena, "%s on %s%s%s%s%s", fault->name,
				   thread_text(analysis, teller->account->thread),
				   fault->has_pc ? arena_printf(teller->arena, " at pc 0x%" PRIx64, fault->pc) : "",
				   at ? ", in " : "", at ? at : "",
				   code && *code->meaning ? arena_printf(teller->arena, "; the kernel said (%s): %s", code->name,
									 code->meaning) : ""));
	if (fault->has_address)
		state(teller, arena_printf(teller->arena, "address 0x%" PRIx64 " is %s", fault->address,
					   address_place(teller->diagnosis, fault->address, 0)));
	if (!fault->has_code && analysis->image->os == OS_LINUX)
		state(teller, "the dump has no siginfo: that a fault raised the signal follows from the instruction");
}

/* By which call; NULL: the code does not say. */
static const char *call_of(const struct stop *stop, bool by_thread)
{
	switch (stop->code) {
	case SIGNAL_CODE_TKILL:
		return by_thread ? "tgkill, as raise and abort do" : "tgkill";
	case 0:
		return "kill";
	case -1:
		return "sigqueue";
	default:
		return NULL;
	}
}

static const char *sender(const struct teller *teller, const struct stop *stop)
{
	const struct image *image = teller->diagnosis->analysis->image;

	if (signal_code_source(stop->code))
		return signal_code_source(stop->code);
	if (image->record)
		return "somebody";
	if (stop->sender_pid == image->pid && image->pid)
		return "the process itself";
	return stop->sender_pid ? arena_printf(teller->arena, "process %" PRId64, stop->sender_pid)
				: "a process outside of its PID namespace";
}

/* A signal that was sent, or an exception that software raised. */
static void tell_sent(const struct teller *teller)
{
	const struct image *image = teller->diagnosis->analysis->image;
	const struct stop *stop = &image->stop;
	const bool told = image->os == OS_LINUX && stop->has_code;
	const bool own = told && stop->sender_pid == image->pid && image->pid && !signal_code_source(stop->code);
	struct c_frames frames = {0};
	const char *at = place(teller, &frames);
	struct c_message message = {0};
	struct cxx_exception thrown;
	const bool says = own && frames.death && c_message_find(teller->diagnosis->analysis, &message);
	const char *why = message.words.reason ? message.words.reason : frames.reason ? frames.reason : stop->meaning;
	const char *reason = why ? arena_printf(teller->arena, ": %s", why) : "";
	const bool elsewhere = told && !frames.reason && !is_sent_by_thread(teller->diagnosis->analysis, (size_t)teller->account->thread);
	const char *call = told ? call_of(stop, !elsewhere) : NULL;
	const char *in = !at ? "" : arena_printf(teller->arena, "%s in %s", !elsewhere ? "" : arena_printf(teller->arena, " while %s was",
						 thread_text(teller->diagnosis->analysis, teller->account->thread)), at);

	if (image->os == OS_WINDOWS)
		teller->account->what = arena_printf(teller->arena, "%s%s%s", stop->name, in, reason);
	else if (own)
		teller->account->what = arena_printf(teller->arena, "the process sent itself %s%s%s", stop->name, in, reason);
	else if (told)
		teller->account->what = arena_printf(teller->arena, "%s sent %s", sender(teller, stop), stop->name);
	else
		teller->account->what = arena_printf(teller->arena, "%s was sent to it%s", stop->name, in);
	state(teller, arena_printf(teller->arena, "%s on %s%s%s%s%s%s", stop->name,
				   thread_text(teller->diagnosis->analysis, teller->account->thread), told ? " was sent by " : "",
				   told ? sender(teller, stop) : "", call ? ", by " : "", call ? call : "",
				   call && *in ? arena_printf(teller->arena, ",%s", in) : in));
	if (why)
		state(teller, why);
	if (says)
		state(teller, arena_printf(teller->arena, "its last words, which its library keeps (__abort_msg): \"%s\"",
					   one_line(teller->arena, message.words.line)));
	if (own && frames.death && cxx_exception_find(teller->diagnosis->analysis, &frames, &thrown) && (thrown.type || thrown.what))
		state(teller, cxx_exception_text(teller->arena, &thrown));
	if (!teller->diagnosis->analysis->stop_sent)
		return;
	state_instruction(teller, teller->diagnosis->analysis->walks[teller->account->thread].stopped.pc, NULL, false, 0);
	state(teller, arena_printf(teller->arena, "the dump has no siginfo, and the instruction there cannot have raised %s: it "
					   "was sent", stop->name));
}

static void tell_states(const struct teller *teller)
{
	teller->account->states = goroutine_states_text(teller->diagnosis->analysis);
	if (teller->account->states)
		state(teller, teller->account->states);
}

const struct account *account_of(struct diagnosis *diagnosis)
{
	const struct analysis *analysis = diagnosis->analysis;
	struct account *account = arena_alloc(diagnosis->arena, sizeof *account);
	const struct teller teller = {diagnosis, diagnosis->arena, account};

	account->thread = analysis->dying_thread;
	if (account->thread >= 0 && analysis->fault.known && analysis->fault.thread == account->thread)
		tell_fault(&teller);
	else if (account->thread >= 0 && analysis->image->stop.known)
		tell_sent(&teller);
	tell_states(&teller);
	return account;
}
