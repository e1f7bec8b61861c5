/* triage.c: many inputs, from paths to clusters. */
#include "fleet/views.h"
#include "lib/result.h"
#include "lib/round.h"

#include <stdlib.h>
#include <time.h>

#define BUDGET ((size_t)8 << 30)
#define ROUND_BUDGET ((size_t)4 << 30)

enum { COLUMNS = 100 };

struct view {
	struct triage *triage;
	struct arena *arena;
	struct texts *told; /* values: how many incidents a cluster had when it was told of last; NULL: all are told */
	bool settled;
	size_t added;
};

static void put_clusters(struct triage *triage, const struct clusters *clusters, struct arena *arena)
{
	const struct view_options options = {.title = "Crashes", .columns = triage->options->columns ? triage->options->columns : COLUMNS,
					     .color = triage->options->color, .verbose = triage->options->verbose, .quiet = triage->options->quiet};

	if (triage->options->format == TS_HTML)
		view_page(arena, triage->fleet, clusters, &options, triage->out);
	else if (triage->options->format != TS_JSON)
		view_table(arena, triage->fleet, clusters, &options, triage->out);
	else
		for (size_t i = 0; i < clusters->items.count; i++)
			triage->exhausted |= !view_line(arena, &clusters->items.items[i], triage->out);
}

/* Those that grew since they were told of. */
static void keep_changed(struct view *view, struct clusters *clusters)
{
	size_t kept = 0;

	for (size_t i = 0; i < clusters->items.count; i++) {
		const struct cluster *cluster = &clusters->items.items[i];
		uint64_t **value = (uint64_t **)&texts_slot(view->told, cluster->id)->value;

		if (!*value)
			*value = arena_alloc(view->triage->arena, sizeof **value);
		if (**value != cluster->count)
			clusters->items.items[kept++] = *cluster;
		**value = cluster->count;
	}
	clusters->items.count = kept;
}

static void run_round(void *context)
{
	struct view *view = context;
	struct clusters *clusters;

	view->added = round_run(view->triage, view->arena, view->settled);
	if (view->settled && !view->added)
		return;
	clusters = fleet_clusters(view->triage->fleet, view->arena);
	if (view->told)
		keep_changed(view, clusters);
	put_clusters(view->triage, clusters, view->arena);
	fflush(view->triage->out);
}

static bool is_over(const struct triage *triage)
{
	return triage->stopped || triage->exhausted || triage->error || ferror(triage->out) ||
	       (triage->options->analysis.cancelled && triage->options->analysis.cancelled());
}

static void one_round(struct triage *triage, struct texts *told, bool settled)
{
	struct view view = {.triage = triage, .arena = arena_new(ROUND_BUDGET), .told = told, .settled = settled};

	if (!view.arena || !arena_run(view.arena, run_round, &view))
		triage->exhausted = true;
	arena_free(view.arena);
}

/* Folders are read again and again: that works on every file system, and what is written to is waited for anyway. */
static void watch(struct triage *triage)
{
	const struct timespec pause = {.tv_sec = 1};
	struct texts told = {.arena = triage->arena};

	one_round(triage, &told, true);
	while (!is_over(triage)) {
		nanosleep(&pause, NULL);
		one_round(triage, &told, true);
	}
}

static void run(void *context)
{
	struct triage *triage = context;

	triage->fleet = fleet_new(triage->arena);
	triage->done.arena = triage->arena;
	if (triage->options->state)
		triage->error = state_open(triage->arena, triage->options->state, round_recall, triage, &triage->state);
	if (triage->error)
		return;
	if (triage->options->watch)
		watch(triage);
	else
		one_round(triage, NULL, false);
}

static void conclude(const struct triage *triage, struct ts_result *result)
{
	if (triage->exhausted || !triage->fleet)
		result_fail(result, ERR_LIMIT, "what is known of the inputs needs more memory than it may take (8 GiB), or than there is");
	else if (triage->error)
		result_fail(result, triage->error->code, triage->error->text);
	else if (triage->options->analysis.cancelled && triage->options->analysis.cancelled())
		result->outcome = TS_CANCELLED;
	else if (triage->fleet->analysed)
		result->outcome = triage->failed ? TS_PARTIAL : TS_ANALYSED;
	else if (triage->failed)
		result->outcome = TS_PARTIAL;
	else
		result_fail(result, ERR_NO_DUMP, "there is no dump, and no log of a crash, in what was named");
	memcpy(result->exposed, triage->exposed, sizeof result->exposed);
}

struct ts_result ts_triage(const char *const *paths, const struct ts_triage_options *options, FILE *out)
{
	struct triage triage = {.arena = arena_new(BUDGET), .paths = paths, .options = options, .out = out};
	struct ts_result result = {0};

	pthread_mutex_init(&triage.lock, NULL);
	if (!triage.arena || !arena_run(triage.arena, run, &triage))
		triage.exhausted = true;
	pthread_mutex_destroy(&triage.lock);
	conclude(&triage, &result);
	arena_free(triage.arena);
	return result;
}
