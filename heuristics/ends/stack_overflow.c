/* stack_overflow.c: a stack that was full. Of a goroutine: runtime.morestack asks newstack for one twice as large, which throws
 * where that would exceed the limit (runtime/stack.go newstack, Go 1.26; debug.SetMaxStack). Of a thread's own stack, which
 * does not grow: the runtime throws (badmorestackg0), or C runs into the guard page below it. */
#include "heuristics/ends/ordinary_ends.h"
#include "heuristics/ends/recursion_evidence.h"

#include "analyzer/unwind/unwind.h"
#include "golang/recorded.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

extern const struct detector detector_stack_overflow;

enum {
	GUARD_MOST = 8 << 10, /* stackGuard and stackSystem of any release and system, rounded up */
	GAP_MOST = 1 << 20,   /* what the kernel leaves unmapped below a stack (stack_guard_gap, 256 pages) */
	REACH = 64 << 10,     /* from SP to what an instruction of C touches; gcc probes larger frames page by page */
	PAGE = 4096, PAGE_BEGIN = 64,
	SI_ADDR = 16,         /* siginfo_t, asm-generic/siginfo.h, 64 bit */
};

/* What the runtime says when a stack is full. */
static const struct {
	const char *line, *what;
	bool limit; /* a goroutine's stack reached the limit; else one that may not grow was full */
} texts[] = {
	{"fatal error: stack overflow", "its stack reached the limit", true},
	{"fatal error: runtime: split stack overflow", "it ran over the end of its stack before it asked for more", false},
	{"fatal error: morestack on g0", "the system stack of its thread, which cannot grow, was full", false},
};

/* "runtime: goroutine stack exceeds 1000000000-byte limit"; 0: not said. */
static uint64_t limit_said(const struct go_runtime *runtime)
{
	uint64_t limit = 0;

	for (size_t i = 0; i < runtime->fatal_lines.count; i++)
		if (sscanf(runtime->fatal_lines.items[i], "runtime: goroutine stack exceeds %" SCNu64 "-byte limit", &limit) == 1)
			return limit;
	return 0;
}

/* Twice the stack, or what the function that asked needs, is more than the limit: else newstack had no reason to throw. */
static void limit_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct goroutine *g, uint64_t needed)
{
	const uint64_t size = g->stack_hi - g->stack_lo;
	const uint64_t limit = limit_said(diagnosis->analysis->runtime);
	const bool exceeds = size * 2 > limit || needed > limit / 2;

	if (limit)
		evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, exceeds ? WEIGHT_FAIR : WEIGHT_STRONG, !exceeds,
			     "the limit was %" PRIu64 " bytes; the stack of goroutine %" PRIu64 ", 0x%" PRIx64 " to 0x%" PRIx64
			     ", has %" PRIu64 ", and the runtime doubles one that is full: %s", limit, g->id, g->stack_lo,
			     g->stack_hi, size, exceeds ? "that would exceed it" : "that would not exceed it");
	else
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false,
			     "the stack of goroutine %" PRIu64 ", 0x%" PRIx64 " to 0x%" PRIx64 ", has %" PRIu64 " bytes", g->id,
			     g->stack_lo, g->stack_hi, size);
}

/* Where morestack noted SP, the function that asked has no room (its prologue compares SP - frame with g.stackguard0). */
static void room_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct goroutine *g, uint64_t needed)
{
	const struct go_runtime *runtime = diagnosis->analysis->runtime;
	const uint64_t room = g->sched_sp - g->stack_lo;
	const bool full = g->sched_sp > g->stack_lo && g->sched_sp < g->stack_hi && room < needed + GUARD_MOST;

	if (runtime->layout)
		evidence_word(diagnosis, finding, WEIGHT_STRONG, !full,
			      g->address + (uint64_t)runtime->layout->offset[LAYOUT_g_sched_sp], NULL,
			      "g.sched.sp, where goroutine %" PRIu64 " asked for more stack: it is %" PRIu64
			      " bytes above the stack's lower end, and the function that asked needs %" PRIu64 " beside the "
			      "guard: %s", g->id, room, needed, full ? "no room was left" : "there was room");
}

/* Of a log: where the runtime said that SP was on that stack. */
static void recorded_room_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	const struct log_record *record = diagnosis->analysis->runtime->recorded->record;
	const uint64_t size = record->stack_hi - record->stack_lo, room = record->full_sp - record->stack_lo;
	const bool full = record->full_sp > record->stack_lo && room < GUARD_MOST && size > record->limit_said / 2 - GUARD_MOST;

	if (record->full_sp && record->limit_said && record->limit_said / 2 > GUARD_MOST)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, full ? WEIGHT_STRONG : WEIGHT_FAIR, false,
			     "the runtime said that SP was 0x%" PRIx64 " on a stack of %" PRIu64 " bytes from 0x%" PRIx64
			     " on, whose limit is %" PRIu64 ": %" PRIu64 " bytes were left", record->full_sp, size, record->stack_lo,
			     record->limit_said, room);
}

