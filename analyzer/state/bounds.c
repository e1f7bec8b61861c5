/* bounds.c: the bounds of a goroutine's stack are told three times over. Stacks are a power of two long (stackalloc);
 * g.stackguard0 is a fixed distance above g.stack.lo, or one of a few marks (stackPreempt, stackFork, …, or 0); g.stktopsp is a
 * fixed distance below g.stack.hi (newproc1; for those of C's threads oneNewExtraM). The distances depend on release, CPU and
 * race detector: what most goroutines have is right. They change together, while a stack is copied. */
#include "analyzer/state/state.h"

#include "analyzer/trial.h"

enum {
	VOTERS = 3,
	ASKED = 1 << 12,      /* voters are enough: evenly among the goroutines */
	EXTRA_TOP = 4 * 8,    /* oneNewExtraM */
	MARKS = 1 << 13,      /* the marks are small negative numbers */
};

/* A distance, as most have it. */
struct vote {
	uint64_t value;
	size_t lead, voters, agreeing;
};

struct stack_votes {
	struct vote guard, top;
};

struct bounds {
	uint64_t lo, hi, guard, top;
	bool marked; /* guard tells nothing */
};

static bool read_bounds(struct go_runtime *runtime, const struct goroutine *g, struct bounds *ret)
{
	*ret = (struct bounds){.lo = g->stack_lo, .hi = g->stack_hi};
	if (!go_field(runtime, g->address, LAYOUT_g_stackguard0, &ret->guard) ||
	    !go_field(runtime, g->address, LAYOUT_g_stktopsp, &ret->top))
		return false;
	ret->marked = !ret->guard || ret->guard >= -(uint64_t)MARKS;
	return true;
}

static void cast(struct vote *vote, uint64_t value)
{
	vote->voters++;
	if (!vote->lead)
		vote->value = value;
	if (vote->value == value)
		vote->lead++;
	else
		vote->lead--;
}

static bool is_decided(const struct vote *vote)
{
	return vote->agreeing >= VOTERS && vote->agreeing > vote->voters / 2;
}

/* The majority, if there is one, is what is left when each vote has cancelled one for another value. */
static void count_votes(struct analysis *analysis, struct stack_votes *votes)
{
	struct vote *guard = &votes->guard, *top = &votes->top;
	struct go_runtime *runtime = analysis->runtime;
	const size_t step = runtime->goroutines.count / ASKED + 1;
	struct bounds b;

	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < runtime->goroutines.count; i += step) {
			if (!state_is_stable(analysis, i) || !read_bounds(runtime, &runtime->goroutines.items[i], &b))
				continue;
			if (!round) {
				cast(top, b.hi - b.top);
				if (!b.marked)
					cast(guard, b.guard - b.lo);
				continue;
			}
			top->agreeing += b.hi - b.top == top->value;
			guard->agreeing += !b.marked && b.guard - b.lo == guard->value;
		}
}

static bool is_stack_size(uint64_t size)
{
	return size && !(size & (size - 1)) && size >> 31 == 0;
}

/* The lower end, when the upper one is borne out by stktopsp. */
static void suspect_lo(struct analysis *analysis, const struct goroutine *g, int32_t index, const struct bounds *b,
		       const struct vote *guard)
{
	struct state_word *word = state_trouble(analysis, STATE_STACK_LO, g->address);

	if (!word)
		return;
	word->goroutine = index;
	word->witness = g->address + analysis->runtime->layout->offset[LAYOUT_g_stackguard0];
	if (!b->marked && is_decided(guard) && is_stack_size(b->hi - (b->guard - guard->value)) &&
	    !is_stack_size(b->hi - b->lo)) /* else it may as well be stackguard0 that is wrong */
		state_expect(word, b->guard - guard->value);
}

/* Whether goexit, at the end of the stack, stands where g.stktopsp says. */
static bool is_at_top(struct analysis *analysis, int32_t index)
{
	if (index < 0)
		return false;
	goroutine_stack(analysis, (size_t)index, &analysis->state_stack);
	return analysis->state_stack.end == END_COMPLETE;
}

static void suspect_upper(struct analysis *analysis, const struct goroutine *g, int32_t index, const struct bounds *b,
			  const struct vote *top)
{
	struct state_word *word;
	bool is_top;

	if (trial_gives_up(analysis)) /* before a walk */
		return;
	is_top = is_stack_size(b->hi - b->lo) && !is_at_top(analysis, index);
	word = state_trouble(analysis, is_top ? STATE_STACK_TOP : STATE_STACK_HI, g->address);
	if (!word)
		return;
	word->goroutine = index;
	word->witness = g->address + analysis->runtime->layout->offset[is_top ? LAYOUT_g_stack_hi : LAYOUT_g_stktopsp];
	if (is_top)
		state_expect(word, b->hi - top->value);
	else if (is_stack_size(b->top + top->value - b->lo))
		state_expect(word, b->top + top->value);
}

static void check(struct analysis *analysis, const struct goroutine *g, int32_t index)
{
	const struct vote *guard = &analysis->state_facts->votes->guard, *top = &analysis->state_facts->votes->top;
	struct bounds b;
	bool top_fits, guard_fits;

	if (!read_bounds(analysis->runtime, g, &b))
		return;
	top_fits = b.hi - b.top == top->value || b.hi - b.top == EXTRA_TOP;
	guard_fits = b.marked || !is_decided(guard) || b.guard - b.lo == guard->value;
	if (top_fits && (!is_stack_size(b.hi - b.lo) || !guard_fits))
		suspect_lo(analysis, g, index, &b, guard);
	else if (!top_fits && guard_fits)
		suspect_upper(analysis, g, index, &b, top);
}

const struct stack_votes *state_votes(struct analysis *analysis)
{
	struct stack_votes *votes = arena_alloc(analysis->arena, sizeof *votes);

	count_votes(analysis, votes);
	return is_decided(&votes->top) ? votes : NULL;
}

void state_check_stack(struct analysis *analysis, size_t index)
{
	if (analysis->state_facts->votes && state_is_stable(analysis, index))
		check(analysis, &analysis->runtime->goroutines.items[index], (int32_t)index);
}

void state_check_misfit_stacks(struct analysis *analysis)
{
	const struct go_runtime *runtime = analysis->runtime;

	for (size_t i = 0; analysis->state_facts->votes && i < runtime->misfits.count; i++)
		if (goroutine_is_parked(&runtime->misfits.items[i]))
			check(analysis, &runtime->misfits.items[i], -1);
}
