/* out_of_memory.c: the runtime got no memory from the system, or could not make what was asked for of what it had, and threw
 * (out_of_memory_texts.def). A process that the kernel kills for memory leaves no dump. */
#include "base/size.h"
#include "heuristics/ends/heap_in_use.h"
#include "heuristics/ends/large_request.h"
#include "heuristics/ends/recorded_end.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

extern const struct detector detector_out_of_memory;

static const struct {
	const char *text, *what;
} texts[] = {
#define OUT_OF_MEMORY_TEXT(text, what) {text, what},
#include "heuristics/ends/out_of_memory_texts.def"
#undef OUT_OF_MEMORY_TEXT
};

static const char *const allocators[] = {
#define ALLOCATOR(name) name,
#include "heuristics/ends/allocators.def"
#undef ALLOCATOR
};

static bool is_allocator(const char *function)
{
	for (size_t i = 0; function && i < sizeof allocators / sizeof *allocators; i++)
		if (!strcmp(function, allocators[i]))
			return true;
	return false;
}

/* The innermost allocator that called throw; NULL: none did. */
static const char *allocator_that_threw(struct analysis *analysis, const struct stack *stack)
{
	struct frame_line lines[INLINE_LIMIT];

	for (size_t i = find_role(stack, ROLE_THROW); i < stack->frames.count; i++) {
		size_t count = frame_lines(analysis->image, stack, i, lines);

		for (size_t j = 0; j < count; j++)
			if (is_allocator(lines[j].function))
				return lines[j].function;
	}
	return NULL;
}

/* It is on the thread's own stack, or on the goroutine's. */
static void throw_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	struct analysis *analysis = diagnosis->analysis;
	struct stack stack = {0};
	const char *allocator;

	thread_stack(analysis, (size_t)finding->thread, &stack);
	allocator = allocator_that_threw(analysis, &stack);
	if (!allocator && finding->goroutine >= 0) {
		goroutine_stack(analysis, (size_t)finding->goroutine, &stack);
		allocator = allocator_that_threw(analysis, &stack);
	}
	if (allocator)
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
			     "on %s runtime.throw was reached from %s, which allocates memory",
			     thread_text(analysis, finding->thread), allocator);
}

/* Whoever allocates marks the M (m.mallocing), and so does whoever brings the process down (m.dying, startpanic_m). */
static void machine_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	const struct go_runtime *runtime = diagnosis->analysis->runtime;
	const int32_t index = diagnosis->analysis->thread_machine[finding->thread];
	const struct machine *m = index >= 0 ? &runtime->machines.items[index] : NULL;

	if (runtime->recorded)
		recorded_state_evidence(diagnosis, finding);
	if (m && m->dying > 0)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_STRONG, false,
			     "M%" PRId64 " of that thread is marked dying (m.dying %" PRId32 ", m.mallocing %" PRId32 ")", m->id,
			     m->dying, m->mallocing);
}

/* How much the program asked for at once. */
static void asked_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct large_request *request)
{
	const char *size = size_text(diagnosis->arena, request->size);
	const char *more = large_request_exceeds(diagnosis->analysis, request) ? ", more than all writable memory that was mapped" : "";

	if (request->slot)
		evidence_word(diagnosis, finding, WEIGHT_FAIR, false, request->slot, NULL, "%s was asked for %s at once%s", request->function, size,
			      more);
	else
		evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_FAIR, false, "%s was asked for %s at once", request->function, size);
}

/* How much was asked for when the system refused, as far as the runtime said. */
static void request_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	const struct go_runtime *runtime = diagnosis->analysis->runtime;
	uint64_t asked, used;
	uint32_t error;

	for (size_t i = 0; i < runtime->fatal_lines.count; i++) {
		const char *line = runtime->fatal_lines.items[i];

		if (refused_line(line, &asked, &used))
			evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_FAIR, false,
				     "%s were asked of the system, and by the runtime's own count %s of heap were in use: %s",
				     size_text(diagnosis->arena, asked), size_text(diagnosis->arena, used),
				     asked > used ? "that one request was larger than the whole heap" : "the heap had grown to it");
		if (sscanf(line, "runtime: VirtualAlloc of %" SCNu64 " bytes failed with errno=%" SCNu32, &asked, &error) == 2)
			evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_FAIR, false,
				     "VirtualAlloc was asked for %s and failed with error %" PRIu32, size_text(diagnosis->arena, asked),
				     error);
	}
}

static void run(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	const char *line = analysis->messages.line;
	const char *text = go_fatal_text(line);
	struct large_request request;
	struct finding *finding;
	struct stack stack = {0};
	const char *what;
	size_t kind = 0;

	if (!text)
		return;
	while (kind < sizeof texts / sizeof *texts && strcmp(text, texts[kind].text) != 0)
		kind++;
	if (kind == sizeof texts / sizeof *texts)
		return;
	finding = finding_add(diagnosis, &detector_out_of_memory);
	finding->thread = analysis->dying_thread;
	finding->goroutine = analysis->thread_goroutine[finding->thread];
	evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_STRONG, false, "the runtime's last words: \"%s\"", line);
	what = texts[kind].what;
	if (large_request_find(analysis, finding->goroutine, &request)) {
		asked_evidence(diagnosis, finding, &request);
		what = arena_printf(diagnosis->arena, "an object of %s", size_text(diagnosis->arena, request.size));
	}
	request_evidence(diagnosis, finding);
	throw_evidence(diagnosis, finding);
	machine_evidence(diagnosis, finding);
	if (!analysis->image->record)
		heap_evidence(diagnosis, finding);
	if (finding->goroutine >= 0) {
		goroutine_stack(analysis, (size_t)finding->goroutine, &stack);
		point_at(analysis, finding, &stack, first_program_frame(&stack, 0));
	}
	finding->title = arena_printf(diagnosis->arena, "the Go runtime got no memory for %s%s%s", what,
				      finding->function ? ", asked for by " : "", finding->function ? finding->function : "");
}

static const char *const supersedes[] = {"go-fatal", "unknown-fault", NULL};

const struct detector detector_out_of_memory = {
	.id = "out-of-memory",
	.title = "the Go runtime got no memory",
	.explanation = "The runtime asked the system for memory and was refused, or could not fit what was asked for, and ended the "
		       "process; recover cannot stop that. Evidence: its message; the allocator on the stack of the thread that "
		       "died; what it was asked for; how much memory the process had mapped, by the dump's own list, and which goroutines had the largest "
		       "share of stacks. The goroutine that met the end need not be the one that uses the memory. A process that "
		       "the kernel kills for memory gets no chance to leave a dump; a slice that is too large (makeslice: len out of "
		       "range) is a panic.\n"
		       "What to do: compare what was mapped with the limit of the process (ulimit -v, container, job), and take heap "
		       "profiles of the running service to see what grows.",
	.rank = 46,
	.supersedes = supersedes,
	.run = run,
};
