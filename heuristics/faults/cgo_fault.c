/* cgo_fault.c: the process died in code that is not Go's: C that Go called by cgo, a library, a thread that C made. Go runs
 * such code on the thread's own stack (m.g0), the goroutine waits in runtime.cgocall (runtime/cgocall.go); a fault there
 * cannot become a panic (sighandler, runtime/signal_unix.go). C may also end the process itself, by abort and the like. */
#include "heuristics/ends/ordinary_ends.h"
#include "heuristics/faults/address_place.h"
#include "heuristics/damage/word_shape.h"
#include "heuristics/faults/c_raise.h"
#include "heuristics/faults/c_stop.h"
#include "heuristics/faults/c_words.h"
#include "heuristics/faults/cxx_exception.h"
#include "heuristics/faults/fault_cause.h"
#include "heuristics/faults/fault_evidence.h"

#include "analyzer/last_words/fault_operand.h"
#include "analyzer/unwind/recorded.h"
#include "analyzer/unwind/unwind.h"
#include "formats/dump/signals.h"
#include "formats/locator/paths.h"
#include "golang/recorded.h"

#include <inttypes.h>
#include <string.h>

extern const struct detector detector_cgo_fault;

/* The names of the functions do not say that C raised the signal: the registers do. */
static void raise_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stop_in_c *stop)
{
	const struct arch *arch = diagnosis->analysis->image->arch;
	size_t number;

	if (stop->raised && is_raised_by_thread(diagnosis->analysis, &stop->sent, &number))
		evidence_add(diagnosis, finding, EVIDENCE_REGISTER, WEIGHT_STRONG, false,
			     "%s and %s are still what such a system call was given: the thread's own id, and the number of %s",
			     arch->reg_names[arch->system_call_arguments[number]],
			     arch->reg_names[arch->system_call_arguments[number + 1]], stop->signal);
}

/* What C or C++ gave as its reason. */
static void said_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stop_in_c *stop)
{
	struct evidence *evidence;
	struct cxx_exception thrown;

	if (stop->message.words.line) {
		evidence = evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_STRONG, false,
					"C's last words, which its library keeps (__abort_msg): \"%s\"",
					one_line(diagnosis->arena, stop->message.words.line));
		evidence->address = stop->message.slot;
	}
	if (!cxx_exception_find(diagnosis->analysis, &stop->frames, &thrown) || !(thrown.type || thrown.what))
		return;
	evidence = evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_FAIR, false, "%s", cxx_exception_text(diagnosis->arena, &thrown));
	evidence->address = thrown.header;
}

static void machine_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stop_in_c *stop)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;
	struct evidence *evidence;

	raise_evidence(diagnosis, finding, stop);
	if (!stop->faulted) {
		said_evidence(diagnosis, finding, stop);
		evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false,
			     "thread %" PRId64 " sent itself %s: in %s%s%s",
			     analysis->image->threads.items[stop->thread].id, stop->signal,
			     c_stop_where(analysis, stop), stop->frames.reason ? "; " : "",
			     stop->frames.reason ? stop->frames.reason : "");
		return;
	}
	evidence = evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false,
				"%s, in %s: no Go code%s%s", fault_text(diagnosis), c_stop_where(analysis, stop),
				fault->has_address ? "; it accessed " : "",
				fault->has_address ? hex_text(diagnosis->arena, fault->address) : "");
	evidence->address = stop->pc;
}

static void access_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stop_in_c *stop)
{
	const struct fault *fault = &diagnosis->analysis->fault;
	const uint64_t sp = stop->frames.stack.frames.items[stop->frames.first].sp;
	uint64_t returned;

	if (!stop->faulted)
		return;
	if (fault->has_address && !stop->smashed)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false, "address 0x%" PRIx64 " is %s",
			     fault->address, address_place(diagnosis, fault->address, sp));
	if (is_unsigned_return(diagnosis->analysis, &returned))
		evidence_add(diagnosis, finding, EVIDENCE_REGISTER, WEIGHT_STRONG, false,
			     "pc is 0x%" PRIx64 " but for the mark by which the CPU says that the signature of a return address did "
			     "not fit: it was written by something else than the function that signed it", returned);
	fault_access_evidence(diagnosis, finding);
	if (!is_tag_fault(diagnosis->analysis))
		return;
	fault_kernel_evidence(diagnosis, finding, fault->late ? WEIGHT_FAIR : WEIGHT_STRONG);
	fault_tag_evidence(diagnosis, finding);
}

