/* signal_stack.c: C code made signals run on a stack that cannot bear them. Go asks for a stack of each M's own (m.gsignal,
 * sigaltstack) and SA_ONSTACK for all of its handlers, since a goroutine's stack is small and ends beside others
 * (runtime/signal_unix.go minitSignals, adjustSignalStack; os/signal's "Go programs that use cgo or SWIG"). Two things break
 * that: a handler that C set up without SA_ONSTACK, and an alternate stack that C gave to the thread and that is smaller than
 * what the CPU's registers take (AT_MINSIGSTKSZ; kernel/signal.c force_sigsegv), or than Go's handler needs. */
#include "heuristics/ends/ordinary_ends.h"
#include "heuristics/faults/c_frames.h"
#include "heuristics/faults/harmless.h"

#include "analyzer/unwind/unwind.h"
#include "formats/dump/signals.h"
#include "formats/unwind/libraries.h"

#include <inttypes.h>
#include <string.h>

extern const struct detector detector_signal_stack;

enum {
	AT_MINSIGSTKSZ = 51,
	FRAME_LIMIT = 16 << 10,   /* of a signal: SVE's and AMX's registers are the largest, of some 10 KB */
	GAP_LIMIT = 1 << 16,      /* between frames of one stack */
	FRAME_ROOM = 512,         /* for the red zone, and to align it */
	GO_STACK = 32 << 10,      /* of m.gsignal (runtime/os_linux.go mpreinit, Go 1.18 to 1.27) */
};

static const char *const messages[] = {
	"non-Go code set up signal handler without SA_ONSTACK flag",
	"non-Go code disabled sigaltstack",
};

/* A handler on the stack that it interrupted. */
struct handler {
	int32_t goroutine;       /* whose stack it was */
	uint64_t entry_sp, lowest; /* SP when it was called, and the least of its frames */
	const char *text;        /* C's function, "f (lib)", or "at 0x… (lib)"; NULL: it left no frame */
	const char *function;
	const char *interrupted; /* Go's function */
	struct stack stack;
};

static int32_t owner_of(const struct go_runtime *runtime, uint64_t sp)
{
	for (size_t i = 0; i < runtime->goroutines.count; i++)
		if (sp > runtime->goroutines.items[i].stack_lo && sp <= runtime->goroutines.items[i].stack_hi)
			return (int32_t)i;
	return -1;
}

/* A signal that comes while the M runs on g0's stack makes g0's bounds those of gsignal (runtime/signal_unix.go
 * adjustSignalStack), and an M that a handler on a goroutine's stack took has that for its g0's (needm). */
static bool has_signal_stack(const struct machine *m)
{
	return m->gsignal_lo != m->g0_lo || m->gsignal_hi != m->g0_hi;
}

static bool on_signal_stack(const struct go_runtime *runtime, uint64_t sp)
{
	for (size_t i = 0; i < runtime->machines.count; i++) {
		const struct machine *m = &runtime->machines.items[i];

		if (has_signal_stack(m) && sp >= m->gsignal_lo && sp < m->gsignal_hi)
			return true;
	}
	return false;
}

/* The outermost frame of C is the handler's own, whether it has a name or not. */
static void name_handler(struct analysis *analysis, struct handler *handler, size_t frame)
{
	const uint64_t pc = handler->stack.frames.items[frame].pc;
	struct frame_line lines[INLINE_LIMIT];

	if (handler->text || handler->stack.frames.items[frame].info->func ||
	    !frame_lines(analysis->image, &handler->stack, frame, lines))
		return;
	handler->function = lines[0].function;
	handler->text = lines[0].function ? lines[0].function : arena_printf(analysis->arena, "at 0x%" PRIx64, pc);
	if (lines[0].module)
		handler->text = arena_printf(analysis->arena, "%s (%s)", handler->text, lines[0].module);
}

