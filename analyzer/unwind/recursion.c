/* recursion.c: see recursion.h. Of a long stack the innermost STACK_KEPT frames stay, and at least as many of the outermost.
 * Between them a block of frames is dropped whenever there are three blocks. What a block repeats is asked of the first one
 * that is dropped (the failure function of Knuth, Morris and Pratt), and of every later frame whether it goes on. */
#include "analyzer/unwind/recursion.h"

#include "analyzer/trial.h"

enum { SHORTEST = 8 /* frames, of what is looked at for a recursion */ };

static uint64_t frame_key(const struct frame *frame, bool by_function)
{
	return by_function && frame->info->func ? frame->info->func->entry : frame->pc;
}

/* The fewest frames that repeat at least once in a row of frames; 0: none do. */
static uint32_t period_of(struct arena *arena, const struct frame *frames, size_t count, bool by_function)
{
	uint32_t *border = arena_array(arena, count + 1, sizeof *border); /* of the first i + 1 frames: also their end */
	size_t period;

	for (size_t i = 1; i < count; i++) {
		uint32_t length = border[i - 1];

		while (length && frame_key(&frames[i], by_function) != frame_key(&frames[length], by_function))
			length = border[length - 1];
		border[i] = length + (frame_key(&frames[i], by_function) == frame_key(&frames[length], by_function));
	}
	period = count ? count - border[count - 1] : 0;
	return period <= count / 2 ? (uint32_t)period : 0;
}

static uint32_t gap_period(const struct stack *stack, bool by_function)
{
	return by_function ? stack->elided_functions : stack->elided_period;
}

/* Index of the frame that frame `index` is like if a recursion goes on: `period` below, across what is not kept by counting
 * its turns. SIZE_MAX: not known. */
static size_t turn_below(const struct stack *stack, size_t index, size_t period, bool by_function)
{
	if (!stack->elided || index < stack->elided_at || index - stack->elided_at >= period)
		return index - period;
	if (gap_period(stack, by_function) != period || stack->elided_at < period)
		return SIZE_MAX;
	return stack->elided_at - period + (index - stack->elided_at + stack->elided) % period;
}

size_t stack_repeats(const struct stack *stack, size_t index, size_t period, bool by_function)
{
	size_t at = index + period;

	for (; at < stack->frames.count; at++) {
		size_t below = turn_below(stack, at, period, by_function);

		if (below == SIZE_MAX || below < index ||
		    frame_key(&stack->frames.items[at], by_function) != frame_key(&stack->frames.items[below], by_function))
			break;
	}
	return at - index;
}

uint64_t stack_distance(const struct stack *stack, size_t from, size_t to)
{
	return to - from + (stack->elided && from < stack->elided_at && stack->elided_at < to ? stack->elided : 0);
}

/* The innermost frame of a recursion that holds from `first` on. */
static size_t extend_inwards(const struct stack *stack, size_t first, size_t period, bool by_function)
{
	const struct frame *frames = stack->frames.items;

	while (first > 0 && frame_key(&frames[first - 1], by_function) == frame_key(&frames[first - 1 + period], by_function))
		first--;
	return first;
}

static bool find(struct arena *arena, const struct stack *stack, bool by_function, struct recursion *ret)
{
	const size_t count = stack->frames.count;
	const size_t middle = count / 4;
	const size_t period = stack->elided ? gap_period(stack, by_function)
					    : period_of(arena, stack->frames.items + middle, count - 2 * middle, by_function);
	const struct frame *last;
	size_t first;

	if (!period)
		return false;
	first = extend_inwards(stack, stack->elided ? stack->elided_at - period : middle, period, by_function);
	*ret = (struct recursion){.by_function = by_function, .first = first, .period = period,
				  .kept = stack_repeats(stack, first, period, by_function)};
	last = &stack->frames.items[first + ret->kept - 1];
	ret->frames = stack_distance(stack, first, first + ret->kept);
	ret->bytes = (last->fp ? last->fp : last->sp) - stack->frames.items[first].sp;
	return true;
}

bool recursion_find(struct arena *arena, const struct stack *stack, struct recursion *ret)
{
	return stack->frames.count >= SHORTEST && (find(arena, stack, false, ret) || find(arena, stack, true, ret));
}

/* Whether the block of frames about to be dropped repeats as those dropped before it. */
static bool goes_on(const struct stack *stack, uint32_t period, bool by_function)
{
	const struct frame *turn = stack->frames.items + STACK_KEPT - period;

	for (size_t i = 0; i < STACK_KEPT && period; i++)
		if (frame_key(&turn[(stack->elided + i) % period], by_function) !=
		    frame_key(&stack->frames.items[STACK_KEPT + i], by_function))
			return false;
	return period;
}

void long_stack_keep(struct analysis *analysis, struct stack *stack)
{
	struct frame *dropped;

	if (stack->frames.count < 3 * STACK_KEPT)
		return;
	dropped = stack->frames.items + STACK_KEPT;
	if (trial_gives_up(analysis)) /* what is kept of the last one is for all to use */
		return;
	if (!stack->elided) {
		stack->elided_period = period_of(analysis->arena, dropped, STACK_KEPT, false);
		stack->elided_functions = period_of(analysis->arena, dropped, STACK_KEPT, true);
	}
	if (!goes_on(stack, stack->elided_period, false))
		stack->elided_period = 0;
	if (!goes_on(stack, stack->elided_functions, true))
		stack->elided_functions = 0;
	for (size_t i = 0; i < STACK_KEPT; i++) {
		if (dropped[i].tear >= 0)
			analysis->tears.items[dropped[i].tear].frame = FRAME_ELIDED;
		if (dropped[i].damage >= 0) {
			analysis->damages.items[dropped[i].damage].frame = FRAME_ELIDED;
			analysis->damages.items[dropped[i].damage].depth = STACK_KEPT + stack->elided + i;
		}
	}
	memmove(dropped, dropped + STACK_KEPT, STACK_KEPT * sizeof *dropped);
	stack->frames.count -= STACK_KEPT;
	stack->elided += STACK_KEPT;
	stack->elided_at = STACK_KEPT;
}

void long_stack_place(struct analysis *analysis, const struct stack *stack)
{
	for (size_t i = stack->elided_at; stack->elided && i < stack->frames.count; i++) {
		const struct frame *frame = &stack->frames.items[i];

		if (frame->tear >= 0)
			analysis->tears.items[frame->tear].frame = (uint32_t)i;
		if (frame->damage >= 0)
			analysis->damages.items[frame->damage].frame = (uint32_t)i;
	}
}
