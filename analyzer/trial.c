/* trial.c: see trial.h. Threads share what is read only: the dump, modules, the list of goroutines, the walks of threads. What
 * remembers its last answer each has for itself. */
#include "analyzer/trial.h"

#include "analyzer/instructions/tear.h"
#include "base/slices.h"

enum {
	BUDGET = 1 << 26,
	LEAST = 8,        /* goroutines for a thread */
	FRAMES = 1 << 24, /* that a thread walks at a time: more only where stacks overlap, or nearly */
};

struct worker {
	struct trials *trials;
	struct arena *arena; /* NULL: none, or it is exhausted */
	struct notes notes;
	struct analysis analysis;
	struct stack stack;
	size_t from, to; /* what it is looking at */
};

struct trials {
	struct worker workers[SLICES_MOST];
	size_t count;
	trial_look *look;
	size_t first; /* goroutine, of those that are looked at */
	struct trial *results;
};

bool trial_gives_up(struct analysis *analysis)
{
	if (analysis->trial)
		analysis->trial->settled = false;
	return analysis->trial;
}

bool trial_is_over(const struct analysis *analysis)
{
	return analysis->trial && !analysis->trial->settled;
}

static void release(void *object)
{
	trials_end(object);
}

/* On the thread that makes all workers: Capstone is not ready for several at once before it has been opened. */
static void set_up(void *context)
{
	struct worker *worker = context;
	struct analysis *analysis = &worker->analysis;

	worker->notes.arena = worker->arena;
	analysis->runtime = go_runtime_share(analysis->runtime, worker->arena, &worker->notes);
	analysis->arena = worker->arena;
	analysis->image = analysis->runtime->image;
	analysis->notes = &worker->notes;
	analysis->tear_cache = tear_cache_new(analysis->runtime);
	analysis->leaving = analysis->splitting = (struct word_map){0};
	analysis->long_stack = analysis->state_stack = (struct stack){0};
}

static void drop_arena(struct worker *worker)
{
	arena_free(worker->arena);
	worker->arena = NULL;
}

struct trials *trials_new(struct analysis *analysis, trial_look *look)
{
	const size_t count = slices_count(analysis->image->workers, analysis->runtime->goroutines.count, LEAST);
	struct trials *trials;

	if (count < 2)
		return NULL;
	trials = arena_alloc(analysis->arena, sizeof *trials);
	arena_defer(analysis->arena, release, trials);
	trials->count = count;
	trials->look = look;
	for (size_t i = 0; i < count; i++) {
		struct worker *worker = &trials->workers[i];

		*worker = (struct worker){.trials = trials, .arena = arena_new(BUDGET), .analysis = *analysis};
		if (worker->arena && !arena_run(worker->arena, set_up, worker))
			drop_arena(worker);
	}
	return trials;
}

void trials_end(struct trials *trials)
{
	for (size_t i = 0; trials && i < trials->count; i++)
		drop_arena(&trials->workers[i]);
}

static void look_at_slice(void *context)
{
	struct worker *worker = context;
	struct trials *trials = worker->trials;
	size_t frames = 0;

	for (size_t i = worker->from; i < worker->to && frames < FRAMES; i++) {
		struct trial trial = {.settled = true};

		worker->analysis.trial = &trial;
		trials->look(&worker->analysis, trials->first + i, &worker->stack, &trial);
		if (worker->notes.count)
			trial.settled = false;
		worker->notes.count = 0;
		frames += trial.depth;
		trials->results[i] = trial;
	}
}

static void work(void *context, size_t slice, size_t from, size_t to)
{
	struct trials *trials = context;
	struct worker *worker = &trials->workers[slice];

	for (size_t i = from; i < to; i++)
		trials->results[i].settled = false;
	worker->from = from;
	worker->to = to;
	if (worker->arena && !arena_run(worker->arena, look_at_slice, worker))
		drop_arena(worker);
}

void trials_run(struct trials *trials, size_t first, size_t count, struct trial *ret)
{
	trials->first = first;
	trials->results = ret;
	slices_run(trials->count, count, work, trials);
}