/* From its outermost frame down to where its stack ends: C's own frame, and how far they all reach. */
static void follow_handler(struct analysis *analysis, struct handler *handler)
{
	for (size_t i = handler->stack.frames.count; i-- > 0;) {
		const struct frame *frame = &handler->stack.frames.items[i];

		if (frame->sp > handler->entry_sp)
			continue; /* where the signal's own trampoline stands */
		if (handler->lowest - frame->sp > GAP_LIMIT || on_signal_stack(analysis->runtime, frame->sp))
			return;
		handler->lowest = frame->sp < handler->lowest ? frame->sp : handler->lowest;
		name_handler(analysis, handler, i);
	}
}

static uint64_t frame_limit(const struct image *image)
{
	uint64_t size;

	return (image_auxv(image, AT_MINSIGSTKSZ, &size) && size < FRAME_LIMIT ? size : FRAME_LIMIT) + FRAME_ROOM;
}

static bool find_handler(struct analysis *analysis, struct handler *ret)
{
	const struct thread_walk *walk = &analysis->walks[analysis->dying_thread];
	const struct pc_info *info;
	uint64_t number;

	*ret = (struct handler){.goroutine = -1};
	if (!walk->signalled || !walk->siginfo || !walk->stopped.known)
		return false;
	ret->entry_sp = ret->lowest = walk->siginfo - analysis->image->arch->sigframe_siginfo;
	if (ret->entry_sp >= walk->stopped.sp || walk->stopped.sp - ret->entry_sp > frame_limit(analysis->image) ||
	    on_signal_stack(analysis->runtime, ret->entry_sp) || !image_u64(analysis->image, walk->siginfo, &number) ||
	    number > INT32_MAX || !signal_by_number((int)number))
		return false;
	ret->goroutine = owner_of(analysis->runtime, walk->stopped.sp);
	if (ret->goroutine < 0)
		return false;
	info = go_pc(analysis->runtime, walk->stopped.pc, true);
	ret->interrupted = info->func ? go_func_name(info) : NULL;
	thread_stack(analysis, (size_t)analysis->dying_thread, &ret->stack);
	follow_handler(analysis, ret);
	return true;
}

/* "SIGSEGV at address 0x0 in main.greet": what the handler was called for. */
static const char *raised_text(struct diagnosis *diagnosis, const struct handler *handler)
{
	const struct thread_walk *walk = &diagnosis->analysis->walks[diagnosis->analysis->dying_thread];
	const struct fault *fault = &diagnosis->analysis->fault;
	const struct signal_name *signal;
	const char *text = "a signal";
	uint32_t number;

	if (image_u32(diagnosis->analysis->image, walk->siginfo, &number) && (signal = signal_by_number((int)number)))
		text = signal->name;
	if (fault->known && fault->siginfo == walk->siginfo && fault->has_address)
		text = arena_printf(diagnosis->arena, "%s at address 0x%" PRIx64, text, fault->address);
	return handler->interrupted ? arena_printf(diagnosis->arena, "%s in %s", text, handler->interrupted) : text;
}

static const char *message_of(const struct analysis *analysis)
{
	for (size_t i = 0; analysis->messages.line && i < sizeof messages / sizeof *messages; i++)
		if (strstr(analysis->messages.line, messages[i]))
			return messages[i];
	return NULL;
}

static void place_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct handler *handler)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct goroutine *g = &analysis->runtime->goroutines.items[handler->goroutine];
	const struct thread_walk *walk = &analysis->walks[analysis->dying_thread];

	evidence_word(diagnosis, finding, WEIGHT_STRONG, false, walk->siginfo, NULL,
		      "what the handler was told, the number of the signal in the lower four bytes, lies just below SP, 0x%" PRIx64
		      ", as it was when goroutine %" PRIu64 " was interrupted on its own stack (0x%" PRIx64 " to 0x%" PRIx64 ")",
		      walk->stopped.sp, g->id, g->stack_lo, g->stack_hi);
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
		     "the frames of the handler%s%s%s lead to %s on that stack: handlers of Go run on one of their own",
		     handler->text ? ", " : "", handler->text ? handler->text : "", handler->text ? "," : "",
		     handler->interrupted ? handler->interrupted : "what was interrupted");
	if (handler->lowest < g->stack_lo)
		evidence_add(diagnosis, finding, EVIDENCE_STACK_BOUNDS, WEIGHT_FAIR, false,
			     "its frames reach to 0x%" PRIx64 ", %" PRIu64 " bytes below that stack: they wrote over what lies there, "
			     "which are stacks of other goroutines mostly", handler->lowest, g->stack_lo - handler->lowest);
}