/* The frames of the thread that died: newstack, which morestack called, threw. */
static void throw_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	struct analysis *analysis = diagnosis->analysis;
	struct stack stack = {0};
	size_t threw, asked;

	thread_stack(analysis, (size_t)finding->thread, &stack);
	threw = find_role(&stack, ROLE_THROW);
	asked = find_role(&stack, ROLE_NEWSTACK);
	if (threw == SIZE_MAX || asked == SIZE_MAX || asked < threw || asked + 1 >= stack.frames.count)
		return;
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND,
		     stack.frames.items[asked + 1].info->role == ROLE_MORESTACK ? WEIGHT_STRONG : WEIGHT_FAIR, false,
		     "on %s runtime.newstack, called by %s, threw",
		     thread_text(analysis, finding->thread), go_func_name(stack.frames.items[asked + 1].info));
}

/* The frame that the function which asked for more stack needs. */
static uint64_t needed_by(struct go_runtime *runtime, uint64_t pc)
{
	const struct pc_info *info = go_pc(runtime, pc, true);

	return info->func ? (uint64_t)func_frame_size(&info->module->pclntab, info->func) : 0;
}

/* What fills the stack, and the frame to look at: the innermost of it that is the program's own. */
static void fill_evidence(struct diagnosis *diagnosis, struct finding *finding, const char *what)
{
	const struct goroutine *g = &diagnosis->analysis->runtime->goroutines.items[finding->goroutine];
	struct stack stack = {0};
	const char *cycle;
	size_t inner;

	goroutine_stack(diagnosis->analysis, (size_t)finding->goroutine, &stack);
	cycle = recursion_evidence(diagnosis, finding, &stack, &inner);
	point_at(diagnosis->analysis, finding, &stack, first_program_frame(&stack, inner));
	finding->title = cycle ? arena_printf(diagnosis->arena, "goroutine %" PRIu64 " filled its stack by recursion: %s", g->id,
					      cycle)
			       : arena_printf(diagnosis->arena, "goroutine %" PRIu64 ": %s", g->id, what);
}

static void run_go(struct diagnosis *diagnosis, size_t kind)
{
	struct analysis *analysis = diagnosis->analysis;
	struct finding *finding = finding_add(diagnosis, &detector_stack_overflow);
	const struct goroutine *g;

	finding->thread = analysis->dying_thread;
	finding->goroutine = analysis->thread_goroutine[finding->thread];
	finding->title = arena_printf(diagnosis->arena, "a goroutine: %s", texts[kind].what);
	evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_STRONG, false, "the runtime's last words: \"%s\"",
		     analysis->messages.line);
	throw_evidence(diagnosis, finding);
	if (finding->goroutine < 0)
		return;
	g = &analysis->runtime->goroutines.items[finding->goroutine];
	if (analysis->runtime->recorded) {
		recorded_room_evidence(diagnosis, finding);
	} else if (texts[kind].limit) {
		uint64_t needed = needed_by(analysis->runtime, g->sched_pc);

		limit_evidence(diagnosis, finding, g, needed);
		room_evidence(diagnosis, finding, g, needed);
	}
	fill_evidence(diagnosis, finding, texts[kind].what);
}

static bool is_writable(const struct segment *segment)
{
	return segment && (segment->flags & SEGMENT_WRITE);
}

/* The writable memory just above an address that is in none; NULL: none is near. */
static const struct segment *memory_above(struct image *image, uint64_t address)
{
	if (is_writable(image_segment(image, address)))
		return NULL;
	for (size_t i = 0; i < image->segments.count; i++) {
		const struct segment *segment = &image->segments.items[i];

		if (segment->address > address && is_writable(segment))
			return segment->address - address <= GAP_MOST ? segment : NULL;
	}
	return NULL;
}

static bool is_near(uint64_t a, uint64_t b)
{
	return (a > b ? a - b : b - a) <= REACH;
}

/* The thread's own stack, which holds the frames of C below the fault; NULL: the fault was no overflow of it. */
static const struct segment *full_stack(struct analysis *analysis, const struct thread_walk *walk, const struct stack *stack)
{
	const struct segment *segment = memory_above(analysis->image, analysis->fault.address);
	size_t within = 0;
	size_t stopped = 0;

	if (!segment || !walk->stopped.known || !is_near(walk->stopped.sp, analysis->fault.address))
		return NULL;
	while (stopped < stack->frames.count && stack->frames.items[stopped].pc != walk->stopped.pc)
		stopped++;
	if (stopped == stack->frames.count || stack->frames.items[stopped].info->func)
		return NULL;
	for (size_t i = stopped; i < stack->frames.count; i++)
		within += stack->frames.items[i].sp - segment->address <= segment->size;
	return within + 1 >= stack->frames.count - stopped ? segment : NULL;
}

/* The frames of C that overflowed: those below the handler of the signal. */
static struct stack stopped_part(const struct stack *stack, uint64_t pc)
{
	struct stack part = *stack;
	size_t skip = 0;

	while (skip < part.frames.count && part.frames.items[skip].pc != pc)
		skip++;
	part.frames.items += skip;
	part.frames.count -= skip;
	part.elided_at -= part.elided ? skip : 0;
	return part;
}

