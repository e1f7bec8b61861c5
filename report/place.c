/* place.c: stacks are not kept, so what points into them is looked up in stacks walked again. */
#include "report/place.h"

static bool holds(const struct stack *stack, const struct finding *finding)
{
	size_t index = (size_t)finding->frame;

	return finding->frame >= 0 && index < stack->frames.count &&
	       (!finding->has_pc || stack->frames.items[index].pc == finding->pc);
}

size_t place_stack(const struct diagnosis *diagnosis, const struct finding *finding, struct stack *ret)
{
	*ret = (struct stack){0};
	if (finding->goroutine >= 0)
		goroutine_stack(diagnosis->analysis, (size_t)finding->goroutine, ret);
	if (finding->thread >= 0 && (finding->goroutine < 0 || (finding->frame >= 0 && !holds(ret, finding)))) {
		struct stack stack = {0};

		thread_stack(diagnosis->analysis, (size_t)finding->thread, &stack);
		if (finding->goroutine < 0 || holds(&stack, finding))
			*ret = stack;
	}
	return finding->frame >= 0 && (size_t)finding->frame < ret->frames.count ? (size_t)finding->frame : 0;
}

int64_t place_line(const struct diagnosis *diagnosis, const struct finding *finding)
{
	struct analysis *analysis = diagnosis->analysis;
	struct frame_line lines[INLINE_LIMIT];
	struct stack stack;
	size_t frame = place_stack(diagnosis, finding, &stack);
	int64_t count = 0;

	if (finding->frame < 0 || !stack.frames.count)
		return -1;
	for (size_t i = 0; i <= frame; i++)
		count += (int64_t)frame_lines(analysis->image, &stack, i, lines);
	return count - 1;
}

int64_t place_finding(const struct diagnosis *diagnosis, const struct stack *stack, size_t index)
{
	const struct frame *frame = &stack->frames.items[index];
	int32_t tear = frame->tear;

	for (size_t i = 0; frame->damage >= 0 && i < diagnosis->findings.count; i++)
		if (diagnosis->findings.items[i].damage == &diagnosis->analysis->damages.items[frame->damage])
			return (int64_t)i;
	if (tear < 0 && frame->how == HOW_REPAIRED && index)
		tear = stack->frames.items[index - 1].tear;
	for (size_t i = 0; tear >= 0 && i < diagnosis->findings.count; i++)
		if (diagnosis->findings.items[i].tear == &diagnosis->analysis->tears.items[tear])
			return (int64_t)i;
	return -1;
}

static void name(bool *named, int32_t goroutine)
{
	if (goroutine >= 0)
		named[goroutine] = true;
}

const bool *place_goroutines(const struct diagnosis *diagnosis)
{
	const struct analysis *analysis = diagnosis->analysis;
	bool *named = arena_array(diagnosis->arena, analysis->runtime->goroutines.count + 1, sizeof *named);

	for (size_t i = 0; i < analysis->image->threads.count; i++)
		name(named, analysis->thread_goroutine[i]);
	for (size_t i = 0; i < diagnosis->findings.count; i++)
		name(named, diagnosis->findings.items[i].goroutine);
	name(named, analysis->messages.goroutine);
	if (analysis->fault.known)
		name(named, analysis->fault.goroutine);
	return named;
}