static void report_handler(struct diagnosis *diagnosis, const struct handler *handler)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct goroutine *g = &analysis->runtime->goroutines.items[handler->goroutine];
	struct finding *finding = finding_add(diagnosis, &detector_signal_stack);
	const char *message = message_of(analysis);
	const struct stop *stop = &analysis->image->stop;

	finding->goroutine = handler->goroutine;
	finding->thread = analysis->dying_thread;
	finding->function = handler->function ? handler->function : handler->interrupted;
	if (handler->lowest < g->stack_lo) {
		finding->overwritten_from = handler->lowest;
		finding->overwritten_to = g->stack_lo;
	}
	finding->title = arena_printf(diagnosis->arena, "the signal handler %s, set up without SA_ONSTACK, ran on the stack of goroutine "
				      "%" PRIu64 ", for %s", handler->text ? handler->text : "of C code", g->id,
				      raised_text(diagnosis, handler));
	if (message)
		evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_STRONG, false, "the runtime's last words: \"%s\"", message);
	else if (stop->known && stop->fault && stop->has_address)
		evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false,
			     "%s in the handler, accessing 0x%" PRIx64, stop->name, stop->address);
	place_evidence(diagnosis, finding, handler);
}

/* ---- alternate stacks ---- */

static const struct machine *machine_of(const struct analysis *analysis)
{
	const int32_t index = analysis->thread_machine[analysis->dying_thread];

	return index < 0 ? NULL : &analysis->runtime->machines.items[index];
}

/* m.gsignal has the bounds of the stack that the thread had when it met Go, or that its last handler ran on. */
static bool bounds_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct machine *m, uint64_t limit,
			    const char *why)
{
	const uint64_t size = m ? m->gsignal_hi - m->gsignal_lo : 0;

	if (!m || !m->gsignal || m->gsignal_hi <= m->gsignal_lo || size >= limit)
		return false;
	return evidence_word(diagnosis, finding, WEIGHT_STRONG, false, m->gsignal, NULL,
			     "M%" PRId64 "'s stack for signals (m.gsignal) has %" PRIu64 " bytes, from 0x%" PRIx64 " to 0x%" PRIx64
			     ": %s", m->id, size, m->gsignal_lo, m->gsignal_hi, why);
}

static struct finding *add_small(struct diagnosis *diagnosis, const char *title)
{
	struct analysis *analysis = diagnosis->analysis;
	struct finding *finding = finding_add(diagnosis, &detector_signal_stack);

	finding->thread = analysis->dying_thread;
	finding->goroutine = analysis->fault.goroutine;
	finding->title = arena_printf(diagnosis->arena, title, analysis->image->threads.items[finding->thread].id);
	return finding;
}

/* The signal was for an access that Go makes a panic of. */
static void lost_evidence(struct diagnosis *diagnosis, struct finding *finding, uint64_t address)
{
	struct analysis *analysis = diagnosis->analysis;
	const char *function = go_func_name(go_pc(analysis->runtime, analysis->fault.pc, true));
	struct evidence *evidence;

	finding->function = function;
	finding->title = arena_printf(diagnosis->arena, "%s accessed 0x%" PRIx64 ", and %s", function, address, finding->title);
	evidence = evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, WEIGHT_FAIR, false,
				"the instruction at 0x%" PRIx64 " accesses 0x%" PRIx64 ", which is mapped nowhere: of that Go makes a panic, "
				"if it is told of it", analysis->fault.pc, address);
	evidence->address = analysis->fault.pc;
}

