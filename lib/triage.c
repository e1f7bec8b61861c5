/* triage.c: many inputs, from paths to clusters. */
#include "base/workers.h"
#include "lib/options.h"
#include "lib/overview.h"
#include "lib/result.h"
#include "lib/round.h"
#include "lib/sample.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define BUDGET ((size_t)8 << 30)
#define ROUND_BUDGET ((size_t)4 << 30)

enum { COLUMNS = 100 };

struct view {
	struct triage *triage;
	struct arena *arena;
	struct texts *told; /* values: how many incidents a cluster had when it was told of last; NULL: all are told */
	bool settled;
	size_t added;
	const struct err *err;
};

static void put_clusters(struct view *view, struct clusters *clusters)
{
	struct triage *triage = view->triage;
	const struct ts_triage_options *options = triage->options;
	const struct overview overview = {
		.format = options->format,
		.options = {.title = "Crashes", .columns = options->columns ? options->columns : COLUMNS, .color = options->color,
			    .verbose = options->verbose, .quiet = options->quiet},
		.since = options->since,
		.metrics = options->metrics,
	};
	bool news = false;

	view->err = overview_write(view->arena, &overview, triage->fleet, clusters, triage->out, &news);
	triage->news |= news;
}

/* ---- the history ---- */

struct keeping {
	struct triage *triage;
	VEC(const struct cluster *) todo;
};

/* The fingerprint of the cluster's sample; NULL: it is a member of an archive, or gone. */
static const char *sampled(const struct cluster *cluster)
{
	if (access(cluster->sample.path, R_OK))
		return NULL;
	for (size_t i = 0; i < cluster->groups.count; i++)
		if (!strcmp(cluster->groups.items[i]->sample.path, cluster->sample.path) && cluster->groups.items[i]->sample.number == cluster->sample.number)
			return cluster->groups.items[i]->fingerprint;
	return NULL;
}

struct one_report {
	struct triage *triage;
	const struct cluster *cluster;
	struct arena *arena;
};

static void keep_report(void *context)
{
	const struct one_report *one = context;
	struct triage *triage = one->triage;
	const char *fingerprint = sampled(one->cluster), *headline = NULL, *report = NULL;

	if (!fingerprint || !sample_report(one->arena, &one->cluster->sample, fingerprint, triage->analysis, triage->options->unredacted, &headline, &report))
		return;
	pthread_mutex_lock(&triage->lock);
	if (!triage->history_error)
		triage->history_error = history_keep_report(triage->database, fingerprint, headline, report);
	pthread_mutex_unlock(&triage->lock);
}

static void work_on_report(void *context, size_t worker, size_t index)
{
	const struct keeping *keeping = context;
	struct one_report one = {.triage = keeping->triage, .cluster = keeping->todo.items[index], .arena = arena_new(ROUND_BUDGET)};

	(void)worker;
	if (one.arena)
		arena_run(one.arena, keep_report, &one);
	arena_free(one.arena);
}

/* One for each cluster that has none yet. */
static const struct err *keep_reports(struct triage *triage, struct arena *arena, const struct clusters *clusters)
{
	struct keeping keeping = {.triage = triage};
	const struct err *err = NULL;

	for (size_t i = 0; i < clusters->items.count && !err; i++) {
		bool has = false;

		err = history_has_report(triage->database, clusters->items.items[i].id, &has);
		if (!has)
			vec_push(arena, &keeping.todo, &clusters->items.items[i]);
	}
	if (!err)
		workers_run(triage->options->workers, triage->analysis->isolated, keeping.todo.count, work_on_report, &keeping);
	return err ? err : triage->history_error;
}

/* Clusters by the ids that they have in the history, which what was found may be new to. */
static struct clusters *settled_clusters(struct view *view)
{
	struct triage *triage = view->triage;
	struct clusters *clusters;