static void return_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stop_in_c *stop)
{
	const uint64_t slot = stop->returned.slot;

	if (!stop->smashed)
		return;
	if (stop->returned.at_return)
		evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, WEIGHT_STRONG, false,
			     "the instruction at 0x%" PRIx64 " is a RET: it takes its return address from the top of the stack", stop->pc);
	else
		evidence_add(diagnosis, finding, EVIDENCE_REGISTER, WEIGHT_FAIR, false,
			     "no code is at 0x%" PRIx64 ", and a RET led there: %s holds 0x%" PRIx64 ", %s", stop->pc,
			     diagnosis->analysis->image->arch->link_register ? "the link register"
									      : "the place just below the stack pointer",
			     stop->returned.word, c_stop_word(diagnosis, stop));
	if (!slot)
		return;
	finding->has_slot = true;
	finding->slot = slot;
	evidence_word(diagnosis, finding, WEIGHT_STRONG, false, slot, NULL, "the return address that it took is none: %s",
		      c_stop_word(diagnosis, stop));
}

static void pc_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stop_in_c *stop)
{
	const struct arch *arch = diagnosis->analysis->image->arch;
	const int32_t machine = diagnosis->analysis->thread_machine[stop->thread];
	const bool late = stop->faulted && diagnosis->analysis->fault.late;

	if (stop->pc_address)
		evidence_word(diagnosis, finding, late ? WEIGHT_FAIR : WEIGHT_STRONG, false, stop->pc_address, NULL,
			      "the pc that was saved when %s stopped the thread: no Go function is there",
			      stop->signal);
	else
		evidence_add(diagnosis, finding, EVIDENCE_REGISTER, WEIGHT_STRONG, false,
			     "%s is 0x%" PRIx64 ": no Go function is there",
			     arch->reg_names[arch->pc], stop->pc);
	if (stop->incgo)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false,
			     "M%" PRId64 " of that thread says that it is "
			     "in C (m.incgo)", diagnosis->analysis->runtime->machines.items[machine].id);
}

static void walk_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stop_in_c *stop)
{
	const struct c_frames *frames = &stop->frames;
	const size_t count = frames->end - frames->first;
	const bool ended = frames->end >= frames->stack.frames.count;
	const struct frame *above = ended ? NULL : &frames->stack.frames.items[frames->end];
	const char *plural = count == 1 ? "" : "s";

	if (above && is_call_of_c(above->info->role))
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
			     "its %zu frame%s of C lead%s to %s, by which Go calls C", count, plural,
			     count == 1 ? "s" : "", go_func_name(above->info));
	else if (!above && frames->stack.end == END_COMPLETE)
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
			     "its %zu frame%s of C lead%s to the start of the thread: no Go function is among them",
			     count, plural,
			     count == 1 ? "s" : "");
	if (stop->called)
		go_caller_evidence(diagnosis, finding, WEIGHT_STRONG, &stop->caller);
}

static void point_into(struct analysis *analysis, struct finding *finding, const struct stop_in_c *stop)
{
	const struct c_frames *frames = &stop->frames;
	const bool named = !stop->faulted && frames->culprit < frames->end;
	const size_t frame = named ? frames->culprit : frames->first;

	if (stop->raised)
		return;
	if (!stop->faulted && !named && frames->end == frames->stack.frames.count && frames->stack.end != END_COMPLETE)
		return; /* who called the functions that end processes is among the frames that the dump lacks */
	finding->frame = (int64_t)frame;
	finding->has_pc = true;
	finding->pc = frames->stack.frames.items[frame].pc;
	finding->function = c_frame_function(analysis, frames, frame);
}

/* C that uses up its stack faults just below it; a log does not show where that is. */
static void stack_doubt(struct diagnosis *diagnosis, struct finding *finding, const struct registers *registers)
{
	enum { REACH = 64 << 10 };
	const struct fault *fault = &diagnosis->analysis->fault;
	uint64_t sp;

	if (fault->known && fault->has_address && reg_get(registers, diagnosis->analysis->image->arch->sp, &sp) &&
	    fault->address - sp + REACH <= 2 * REACH)
		evidence_add(diagnosis, finding, EVIDENCE_REGISTER, WEIGHT_STRONG, true,
			     "SP was 0x%" PRIx64 ", so near to that address that C may have used up its stack: then nothing is wrong with "
			     "a pointer", sp);
}