/* The frame of a signal could not be written: the kernel ends the process by a SIGSEGV that no instruction raised. */
static void report_no_frame(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;
	struct finding *finding;
	struct stack stack = {0};
	uint64_t needed = 0, address;
	bool lost;

	if (!fault->known || fault->siginfo || fault->number != SIGNAL_SEGV || fault->code != SIGNAL_CODE_KERNEL ||
	    !fault_is_harmless(analysis))
		return;
	lost = fault_lost_address(analysis, &address);
	if (lost && !go_pc(analysis->runtime, fault->pc, true)->func) /* C would have died of it anyway */
		return;
	finding = add_small(diagnosis, "the kernel could not give thread %" PRId64 " a signal: its alternate stack for signals is too "
			    "small for the CPU's registers, or may not be written");
	if (lost)
		lost_evidence(diagnosis, finding, address);
	evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false,
		     "SIGSEGV, by the kernel and without an address, at pc 0x%" PRIx64 ", where no instruction can raise it: so the "
		     "kernel ends a process to which it cannot deliver a signal", fault->pc)->address = fault->pc;
	if (image_auxv(analysis->image, AT_MINSIGSTKSZ, &needed))
		bounds_evidence(diagnosis, finding, machine_of(analysis), needed,
				arena_printf(diagnosis->arena, "the frame of a signal takes up to %" PRIu64
					     " on this CPU (AT_MINSIGSTKSZ)", needed));
	thread_stack(analysis, (size_t)analysis->dying_thread, &stack);
	if (stack.end == END_COMPLETE || stack.end == END_STACK_SWITCH)
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
			     "its stack is sound: each frame fits the next");
}

/* Go's handler asked for more stack, which only goroutines can have (runtime.badmorestackgsignal). */
static void report_no_room(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct machine *m = machine_of(analysis);
	struct stack stack = {0};
	struct finding *finding;
	const struct frame *frames;

	thread_stack(analysis, (size_t)analysis->dying_thread, &stack);
	frames = stack.frames.items;
	if (!m || stack.frames.count < 2 || frames[1].info->role != ROLE_MORESTACK || frames[0].info->role != ROLE_ABORT ||
	    frames[0].sp < m->gsignal_lo || frames[0].sp >= m->gsignal_hi)
		return;
	finding = add_small(diagnosis, "the alternate stack of thread %" PRId64 " for signals is too small for Go's signal handler");
	evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false,
		     "%s in runtime.abort, by which the runtime ends the process when its handler has no room left (\"morestack on "
		     "gsignal\")", analysis->fault.known ? analysis->fault.name : "the end");
	bounds_evidence(diagnosis, finding, m, GO_STACK, "one that Go's runtime makes has 32,768");
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
		     "runtime.morestack called it, at SP 0x%" PRIx64 ", on that stack", frames[0].sp);
}

static void run(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	struct handler handler;

	if (analysis->image->os != OS_LINUX || analysis->dying_thread < 0)
		return;
	if (find_handler(analysis, &handler)) {
		report_handler(diagnosis, &handler);
		return;
	}
	report_no_frame(diagnosis);
	report_no_room(diagnosis);
}

static const char *const supersedes[] = {
	"go-fatal", "unknown-fault", "cgo-fault", "external-signal", "unwinder-crash", "bit-flip", "torn-return", "torn-pc",
	"smashed-return", "bp-chain", "sp-out-of-bounds", NULL,
};

const struct detector detector_signal_stack = {
	.id = "signal-stack",
	.title = "C code made signals run on a stack that cannot bear them",
	.explanation = "A signal's handler needs a stack. Go gives each of its threads one of 32 KiB for that, and sets its handlers up "
		       "with SA_ONSTACK, since the stack of a goroutine is small and others lie beside it. C code breaks that by a "
		       "handler without SA_ONSTACK, which then runs on the stack of whatever goroutine was interrupted and writes over "
		       "its neighbours; or by sigaltstack with a stack that is smaller than what the registers of this CPU take, so that "
		       "the kernel cannot deliver any signal, or than what Go's handler needs. Evidence: where the signal's frame lies; "
		       "SIGSEGV with SI_KERNEL at an instruction that cannot raise it; the bounds of m.gsignal against AT_MINSIGSTKSZ; "
		       "the runtime's words.\n"
		       "What to do: find the C code that calls sigaction or sigaltstack (crash reporters, profilers, language runtimes), "
		       "set SA_ONSTACK, and give it 64 KiB and more.",
	.rank = 115,
	.supersedes = supersedes,
	.run = run,
};