	if (!triage->database)
		return fleet_clusters(triage->fleet, view->arena);
	view->err = history_settle(triage->database, view->arena);
	if (!view->err)
		view->err = history_assign(triage->database, triage->fleet);
	clusters = fleet_clusters(triage->fleet, view->arena);
	if (!view->err && triage->options->since)
		view->err = history_date(triage->database, clusters, triage->options->since);
	if (!view->err)
		view->err = keep_reports(triage, view->arena, clusters);
	return clusters;
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

/* Where it lies goes with the round. */
static void copy_error(void *context)
{
	const struct view *view = context;

	view->triage->error = err_new(view->triage->arena, view->err->code, "%s", view->err->text);
}

static void tell_error(struct view *view)
{
	if (!arena_run(view->triage->arena, copy_error, view))
		view->triage->exhausted = true;
}

static void run_round(void *context)
{
	struct view *view = context;
	struct clusters *clusters;

	view->added = round_run(view->triage, view->arena, view->settled);
	if (view->settled && !view->added)
		return;
	if (view->triage->error)
		return;
	clusters = settled_clusters(view);
	if (view->told)
		keep_changed(view, clusters);
	if (!view->err)
		put_clusters(view, clusters);
	fflush(view->triage->out);
	if (view->err)
		tell_error(view);
}

static bool is_over(const struct triage *triage)
{
	return triage->stopped || triage->exhausted || triage->error || ferror(triage->out) ||
	       (triage->analysis->cancelled && triage->analysis->cancelled(triage->analysis->context));
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

/* What could not be added to the history of what the state tells stays the error. */
static void open_state(struct triage *triage)
{
	const struct err *err = state_open(triage->arena, triage->options->state, round_recall, triage, &triage->state);

	triage->error = triage->error ? triage->error : err;
}

static void run(void *context)
{
	struct triage *triage = context;

	triage->fleet = fleet_new(triage->arena);
	triage->done.arena = triage->arena;
	if (triage->options->db)
		triage->error = database_open(triage->arena, triage->options->db, DATABASE_WRITE, &triage->database);
	if (triage->options->state && !triage->error)
		open_state(triage);
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
	else if (triage->analysis->cancelled && triage->analysis->cancelled(triage->analysis->context))
		result->outcome = TS_CANCELLED;
	else if (triage->news) /* whatever else could not be read: an alert must not wait until somebody has removed that */
		result->outcome = TS_NEWS;
	else if (triage->fleet->analysed)
		result->outcome = triage->failed ? TS_PARTIAL : TS_ANALYSED;
	else if (triage->failed)
		result->outcome = TS_PARTIAL;
	else
		result_fail(result, ERR_NO_DUMP, "there is no dump, and no log of a crash, in what was named");
	memcpy(result->exposed, triage->exposed, sizeof result->exposed);
}

static struct ts_result run_all(struct triage *triage)
{
	struct ts_result result = {0};

	pthread_mutex_init(&triage->lock, NULL);
	if (!triage->arena || !arena_run(triage->arena, run, triage))
		triage->exhausted = true;
	pthread_mutex_destroy(&triage->lock);
	conclude(triage, &result);
	arena_free(triage->arena);
	return result;
}

struct ts_result ts_triage_sized(const char *const *paths, const struct ts_options *given_analysis, size_t analysis_size,
				 const struct ts_triage_options *given, size_t size, FILE *out)
{
	struct ts_result result = {0};
	struct ts_options analysis;
	struct ts_triage_options options;

	if (!options_take(given_analysis, analysis_size, &analysis, sizeof analysis, &result) ||
	    !options_take(given, size, &options, sizeof options, &result))
		return result;
	if (options.format != TS_TEXT && options.format != TS_JSON && options.format != TS_HTML && options.format != TS_OTLP) {
		result_fail(&result, ERR_UNSUPPORTED, "triage has no such format: see enum ts_format");
		return result;
	}
	return run_all(&(struct triage){.arena = arena_new(BUDGET), .paths = paths, .analysis = &analysis, .options = &options, .out = out});
}
