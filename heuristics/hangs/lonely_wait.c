/* lonely_wait.c: see lonely_wait.h. */
#include "heuristics/hangs/lonely_wait.h"

#include "analyzer/waits/mentions.h"
#include "heuristics/ends/ordinary_ends.h"

#include <string.h>

enum { TRIED = 4, MEMBERS_READ = 64, READ_MOST = 4096, SEARCH_BYTES = 256 << 20, CONTAINER_BYTES = 1024, FRAME_BYTES = 4096, WORD = 8 };

static const struct {
	enum wait_kind kind;
	size_t possible, likely;
	const char *text, *action, *remedy;
} rows[] = {
#define LONELY(kind, possible, likely, text, action, remedy) {kind, possible, likely, text, action, remedy},
#include "heuristics/hangs/lonely_waits.def"
#undef LONELY
};

enum { ROWS = sizeof rows / sizeof *rows };

static size_t row_of(enum wait_kind kind)
{
	size_t row = 0;

	while (row < ROWS && rows[row].kind != kind)
		row++;
	return row;
}

static uint64_t object_of(const struct wait *wait)
{
	return wait->channel_count ? wait->channels[0].address : wait->object;
}

/* What goroutines wait for together. */
struct candidate {
	struct wait wait;
	size_t first, count, row;
	const char *function;
};

struct candidates {
	VEC(struct candidate) items;
	struct mentions objects; /* numbers as in items */
	uint32_t *of;            /* per goroutine: 1 + number, 0: none */
};

static void add(struct analysis *analysis, struct candidates *candidates, size_t index)
{
	struct stack stack = {0};
	struct wait wait;
	size_t number;

	goroutine_stack(analysis, index, &stack);
	wait_read(analysis, index, &stack, &wait);
	if (row_of(wait.kind) == ROWS || !object_of(&wait))
		return;
	number = mention_add(analysis->arena, &candidates->objects, object_of(&wait));
	if (number == candidates->items.count)
		vec_push(analysis->arena, &candidates->items,
			 (struct candidate){.wait = wait, .first = index, .row = row_of(wait.kind),
					    .function = wait.frame < stack.frames.count
								? program_function(analysis, &stack, wait.frame) : NULL});
	candidates->items.items[number].count++;
	candidates->of[index] = (uint32_t)number + 1;
}

static void collect(struct analysis *analysis, struct candidates *candidates)
{
	const struct go_runtime *runtime = analysis->runtime;
	uint32_t *read = arena_array(analysis->arena, analysis->groups.count + 1, sizeof *read);
	size_t all = 0;

	candidates->of = arena_array(analysis->arena, runtime->goroutines.count + 1, sizeof *candidates->of);
	for (size_t i = 0; i < runtime->goroutines.count; i++) {
		const enum wait_kind kind = wait_kind_of(analysis, &runtime->goroutines.items[i]);
		const bool wanted = kind == WAIT_SEMAPHORE || row_of(kind) < ROWS;

		if (!wanted || all == READ_MOST || read[analysis->goroutine_group[i]] == MEMBERS_READ ||
		    goroutine_is_system(analysis->runtime, &runtime->goroutines.items[i]))
			continue;
		read[analysis->goroutine_group[i]]++;
		all++;
		add(analysis, candidates, i);
	}
}

static bool somebody_receives(struct analysis *analysis, const struct candidate *candidate)
{
	struct channel channel;

	return candidate->wait.kind == WAIT_SEND &&
	       (!channel_read(analysis->runtime, candidate->wait.channels[0].address, &channel) || channel.receivers || channel.closed);
}

/* What contains a WaitGroup or Cond, as the frames of who waits know it. */
static void mention_containers(struct analysis *analysis, struct mentions *mentions, const struct candidate *candidate)
{
	const struct goroutine *g = &analysis->runtime->goroutines.items[candidate->first];
	const uint64_t object = candidate->wait.object;
	struct stack stack = {0};
	struct span words;

	goroutine_stack(analysis, candidate->first, &stack);
	if (!object || candidate->wait.frame >= stack.frames.count)
		return;
	words = image_view(analysis->image, stack.frames.items[candidate->wait.frame].sp, FRAME_BYTES);
	for (uint64_t at = 0; at + WORD <= words.size; at += WORD) {
		const uint64_t word = span_u64(words, at);

		if (word < object && object - word < CONTAINER_BYTES && word % WORD == 0 &&
		    (word < g->stack_lo || word >= g->stack_hi))
			mention_add(analysis->arena, mentions, word);
	}
}

static bool is_alone(struct analysis *analysis, const struct candidates *candidates, size_t number)
{
	const struct candidate *candidate = &candidates->items.items[number];
	struct mentions mentions = {0};
	uint64_t bytes = SEARCH_BYTES;

	mention_add(analysis->arena, &mentions, object_of(&candidate->wait));
	mention_containers(analysis, &mentions, candidate);
	mentions_scan(analysis, &mentions, &bytes);
	for (size_t i = 0; i < mentions.items.count; i++) {
		const struct mention *mention = &mentions.items.items[i];

		if (mention->holder_count > candidate->count)
			return false;
		for (size_t k = 0; k < mention->holder_count && k < HOLDERS_KEPT; k++)
			if (candidates->of[mention->holders[k]] != number + 1)
				return false;
	}
	return mentions.complete;
}

bool lonely_wait_find(struct analysis *analysis, struct lonely_wait *ret)
{
	struct candidates candidates = {0};

	*ret = (struct lonely_wait){0};
	collect(analysis, &candidates);
	for (int tries = 0; tries < TRIED; tries++) {
		size_t best = candidates.items.count;

		for (size_t i = 0; i < candidates.items.count; i++) {
			const struct candidate *one = &candidates.items.items[i];

			if (one->count && one->count >= rows[one->row].possible &&
			    (best == candidates.items.count || one->count > candidates.items.items[best].count))
				best = i;
		}
		if (best == candidates.items.count)
			return false;
		if (!somebody_receives(analysis, &candidates.items.items[best]) && is_alone(analysis, &candidates, best)) {
			const struct candidate *one = &candidates.items.items[best];

			*ret = (struct lonely_wait){one->wait, one->first, one->function, one->count,
						    one->count >= rows[one->row].likely, rows[one->row].text, rows[one->row].action,
						    rows[one->row].remedy};
			return true;
		}
		candidates.items.items[best].count = 0;
	}
	return false;
}
