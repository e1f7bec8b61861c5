/* state.c: see state.h. */
#include "analyzer/state/state.h"

#include "golang/wait_reasons.h"

enum {
	HALF = 32,
	USUAL = 1,       /* words that may be wrong in one way, */
	USUAL_SHARE = 8, /* and one more for so many goroutines or Ms */
};

/* g.stackLock, in the same word, has been unused in every release. */
static void check_lock(struct analysis *analysis, size_t index)
{
	const struct layout *layout = analysis->runtime->layout;
	const struct goroutine *g = &analysis->runtime->goroutines.items[index];
	struct state_word *word;
	uint64_t value;

	if (layout->offset[LAYOUT_g_stackLock] != layout->offset[LAYOUT_g_atomicstatus] + sizeof(uint32_t) ||
	    !go_field(analysis->runtime, g->address, LAYOUT_g_atomicstatus, &value) || !(value >> HALF))
		return;
	word = state_trouble_of(analysis, STATE_STATUS_LOCK, index);
	state_expect(word, (uint32_t)value);
}

static void check_misfits(struct analysis *analysis)
{
	const struct go_runtime *runtime = analysis->runtime;

	for (size_t i = 0; i < runtime->misfits.count; i++) {
		const struct goroutine *g = &runtime->misfits.items[i];

		if (g->status == G_IDLE || !g_status_name(g->status))
			state_trouble(analysis, STATE_STATUS_UNKNOWN, g->address);
	}
}

static bool is_of_stack(enum state_trouble trouble)
{
	return trouble == STATE_STACK_LO || trouble == STATE_STACK_HI || trouble == STATE_STACK_TOP;
}

static bool is_of_place(enum state_trouble trouble)
{
	return trouble == STATE_SCHED_PC || trouble == STATE_SCHED_SP || trouble == STATE_SCHED_BP || trouble == STATE_SYSCALL_SP;
}

/* Within wrong bounds, where a goroutine stands cannot be judged. */
static void drop_judged_by_bounds(struct analysis *analysis)
{
	struct state_word *items = analysis->state_words.items;
	size_t kept = 0;

	for (size_t i = 0; i < analysis->state_words.count; i++) {
		bool doubtful = false;

		for (size_t k = 0; k < analysis->state_words.count && !doubtful && is_of_place(items[i].trouble); k++)
			doubtful = is_of_stack(items[k].trouble) && items[k].goroutine == items[i].goroutine;
		if (!doubtful)
			items[kept++] = items[i];
	}
	analysis->state_words.count = kept;
}

/* What more than a few have in common is how this program is, and no damage. */
static void drop_usual(struct analysis *analysis)
{
	const struct go_runtime *runtime = analysis->runtime;
	size_t count[STATE_TROUBLES] = {0}, kept = 0;
	struct state_word *items = analysis->state_words.items;

	memcpy(count, analysis->state_facts->unfiled, sizeof count);
	for (size_t i = 0; i < analysis->state_words.count; i++)
		count[items[i].trouble]++;
	for (size_t i = 0; i < analysis->state_words.count; i++) {
		const bool of_machine = items[i].machine >= 0;
		const size_t all = of_machine ? runtime->machines.count : runtime->goroutines.count + runtime->misfits.count;

		if (count[items[i].trouble] <= USUAL + all / USUAL_SHARE)
			items[kept++] = items[i];
		else
			count[items[i].trouble] = SIZE_MAX;
	}
	analysis->state_words.count = kept;
	for (size_t k = 0; k < STATE_TROUBLES; k++) {
		const struct state_word word = {.trouble = (enum state_trouble)k};

		if (count[k] == SIZE_MAX)
			note_add(analysis->notes, "%s of many goroutines or threads %s: that is taken for the way of this program, and for "
						  "no damage", state_word_name(&word), state_word_text(&word));
	}
}

void state_prepare(struct analysis *analysis)
{
	analysis->state_facts = arena_alloc(analysis->arena, sizeof *analysis->state_facts);
	if (!analysis->runtime->layout)
		return;
	analysis->state_facts->links = state_links(analysis);
	analysis->state_facts->votes = state_votes(analysis);
}

void state_try(struct analysis *analysis, size_t index)
{
	if (!analysis->runtime->layout)
		return;
	check_lock(analysis, index);
	state_check_link(analysis, index);
	state_check_stack(analysis, index);
}

void state_doubt(struct analysis *analysis, size_t index)
{
	vec_push(analysis->arena, &analysis->state_facts->doubted, (uint32_t)index);
}

static void check_doubted(struct analysis *analysis, void (*check)(struct analysis *analysis, size_t index))
{
	const struct state_facts *facts = analysis->state_facts;

	for (size_t i = 0; i < facts->doubted.count; i++) {
		fetch_ahead(analysis, facts->doubted.items[i]);
		check(analysis, facts->doubted.items[i]);
	}
}

void state_check(struct analysis *analysis)
{
	if (!analysis->runtime->layout)
		return;
	check_doubted(analysis, check_lock);
	check_misfits(analysis);
	check_doubted(analysis, state_check_link);
	state_check_machines(analysis);
	check_doubted(analysis, state_check_stack);
	state_check_misfit_stacks(analysis);
	drop_judged_by_bounds(analysis);
	drop_usual(analysis);
}
