/* goroutine_states.c: see goroutine_states.h. One pass over all goroutines; whose they are is known of each group of equal stacks. */
#include "heuristics/faults/goroutine_states.h"

#include "analyzer/waits/waits.h"
#include "base/count.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	int kind;
	const char *words;
} waits[] = {
#define GOROUTINE_WAIT(kind, words) {kind, words},
#include "heuristics/faults/goroutine_states.def"
}, statuses[] = {
#define GOROUTINE_STATUS(status, words) {status, words},
#include "heuristics/faults/goroutine_states.def"
};

enum { WAITS = sizeof waits / sizeof *waits, STATUSES = sizeof statuses / sizeof *statuses, OTHER = STATUSES + WAITS, OF_RUNTIME, STATES };

static const char of_runtime[] = "of the Go runtime itself"; /* last, however many */

struct state_count {
	const char *words;
	size_t count;
};

/* A row of one of the tables, the statuses first; OTHER: of none. */
static size_t state_of(struct analysis *analysis, const struct goroutine *g)
{
	const int kind = (int)wait_kind_of(analysis, g);

	for (size_t i = 0; i < STATUSES; i++)
		if (statuses[i].kind == g->status)
			return i;
	for (size_t i = 0; i < WAITS; i++)
		if (waits[i].kind == kind)
			return STATUSES + i;
	return OTHER;
}

static const char *words_of(size_t state)
{
	if (state < STATUSES)
		return statuses[state].words;
	return state < OTHER ? waits[state - STATUSES].words : state == OTHER ? "in other states" : of_runtime;
}

/* Adds to the entry with these words: rows with the same are told together. */
static void add(struct state_count counts[static STATES], const char *words, size_t count)
{
	size_t i = 0;

	while (counts[i].words && strcmp(counts[i].words, words)) /* there are no more words than STATES */
		i++;
	counts[i].words = words;
	counts[i].count += count;
}

static int by_count(const void *a, const void *b)
{
	const struct state_count *x = a;
	const struct state_count *y = b;

	if (x->count && y->count && (x->words == of_runtime) != (y->words == of_runtime))
		return x->words == of_runtime ? 1 : -1;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return strcmp(x->words ? x->words : "", y->words ? y->words : "");
}

static bool *system_groups(struct analysis *analysis)
{
	bool *ret = arena_array(analysis->arena, analysis->groups.count + 1, sizeof *ret);

	for (size_t i = 0; i < analysis->groups.count; i++)
		ret[i] = goroutine_is_system(analysis->runtime,
					     &analysis->runtime->goroutines.items[analysis->groups.items[i].first]);
	return ret;
}

const char *goroutine_states_text(struct analysis *analysis)
{
	const struct go_runtime *runtime = analysis->runtime;
	struct state_count counts[STATES] = {0};
	size_t found[STATES] = {0};
	const bool *is_system = system_groups(analysis);
	const char *text = counted_text(analysis->arena, runtime->goroutines.count, "goroutine");

	if (!runtime->goroutines.count)
		return NULL;
	for (size_t i = 0; i < runtime->goroutines.count; i++)
		found[is_system[analysis->goroutine_group[i]] ? (size_t)OF_RUNTIME
							      : state_of(analysis, &runtime->goroutines.items[i])]++;
	for (size_t i = 0; i < STATES; i++)
		add(counts, words_of(i), found[i]);
	qsort(counts, STATES, sizeof *counts, by_count);
	for (size_t i = 0; i < STATES && counts[i].count; i++)
		text = arena_printf(analysis->arena, "%s%s%s %s", text, i ? ", " : ": ",
				    count_text(analysis->arena, counts[i].count), counts[i].words);
	return text;
}
