/* generated_code.c: the runtime walked a stack on which code lies that the process made itself (a compiler of queries, templates,
 * WebAssembly), and of which the runtime has no tables: it gives up, or faults, as of a damaged stack (runtime/traceback.go
 * unwinder.next). Nothing is damaged. */
#include "heuristics/damage/generated_code.h"

#include "formats/unwind/libraries.h"
#include "heuristics/detector.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

extern const struct detector detector_generated_code;

/* "runtime: g 1: unexpected return pc for main.f called from 0x…", "runtime: g 1: unknown pc 0x…"; of several the first. */
static bool named_pc(const struct go_runtime *runtime, uint64_t *ret, const char **line)
{
	static const char *const before[] = {" called from 0x", ": unknown pc 0x"};

	for (size_t i = 0; i < runtime->fatal_lines.count; i++)
		for (size_t k = 0; k < sizeof before / sizeof *before; k++) {
			const char *at = strstr(runtime->fatal_lines.items[i], before[k]);

			if (at && sscanf(at + strlen(before[k]), "%" SCNx64, ret) == 1) {
				*line = runtime->fatal_lines.items[i];
				return true;
			}
		}
	return false;
}

bool generated_code_stopped(const struct walk_crash *crash, struct stack *stack, size_t *frame)
{
	struct analysis *analysis = crash->analysis;
	const char *line;
	uint64_t pc;

	if (crash->victim < 0 || crash->by_frame_pointers || !walk_crash_is_sure(crash) || is_torn(analysis, crash->victim))
		return false;
	goroutine_stack(analysis, (size_t)crash->victim, stack);
	*frame = generated_frame(analysis->image, stack);
	if (*frame == SIZE_MAX)
		return false;
	return !named_pc(analysis->runtime, &pc, &line) || pc == stack->frames.items[*frame].pc;
}

static void code_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stack *stack, size_t at)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct frame *frame = &stack->frames.items[at];
	const char *place = libraries_module(analysis->image->libraries, frame->pc - !frame->exact);
	const char *callee = at && stack->frames.items[at - 1].info->func ? go_func_name(stack->frames.items[at - 1].info) : NULL;
	const char *line;
	uint64_t pc;

	if (frame->slot)
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false, frame->slot, NULL,
			      "%s%s leads into code of %s: it may be executed, and belongs to no file and to no module that "
			      "the runtime knows", callee ? "the return address of " : "the pc that was saved", callee ? callee : "", place);
	if (named_pc(analysis->runtime, &pc, &line))
		evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_STRONG, false,
			     "the runtime names that very address: \"%s\"", line);
}

/* What is behind the code: a stack that goes on is sound. */
static void beyond_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stack *stack, size_t at)
{
	if (stack->end == END_COMPLETE && at + 1 < stack->frames.count)
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
			     "by the record of its frame pointer that code was called by %s, and from there the stack leads to the "
			     "goroutine's entry: it is whole", go_func_name(stack->frames.items[at + 1].info));
	else
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, true,
			     "the stack cannot be followed beyond that code, so that damage there is not ruled out");
}

static void run(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	struct walk_crash crash;
	struct finding *finding;
	struct stack stack = {0};
	const struct frame *caller;
	uint64_t id;
	size_t at;

	if (!walk_crash_find(analysis, &crash) || !generated_code_stopped(&crash, &stack, &at))
		return;
	id = analysis->runtime->goroutines.items[crash.victim].id;
	caller = at + 1 < stack.frames.count && stack.frames.items[at + 1].info->func ? &stack.frames.items[at + 1] : NULL;
	finding = finding_add(diagnosis, &detector_generated_code);
	finding->thread = analysis->dying_thread;
	finding->goroutine = crash.victim;
	finding->frame = (int64_t)at;
	finding->has_pc = true;
	finding->pc = stack.frames.items[at].pc;
	finding->function = caller ? go_func_name(caller->info) : NULL;
	finding->title = arena_printf(diagnosis->arena, "the runtime cannot walk through generated code%s%s, and met it on the stack of "
				      "goroutine %" PRIu64, caller ? " that was called by " : "", caller ? finding->function : "", id);
	walk_crash_evidence(diagnosis, finding, &crash);
	code_evidence(diagnosis, finding, &stack, at);
	beyond_evidence(diagnosis, finding, &stack, at);
}

static const char *const supersedes[] = {"go-fatal", "unknown-fault", "go-panic", "nil-deref", NULL};

const struct detector detector_generated_code = {
	.id = "generated-code",
	.title = "the runtime met code that the process had made itself",
	.explanation =
		"A compiler inside of the process (of queries, templates, WebAssembly) made machine code, which called Go. The "
		"runtime has no tables of such code, so it cannot walk a stack on which it lies; but it has to: the garbage collector looks "
		"for pointers, a stack that grows is copied, a panic looks for deferred functions. It gives up (\"unknown caller pc\") or "
		"faults in its unwinder, as if the stack were damaged. Evidence: the fatal text or the fault, the return address that leads "
		"into executable memory which belongs to no file and no module, the frames beyond it, by its frame pointer.\n"
		"What to do: such code must return before Go is called (as wazero does), or be registered with the runtime as a module "
		"with tables; else Go that it calls must neither block, nor allocate, nor need more stack, nor panic.",
	.rank = 65,
	.supersedes = supersedes,
	.run = run,
};
