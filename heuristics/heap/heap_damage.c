/* heap_damage.c: the garbage collector or the allocator met something that cannot be: it threw, or one of its own functions ran
 * into a fault or beyond a list of its own. The goroutine that this happened to did nothing wrong: whoever damaged the heap
 * wrote there before. */
#include "heuristics/damage/walker.h"
#include "heuristics/ends/ordinary_ends.h"
#include "heuristics/faults/memory_access.h"
#include "heuristics/heap/part.h"
#include "heuristics/heap/word.h"

#include <inttypes.h>
#include <string.h>

extern const struct detector detector_heap_damage;

enum { FIRST_PAGE = 0x1000 };

struct crash {
	struct analysis *analysis;
	enum heap_part part;
	bool faulted;         /* by a fault of the CPU; else by a throw */
	struct stack stack;   /* the one that holds the function of the heap's */
	size_t frame;         /* index of its frame; meaningful if function */
	const char *function; /* that met it; NULL: not on the stack */
};

/* Whether the function was called to allocate: a nil pointer there need not be the heap's (a thread that has no m or no p). */
static bool is_allocating(const struct stack *stack, size_t from)
{
	for (size_t i = from; i < stack->frames.count; i++)
		if (stack->frames.items[i].info->func &&
		    !strncmp(go_func_name(stack->frames.items[i].info), "runtime.mallocgc", 16))
			return true;
	return false;
}

static size_t faulting_frame(const struct stack *stack, uint64_t pc)
{
	size_t frame = 0;

	while (frame < stack->frames.count && stack->frames.items[frame].pc != pc)
		frame++;
	return frame;
}

/* The frame that raised the error, on the stack of the thread that died or on that of its goroutine. */
static bool locate(struct analysis *analysis, bool faulted, struct stack *stack, size_t *frame)
{
	const int32_t goroutine = analysis->thread_goroutine[analysis->dying_thread];

	if (!faulted) {
		*frame = thrower_find(analysis, stack);
		return *frame != SIZE_MAX;
	}
	thread_stack(analysis, (size_t)analysis->dying_thread, stack);
	*frame = faulting_frame(stack, analysis->fault.pc);
	if (*frame < stack->frames.count || goroutine < 0)
		return *frame < stack->frames.count;
	goroutine_stack(analysis, (size_t)goroutine, stack);
	*frame = faulting_frame(stack, analysis->fault.pc);
	return *frame < stack->frames.count;
}

/* A mapped file that ends, a trap or an instruction that the CPU lacks are no damage. */
static bool is_memory_fault(const struct analysis *analysis)
{
	const struct fault *fault = &analysis->fault;

	return fault->known && fault->has_pc && fault->thread == analysis->dying_thread &&
	       (!strcmp(fault->name, "SIGSEGV") || !strcmp(fault->name, "EXCEPTION_ACCESS_VIOLATION"));
}

static bool was_write(struct analysis *analysis)
{
	struct memory_access access;

	return memory_access_at(analysis, analysis->fault.pc, &access) && access.store;
}

static bool examine(struct analysis *analysis, struct crash *crash)
{
	const enum heap_part said = heap_part_of_line(analysis->messages.line);
	enum heap_part met = PART_NONE;

	*crash = (struct crash){.analysis = analysis, .part = said};
	if (analysis->dying_thread < 0)
		return false;
	crash->faulted = (said == PART_NONE || said == PART_BY_FUNCTION) && is_memory_fault(analysis);
	if (said == PART_NONE && !crash->faulted)
		return false;
	if (locate(analysis, crash->faulted, &crash->stack, &crash->frame))
		met = heap_part_on_stack(analysis, &crash->stack, crash->faulted && was_write(analysis), &crash->frame,
					 &crash->function);
	if (met == PART_NONE)
		crash->function = NULL;
	if (crash->faulted && analysis->fault.has_address && analysis->fault.address < FIRST_PAGE &&
	    is_allocating(&crash->stack, crash->frame))
		return false;
	if (said == PART_NONE || said == PART_BY_FUNCTION)
		crash->part = met;
	return crash->part != PART_NONE;
}

static void death_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct crash *crash)
{
	const struct fault *fault = &crash->analysis->fault;
	struct evidence *evidence;

	if (!crash->faulted) {
		evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_STRONG, false,
			     "the runtime found its own heap damaged: \"%s\"", crash->analysis->messages.line);
		return;
	}
	evidence = evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false, "%s at pc 0x%" PRIx64 " in %s%s%s",
				fault->name, fault->pc, crash->function, fault->has_address ? ", accessing " : "",
				fault->has_address ? hex_text(diagnosis->arena, fault->address) : "");
	evidence->address = fault->pc;
}