/* "deepest at letters.c:3": a frame of C that a symbolizer gave a name. */
static const char *symbolized_text(struct analysis *analysis, const struct stack *stack, size_t index)
{
	struct frame_line lines[INLINE_LIMIT];

	frame_lines(analysis->image, stack, index, lines);
	return lines[0].file ? arena_printf(analysis->arena, "%s at %s:%" PRId32, lines[0].function, path_base_name(lines[0].file), lines[0].line)
			     : lines[0].function;
}

/* Of a log: the frames of C that the runtime printed above runtime.cgocall. The innermost that is not the C library's is to be named;
 * NULL: none was printed. */
static const char *point_into_symbolized(struct diagnosis *diagnosis, struct finding *finding)
{
	struct analysis *analysis = diagnosis->analysis;
	struct stack stack = {0};
	struct frame_line lines[INLINE_LIMIT];
	size_t count = 0, named = 0;

	if (finding->goroutine < 0)
		return NULL;
	goroutine_stack(analysis, (size_t)finding->goroutine, &stack);
	while (count < stack.frames.count && is_symbolized(&stack.frames.items[count]))
		count++;
	if (!count)
		return NULL;
	while (named < count && frame_lines(analysis->image, &stack, named, lines) &&
	       (c_function_is_runtime(lines[0].function) || c_function_is_death(analysis->arena, lines[0].function)))
		named++;
	named = named < count ? named : 0;
	finding->frame = (int64_t)named;
	frame_lines(analysis->image, &stack, named, lines);
	finding->function = lines[0].function;
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_FAIR, false, "the runtime printed %zu frame%s of C, the innermost %s", count,
		     count == 1 ? "" : "s", symbolized_text(analysis, &stack, 0));
	return symbolized_text(analysis, &stack, named);
}

/* Of a log: the runtime itself says where the signal arrived. */
static void report_recorded(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct stop *ended = &analysis->image->stop;
	const bool faulted = analysis->fault.known;
	struct stop_in_c stop = {.thread = (size_t)analysis->dying_thread, .signal = faulted ? analysis->fault.name : ended->name,
				 .faulted = faulted};
	const int32_t goroutine = analysis->thread_goroutine[stop.thread];
	const struct registers *registers = &analysis->image->threads.items[stop.thread].registers;
	struct finding *finding = finding_add(diagnosis, &detector_cgo_fault);
	struct c_words said = {0};
	struct stack printed = {0};
	const char *caller, *in;
	uint64_t pc;

	finding->thread = (int32_t)stop.thread;
	finding->goroutine = goroutine;
	thread_stack(analysis, stop.thread, &printed);
	stop.called = goroutine >= 0 ? go_caller_find(analysis, (size_t)goroutine, &stop.caller) : go_caller_on(analysis, &printed, &stop.caller);
	finding->has_pc = analysis->runtime->recorded->record->signal.has_pc;
	finding->pc = analysis->runtime->recorded->record->signal.pc;
	caller = stop.caller.function ? arena_printf(diagnosis->arena, ", called by Go's %s", stop.caller.function) : "";
	in = point_into_symbolized(diagnosis, finding);
	caller = in ? arena_printf(diagnosis->arena, ", in %s%s", in, caller) : caller;
	if (faulted)
		finding->title = arena_printf(diagnosis->arena, "C code%s%s got %s", caller, *caller ? "," : "", c_stop_signal(diagnosis, &stop));
	else if (c_words_find(analysis->runtime->recorded->record, &said))
		finding->title = arena_printf(diagnosis->arena, "%s%s%s", said.reason, !*caller ? "" : in ? "; it was" : "; C was", *caller ? caller + 1 : "");
	else
		finding->title = arena_printf(diagnosis->arena, "C code%s%s sent the process %s", caller, *caller ? "," : "", stop.signal);
	if (said.line)
		evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_STRONG, false, "C's last words: \"%s\"",
			     one_line(diagnosis->arena, said.line));
	evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false, "%s at pc 0x%" PRIx64 "%s%s: %s", stop.signal,
		     finding->pc, faulted && analysis->fault.has_address ? ", accessing " : "",
		     faulted && analysis->fault.has_address ? hex_text(diagnosis->arena, analysis->fault.address) : "",
		     analysis->runtime->recorded->record->signal.in_c
			     ? "the runtime says that it arrived while C, called by cgo, was running"
			     : "the runtime met it on the thread's own stack, where C runs, and knows no function of Go there");
	if (reg_get(registers, analysis->image->arch->pc, &pc) && pc == finding->pc)
		evidence_add(diagnosis, finding, EVIDENCE_REGISTER, faulted && !analysis->fault.late ? WEIGHT_STRONG : WEIGHT_FAIR, false,
			     "%s is 0x%" PRIx64 " among the registers that were printed, and no Go function is known there",
			     analysis->image->arch->reg_names[analysis->image->arch->pc], pc);
	stack_doubt(diagnosis, finding, registers);
	if (stop.called)
		go_caller_evidence(diagnosis, finding, WEIGHT_STRONG, &stop.caller);
}

