/* recorded.c: see recorded.h. A stack is complete where the runtime printed it to the end: then it says who created the goroutine,
 * or ends at the functions that nothing calls. */
#include "analyzer/unwind/recorded.h"

#include "analyzer/unwind/unwind.h"

#include "golang/recorded.h"

#include <string.h>

static const char *const outermost[] = {
#define OUTERMOST(name) name,
#include "analyzer/unwind/outermost.def"
#undef OUTERMOST
};

static bool is_outermost(const struct frame *frame)
{
	const char *name = frame->info->func ? go_func_name(frame->info) : "";

	for (size_t i = 0; i < sizeof outermost / sizeof *outermost; i++)
		if (!strcmp(name, outermost[i]))
			return true;
	return false;
}

/* Whether a frame stopped there itself: a signal hit it, or what the runtime makes look like its callee did. */
static bool is_exact(const struct analysis *analysis, const struct stack *stack, uint64_t pc)
{
	const struct log_record *record = analysis->runtime->recorded->record;
	const size_t below = stack->frames.count;

	if (below)
		return is_injected(stack->frames.items[below - 1].info->role);
	return record->has_signal && !record->signal.panicked && record->signal.has_pc && record->signal.pc == pc;
}

static void add_frame(const struct analysis *analysis, const struct recorded_frame *recorded, struct stack *ret)
{
	const uint64_t pc = analysis->runtime->recorded->pcs[recorded->place];
	const bool exact = is_exact(analysis, ret, pc);
	const struct frame frame = {.pc = pc, .sp = recorded->sp, .fp = recorded->fp, .info = go_pc(analysis->runtime, pc, exact),
				    .how = HOW_RECORDED, .exact = exact, .tear = -1, .damage = -1, .recorded = recorded};

	vec_push(analysis->arena, &ret->frames, frame);
	ret->digest = digest_add(ret->digest, pc);
}

static void take(const struct analysis *analysis, const struct recorded_stack *stack, struct stack *ret)
{
	const struct log_record *record = analysis->runtime->recorded->record;
	struct frame *items = ret->frames.items;
	const size_t capacity = ret->frames.capacity;

	*ret = (struct stack){.end = END_NOT_SAVED};
	ret->frames.items = items;
	ret->frames.capacity = capacity;
	if (capacity < stack->count) {
		ret->frames.items = arena_array(analysis->arena, stack->count, sizeof *ret->frames.items);
		ret->frames.capacity = stack->count;
	}
	for (size_t i = 0; i < stack->count; i++)
		add_frame(analysis, &record->frames.items[stack->first + i], ret);
	if (!stack->elided || stack->elided_at >= stack->count)
		return;
	ret->elided = stack->elided;
	ret->elided_at = stack->elided_at;
	ret->digest = digest_add(ret->digest, stack->elided);
}

static void mark_tears(const struct analysis *analysis, size_t goroutine, struct stack *stack)
{
	for (size_t i = 0; i < analysis->tears.count; i++) {
		const struct tear *tear = &analysis->tears.items[i];

		if (tear->goroutine == (int32_t)goroutine && tear->frame < stack->frames.count)
			stack->frames.items[tear->frame].tear = (int32_t)i;
	}
}

/* Where the runtime shows its own frames, with their places in memory, stacks end in one of those that nothing calls. */
static bool is_whole(const struct recorded_goroutine *g, const struct stack *stack)
{
	const struct frame *last = &stack->frames.items[stack->frames.count - 1];

	return is_outermost(last) || (!last->sp && g->creator != RECORDED_NONE);
}

void recorded_goroutine_stack(const struct analysis *analysis, size_t index, struct stack *ret)
{
	const struct recorded_goroutine *g = recorded_goroutine(analysis->runtime, index);

	take(analysis, &g->stack, ret);
	mark_tears(analysis, index, ret);
	if (g->stack.unavailable || !ret->frames.count)
		ret->end = END_UNKNOWN_CONTEXT;
	else if (!g->stack.cut && is_whole(g, ret))
		ret->end = END_COMPLETE;
}

void recorded_stack_take(const struct analysis *analysis, const struct recorded_stack *recorded, struct stack *ret)
{
	take(analysis, recorded, ret);
	if (ret->frames.count && is_outermost(&ret->frames.items[ret->frames.count - 1]))
		ret->end = END_COMPLETE;
}

void recorded_thread_stack(const struct analysis *analysis, struct stack *ret)
{
	const struct log_record *record = analysis->runtime->recorded->record;

	take(analysis, &record->system, ret);
	if (ret->frames.count && is_outermost(&ret->frames.items[ret->frames.count - 1]))
		ret->end = END_COMPLETE;
	else if (ret->frames.count || analysis->thread_goroutine[0] >= 0)
		ret->end = END_STACK_SWITCH;
}