/* Who was at work: functions that the collector and the allocator begin with. */
static const struct {
	const char *function, *who;
} workers[] = {
#define HEAP_WORKER(function, who) {function, who},
#include "heuristics/heap/workers.def"
#undef HEAP_WORKER
};

static const char *worker(const struct stack *stack, size_t from)
{
	for (size_t i = from; i < stack->frames.count; i++)
		for (size_t j = 0; stack->frames.items[i].info->func && j < sizeof workers / sizeof *workers; j++)
			if (!strncmp(go_func_name(stack->frames.items[i].info), workers[j].function, strlen(workers[j].function)))
				return workers[j].who;
	return "the runtime";
}

static void stack_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct crash *crash)
{
	struct analysis *analysis = crash->analysis;

	if (!crash->function)
		return;
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
		     "the stack of %s is in %s: %s at work, and no line of the program's own",
		     dead_thread_text(analysis, finding->thread), crash->function,
		     worker(&crash->stack, crash->frame));
}

static void state_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	const struct go_runtime *runtime = diagnosis->analysis->runtime;
	const int32_t index = diagnosis->analysis->thread_machine[finding->thread];
	const struct machine *m = index >= 0 ? &runtime->machines.items[index] : NULL;

	if (m && m->dying > 0 && runtime->layout)
		evidence_word(diagnosis, finding, WEIGHT_FAIR, false, m->address + runtime->layout->offset[LAYOUT_m_dying], NULL,
			      "M%" PRId64 " of that thread is marked dying (m.dying %" PRId32 ")", m->id, m->dying);
}

/* Where it was, for who looks at the code: the function of the heap's. */
static void point_at_function(struct finding *finding, const struct crash *crash)
{
	const struct fault *fault = &crash->analysis->fault;

	finding->function = crash->function;
	finding->has_pc = crash->function != NULL;
	finding->pc = crash->faulted ? fault->pc : crash->function ? crash->stack.frames.items[crash->frame].pc : 0;
}

static void run(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	struct finding *finding;
	struct crash crash;
	size_t walker;

	if (!examine(analysis, &crash))
		return;
	walker = walker_find(&crash.stack);
	finding = finding_add(diagnosis, &detector_heap_damage);
	finding->thread = analysis->dying_thread;
	finding->goroutine = analysis->thread_goroutine[analysis->dying_thread];
	if (walker != SIZE_MAX) /* it looked at a stack: whose, other findings may know more of */
		finding->goroutine = walked_goroutine(analysis, &crash.stack, walker);
	finding->title = arena_printf(diagnosis->arena, "the Go heap is damaged: %s%s%s", heap_part_text(crash.part)->what,
				      crash.function ? ", as met by " : "", crash.function ? crash.function : "");
	finding->heap_part = heap_part_text(crash.part);
	point_at_function(finding, &crash);
	death_evidence(diagnosis, finding, &crash);
	stack_evidence(diagnosis, finding, &crash);
	state_evidence(diagnosis, finding);
	heap_word_evidence(diagnosis, finding, crash.faulted);
}

static const char *const supersedes[] = {"go-fatal", "unknown-fault", "nil-deref", "go-panic", "bad-pointer", "torn-value", NULL};

const struct detector detector_heap_damage = {
	.id = "heap-damage",
	.title = "the garbage collector or the allocator found the heap damaged",
	.explanation =
		"The runtime keeps the heap in lists, bitmaps and records of its own and goes through all of them with every garbage "
		"collection; other lists of its own, as that of the timers, lie in the heap, too. Here it met something there that "
		"cannot be, and threw; or one of its own functions ran into a memory fault or beyond the end of a list. The line of the program that was running has nothing to do with it: the damage was "
		"done before. Evidence: the message or the fault, the collector's or allocator's function on the stack, the word that "
		"is wrong, what it looks like, and who else holds its address.\n"
		"What to do: look for who writes where it may not: C code that keeps an address of Go's memory, package unsafe, "
		"assembly, data races; then for a known bug of that release, then at the memory of the machine.",
	.corruption = true,
	.rank = 55,
	.supersedes = supersedes,
	.run = run,
};
