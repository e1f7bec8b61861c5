/* named_frame.c: see named_frame.h. */
#include "heuristics/verdict/named_frame.h"

#include "analyzer/unwind/stack.h"

#include <inttypes.h>
#include <string.h>

/* Whether the caller behind a frame is one that it can have; where the stack is switched there is none. */
static bool is_followed(struct analysis *analysis, const struct stack *stack, size_t index)
{
	const struct frame *frame = &stack->frames.items[index], *caller = frame + 1;

	if (index + 1 == stack->frames.count)
		return stack->end != END_DAMAGED && stack->end != END_UNMAPPED;
	return !caller->info->func || caller->sp != frame->fp || frame_follows_call(analysis->runtime, stack, index + 1, frame->info->func);
}

/* The frame of a return address that a finding names. */
static bool is_named(const struct finding *finding, const struct frame *frame)
{
	if (!frame->info->func || frame->exact)
		return false;
	return finding->has_pc ? frame->pc == finding->pc : finding->function && !strcmp(go_func_name(frame->info), finding->function);
}

static bool doubt_on(struct diagnosis *diagnosis, struct finding *finding, const struct stack *stack)
{
	const char *name;
	size_t frame = 1;

	while (frame < stack->frames.count && !is_named(finding, &stack->frames.items[frame]))
		frame++;
	if (frame >= stack->frames.count || is_followed(diagnosis->analysis, stack, frame))
		return false;
	name = go_func_name(stack->frames.items[frame].info);
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, true,
		     "what lies behind %s on the stack is not what called it: the return address 0x%" PRIx64 ", which names it, may be another's", name,
		     stack->frames.items[frame].pc);
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

		if (is_of_damage(finding))
			continue;
		if (finding->thread >= 0)
			thread_stack(analysis, (size_t)finding->thread, &stack);
		if (doubt_on(diagnosis, finding, &stack) || finding->goroutine < 0)
			continue;
		goroutine_stack(analysis, (size_t)finding->goroutine, &stack);
		doubt_on(diagnosis, finding, &stack);
	}
}
