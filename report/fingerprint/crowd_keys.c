/* crowd_keys.c: see crowd_keys.h. Groups of equal stacks differ by line and offset: those that are one to a fingerprint are put
 * together first, of the largest groups only. */
#include "report/fingerprint/crowd_keys.h"

#include "analyzer/waits/waits.h"
#include "report/fingerprint/stack_keys.h"

#include <stdlib.h>
#include <string.h>

enum { GROUPS = 64, FUNCTIONS = 3, PLACES = 8 };

struct crowd_key {
	size_t group;
	uint64_t count;
	const char *text; /* functions and wait */
};

static bool is_idle(enum wait_kind kind)
{
	return kind == WAIT_IO || kind == WAIT_SLEEP || kind == WAIT_FOREVER;
}

/* The kinds that a statement tells; of locks the functions do, and their wait reasons differ from release to release. */
static const char *wait_word(enum wait_kind kind)
{
	switch (kind) {
	case WAIT_RECEIVE:
		return "receive";
	case WAIT_SEND:
		return "send";
	case WAIT_SELECT:
		return "select";
	case WAIT_NIL_CHANNEL:
		return "nil channel";
	default:
		return "";
	}
}

/* Puts a group among the largest, which are in order; of equal ones those that come first stay. */
static void keep_largest(struct crowd_key *largest, size_t *count, struct crowd_key group)
{
	size_t at = *count;

	if (*count == GROUPS && largest[GROUPS - 1].count >= group.count)
		return;
	at = *count < GROUPS ? (*count)++ : GROUPS - 1;
	for (; at && largest[at - 1].count < group.count; at--)
		largest[at] = largest[at - 1];
	largest[at] = group;
}

/* The largest groups of the program's goroutines that are idle, or are not. */
static size_t largest_groups(const struct diagnosis *diagnosis, const uint64_t *counts, bool idle,
			     struct crowd_key largest[static GROUPS])
{
	struct analysis *analysis = diagnosis->analysis;
	size_t count = 0;

	for (size_t i = 0; i < analysis->groups.count; i++) {
		const struct goroutine *g = &analysis->runtime->goroutines.items[analysis->groups.items[i].first];

		if (is_idle(wait_kind_of(analysis, g)) == idle && !goroutine_is_system(analysis->runtime, g))
			keep_largest(largest, &count, (struct crowd_key){i, counts[i], NULL});
	}
	return count;
}

static void name(const struct diagnosis *diagnosis, struct crowd_key *crowd)
{
	struct analysis *analysis = diagnosis->analysis;
	const size_t first = analysis->groups.items[crowd->group].first;
	struct stack_keys keys = {.analysis = analysis, .arena = diagnosis->arena, .most = FUNCTIONS};
	struct stack stack = {0};

	goroutine_stack(analysis, first, &stack);
	stack_keys_add(&keys, &stack, 0);
	stack_keys_end(&keys);
	crowd->text = wait_word(wait_kind_of(analysis, &analysis->runtime->goroutines.items[first]));
	for (size_t i = 0; i < keys.keys.count; i++)
		crowd->text = arena_printf(diagnosis->arena, "%s %s", crowd->text, keys.keys.items[i]);
}

static int by_text(const void *a, const void *b)
{
	const struct crowd_key *x = a;
	const struct crowd_key *y = b;
	const int order = strcmp(x->text, y->text);

	return order ? order : (x->group > y->group) - (x->group < y->group);
}

/* Adds up what has the same text; returns how many texts there are. */
static size_t merge(struct crowd_key *crowds, size_t count)
{
	size_t kept = 0;

	qsort(crowds, count, sizeof *crowds, by_text);
	for (size_t i = 0; i < count; i++) {
		if (kept && !strcmp(crowds[kept - 1].text, crowds[i].text))
			crowds[kept - 1].count += crowds[i].count;
		else
			crowds[kept++] = crowds[i];
	}
	return kept;
}

static void place(const struct diagnosis *diagnosis, const struct crowd_key *crowd, struct subject *subject)
{
	struct analysis *analysis = diagnosis->analysis;
	struct stack stack = {0};

	goroutine_stack(analysis, analysis->groups.items[crowd->group].first, &stack);
	for (size_t i = 0; i < stack.frames.count && i < PLACES; i++)
		vec_push(diagnosis->arena, &subject->places, stack_place(analysis, diagnosis->arena, &stack.frames.items[i]));
}

void crowd_keys(const struct diagnosis *diagnosis, struct subject *subject)
{
	const struct analysis *analysis = diagnosis->analysis;
	uint64_t *counts = arena_array(diagnosis->arena, analysis->groups.count + 1, sizeof *counts);
	struct crowd_key crowds[GROUPS] = {0};
	uint64_t most = 0;
	size_t count;

	for (size_t i = 0; i < analysis->runtime->goroutines.count; i++)
		counts[analysis->goroutine_group[i]]++;
	count = largest_groups(diagnosis, counts, false, crowds);
	if (!count)
		count = largest_groups(diagnosis, counts, true, crowds);
	for (size_t i = 0; i < count; i++)
		name(diagnosis, &crowds[i]);
	count = merge(crowds, count);
	for (size_t i = 0; i < count; i++)
		most = crowds[i].count > most ? crowds[i].count : most;
	for (size_t i = 0; i < count; i++)
		if (crowds[i].count == most) {
			vec_push(diagnosis->arena, &subject->words, crowds[i].text);
			place(diagnosis, &crowds[i], subject);
		}
}