/* Up to Go 1.20 the runtime throws from the thread's own stack when C is hit: below sigpanic, where the pc of the signal comes, it knows no
 * function. */
static bool threw_above_c(struct analysis *analysis)
{
	static const char unexpected[] = "fatal error: unexpected signal during runtime execution";
	const struct log_record *record = analysis->runtime->recorded->record;
	const struct recorded_stack *system = &record->system;
	const struct frame *last;
	struct stack stack = {0};

	if (!analysis->fault.known || !analysis->fault.has_pc || !record->fatal || strncmp(record->fatal, unexpected, sizeof unexpected - 1) != 0 ||
	    !system->count || system->cut || system->elided)
		return false;
	recorded_stack_take(analysis, system, &stack);
	last = &stack.frames.items[stack.frames.count - 1];
	return last->info->role == ROLE_SIGPANIC;
}

/* abort raises SIGABRT by tgkill; what others send comes by kill. */
static bool arrived_in_c(struct analysis *analysis)
{
	const struct log_record *record = analysis->runtime->recorded->record;
	const struct stop *stop = &analysis->image->stop;
	const int32_t goroutine = analysis->thread_goroutine[analysis->dying_thread];
	struct go_caller caller;

	if (threw_above_c(analysis))
		return goroutine >= 0 && go_caller_find(analysis, (size_t)goroutine, &caller);
	return stop->known && record->signal.in_c &&
	       (analysis->fault.known || (stop->has_code && stop->code == SIGNAL_CODE_TKILL));
}

static void run(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	struct stop_in_c stop = {0};
	struct finding *finding;
	int32_t machine, goroutine;

	if (analysis->runtime->recorded) {
		if (analysis->dying_thread >= 0 && arrived_in_c(analysis))
			report_recorded(diagnosis);
		return;
	}
	if (analysis->dying_thread < 0 || analysis->messages.panics.count || !c_stop_find(analysis, &stop))
		return;
	machine = analysis->thread_machine[stop.thread];
	goroutine = analysis->thread_goroutine[stop.thread];
	stop.incgo = machine >= 0 && analysis->runtime->machines.items[machine].incgo;
	stop.called = goroutine >= 0 && go_caller_find(analysis, (size_t)goroutine, &stop.caller);
	stop.smashed = stop.faulted && c_return_find(analysis, &stop.returned);
	finding = finding_add(diagnosis, &detector_cgo_fault);
	finding->thread = (int32_t)stop.thread;
	finding->goroutine = goroutine;
	if (!stop.faulted || !analysis->fault.late)
		point_into(analysis, finding, &stop);
	finding->title = c_stop_title(diagnosis, &stop);
	machine_evidence(diagnosis, finding, &stop);
	return_evidence(diagnosis, finding, &stop);
	access_evidence(diagnosis, finding, &stop);
	pc_evidence(diagnosis, finding, &stop);
	walk_evidence(diagnosis, finding, &stop);
}

static const char *const supersedes[] = {"unknown-fault", "go-fatal", "external-signal", NULL};

const struct detector detector_cgo_fault = {
	.id = "cgo-fault",
	.title = "code that is not Go's crashed, or ended the process",
	.explanation = "The thread was in C (or another language that Go calls by cgo, a library, a DLL) when a "
		       "fault stopped it, or when that code ended the process itself, by abort. Go cannot make a "
		       "panic of that: no deferred function runs. Evidence: the pc that was saved lies in no Go "
		       "function; the frames from there lead to runtime.asmcgocall, or to the start of a thread "
		       "that C made; the goroutine stands in runtime.cgocall. What glibc printed before it aborted, and the "
		       "exception of C++, are quoted where the dump keeps them. Where no file of the C library names abort, the "
		       "registers of the system call that sent the signal do.\n"
		       "What to do: look at the C function, and at what its Go caller passed to it. Memory that C "
		       "freed twice or wrote past shows only later, elsewhere: run the C code under "
		       "AddressSanitizer (go build -asan).",
	.rank = 50,
	.supersedes = supersedes,
	.run = run,
};