static void run_c(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;
	const struct thread_walk *walk;
	const struct segment *segment;
	struct finding *finding;
	struct stack stack = {0};
	const char *cycle;
	size_t inner;
	int64_t id;

	if (!fault->known || !fault->has_address || fault->thread < 0)
		return;
	walk = &analysis->walks[fault->thread];
	thread_stack(analysis, (size_t)fault->thread, &stack);
	segment = full_stack(analysis, walk, &stack);
	if (!segment)
		return;
	id = analysis->image->threads.items[fault->thread].id;
	finding = finding_add(diagnosis, &detector_stack_overflow);
	finding->thread = fault->thread;
	finding->goroutine = fault->goroutine;
	evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false,
		     "%s on thread %" PRId64 ", accessing 0x%" PRIx64 ": %" PRIu64 " bytes below the memory of its stack, which "
		     "starts at 0x%" PRIx64 "; SP was 0x%" PRIx64, fault->name, id, fault->address,
		     segment->address - fault->address, segment->address, walk->stopped.sp);
	if (walk->siginfo)
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false, walk->siginfo + SI_ADDR,
			      hex_text(diagnosis->arena, fault->address), "the address of the fault, as the kernel delivered it");
	else if (fault->decoded)
		evidence_add(diagnosis, finding, EVIDENCE_REGISTER, WEIGHT_STRONG, false,
			     "by the registers that the thread was stopped with, the instruction was to write there: the kernel tells no "
			     "address where it has no room on that stack, nor another one, to call a handler of the signal");
	stack = stopped_part(&stack, walk->stopped.pc);
	cycle = recursion_evidence(diagnosis, finding, &stack, &inner);
	finding->has_pc = fault->has_pc;
	finding->pc = fault->pc;
	finding->title = arena_printf(diagnosis->arena, "C code filled the stack of thread %" PRId64 "%s%s", id,
				      cycle ? ": " : "", cycle ? cycle : "");
}

/* Whether SP stood where no memory is, or just above: whoever runs over the upper end of a stack meets the first bytes of a page,
 * above SP. */
static bool is_below_stack(uint64_t address, uint64_t sp)
{
	const bool upwards = address >= sp && address % PAGE < PAGE_BEGIN;

	return address - (sp - REACH) < REACH + PAGE && !upwards;
}

/* Of a log, which does not show where the stack of the thread ends. */
static void run_recorded_c(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;
	const struct image *image = analysis->image;
	struct finding *finding;
	uint64_t sp;

	if (!fault->known || !fault->has_address || fault->thread < 0 || !analysis->runtime->recorded->record->signal.in_c ||
	    fault->access == ACCESS_EXECUTE || !reg_get(&image->threads.items[fault->thread].registers, image->arch->sp, &sp) ||
	    !is_below_stack(fault->address, sp))
		return;
	finding = finding_add(diagnosis, &detector_stack_overflow);
	finding->thread = fault->thread;
	finding->goroutine = fault->goroutine;
	finding->has_pc = fault->has_pc;
	finding->pc = fault->pc;
	finding->title = "C code filled the stack of its thread";
	evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false,
		     "%s, accessing 0x%" PRIx64 ": the runtime says that it arrived while C, called by cgo, was running", fault->name,
		     fault->address);
	evidence_add(diagnosis, finding, EVIDENCE_REGISTER, WEIGHT_STRONG, false,
		     "%s was 0x%" PRIx64 ", so near to that address: the memory of the stack, which starts a little above it, had come to its end",
		     image->arch->reg_names[image->arch->sp], sp);
}

static void run(struct diagnosis *diagnosis)
{
	const char *line = diagnosis->analysis->messages.line;

	for (size_t i = 0; line && i < sizeof texts / sizeof *texts; i++)
		if (!strcmp(line, texts[i].line)) {
			run_go(diagnosis, i);
			return;
		}
	if (diagnosis->analysis->runtime->recorded)
		run_recorded_c(diagnosis);
	else
		run_c(diagnosis);
}

static const char *const supersedes[] = {"go-fatal", "cgo-fault", "unknown-fault", "go-panic", NULL};

const struct detector detector_stack_overflow = {
	.id = "stack-overflow",
	.title = "a stack was full",
	.explanation = "The stack of a goroutine grows as it needs, up to a limit: 1 GB on 64-bit systems, or what debug.SetMaxStack "
		       "said. A function that calls itself without end reaches it, and the runtime ends the process; recover cannot "
		       "stop that. Stacks of threads, on which C and the runtime itself run, do not grow at all. Evidence: the "
		       "runtime's message; g.sched.sp, at the lower end of the stack; the calls that repeat on it, and how often; "
		       "for C, a fault at an address just below the stack. A deep recursion that has not met the limit is none.\n"
		       "What to do: the functions that repeat are named. Look for what should have ended their recursion: data "
		       "that refers to itself, a String or Error method that formats its own receiver, a missing base case.",
	.rank = 46,
	.supersedes = supersedes,
	.run = run,
};
