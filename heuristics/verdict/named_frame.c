/* named_frame.c: see named_frame.h. */
#include "heuristics/verdict/named_frame.h"

#include "analyzer/unwind/damage.h"
#include "heuristics/ends/ordinary_ends.h"

#include <inttypes.h>
#include <string.h>

static const char *function_text(struct diagnosis *diagnosis, const struct stack *stack, size_t index)
{
	struct frame_line lines[INLINE_LIMIT];
	const size_t count = frame_lines(diagnosis->analysis->image, stack, index, lines);

	return lines[count - 1].function ? lines[count - 1].function : "a function";
}

/* Whether the finding names that frame, by its pc or a function that stands there. */
static bool is_named(struct diagnosis *diagnosis, const struct finding *finding, const struct stack *stack, size_t index)
{
	const struct frame *frame = &stack->frames.items[index];
	struct frame_line lines[INLINE_LIMIT];
	size_t count;

	if (finding->has_pc)
		return frame->pc == finding->pc;
	count = frame_lines(diagnosis->analysis->image, stack, index, lines);
	while (count && !(lines[count - 1].function && !strcmp(lines[count - 1].function, finding->function)))
		count--;
	return count;
}

/* How many frames have to have called one another: up to the first one of the program that is not below the named one, of a stack that
 * overflowed all that are kept below those that are not. 0: none is named. */
static size_t depended_on(struct diagnosis *diagnosis, const struct finding *finding, const struct stack *stack)
{
	size_t named = 0, program;

	while (named < stack->frames.count && !is_named(diagnosis, finding, stack, named))
		named++;
	if (named == stack->frames.count)
		return 0;
	if (stack->elided && named < stack->elided_at)
		return stack->elided_at - 1;
	program = first_program_frame(stack, named);
	return program == SIZE_MAX ? stack->frames.count : program + 1;
}

/* The first frame that the one behind it cannot have called: its pc may be another's. As many as there are: none. */
static size_t first_misfit(struct diagnosis *diagnosis, const struct stack *stack, size_t depended)
{
	size_t index = 0;

	while (index < depended && !damage_contradicts_call(diagnosis->analysis, stack, index))
		index++;
	return index;
}

static bool doubt_on(struct diagnosis *diagnosis, struct finding *finding, const struct stack *stack)
{
	const size_t depended = depended_on(diagnosis, finding, stack), misfit = first_misfit(diagnosis, stack, depended);

	if (misfit < depended)
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, true,
			     "what lies behind %s on the stack is not what called it: the return address 0x%" PRIx64 ", which names it, may be another's",
			     function_text(diagnosis, stack, misfit), stack->frames.items[misfit].pc);
	else if (depended && (stack->end == END_DAMAGED || stack->end == END_UNMAPPED))
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, true,
			     "behind %s the stack leads nowhere: a return address on it may be another's, and with it the function that is named",
			     function_text(diagnosis, stack, stack->frames.count - 1));
	else
		return false;
	return true;
}

static bool is_of_damage(const struct finding *finding)
{
	return finding->damage || finding->tear || finding->outparam;
}

void named_frames_doubt(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;

	if (analysis->runtime->recorded)
		return;
	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		struct finding *finding = &diagnosis->findings.items[i];
		struct stack stack = {0};

		if (!finding->function || is_of_damage(finding))
			continue;
		if (finding->thread >= 0)
			thread_stack(analysis, (size_t)finding->thread, &stack);
		if (doubt_on(diagnosis, finding, &stack) || finding->goroutine < 0)
			continue;
		goroutine_stack(analysis, (size_t)finding->goroutine, &stack);
		doubt_on(diagnosis, finding, &stack);
	}
}
