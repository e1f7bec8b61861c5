/* history.c: ts_history: what a database knows, and what people do to it. */
#include "lib/tornstack.h"

#include "fleet/history/database_name.h"
#include "fleet/history/history.h"
#include "lib/options.h"
#include "lib/overview.h"
#include "lib/result.h"
#include "lib/site.h"
#include "report/escape.h"

#include <string.h>

#define BUDGET ((size_t)8 << 30)

enum { COLUMNS = 100 };

struct telling {
	struct arena *arena;
	const struct ts_history_options *options;
	FILE *out;
	struct database *database;
	const char *fingerprint; /* whole; NULL: of all */
	struct fleet *fleet;
	const struct err *err;
	bool news, exhausted;
};

static const struct err *find(struct telling *telling)
{
	const struct ts_history_options *options = telling->options;
	const struct err *err = options->fingerprint ? history_find(telling->database, telling->arena, options->fingerprint, &telling->fingerprint) : NULL;

	if (err || !options->fingerprint || telling->fingerprint)
		return err;
	return err_new(telling->arena, ERR_ABSENT, "%s: no crash of that fingerprint, or several that begin so, are in %s", options->fingerprint,
		       database_shown(telling->arena, options->db));
}

static const struct err *change(struct telling *telling)
{
	const struct ts_history_options *options = telling->options;
	const struct err *err = NULL;
	uint64_t removed = 0;

	if (options->note)
		err = history_note(telling->database, telling->arena, telling->fingerprint, "note", options->note, options->now);
	if (options->issue && !err)
		err = history_note(telling->database, telling->arena, telling->fingerprint, "issue", options->issue, options->now);
	if (options->retain && !err)
		err = history_retain(telling->database, telling->arena, options->retain, &removed);
	return err;
}

static void take(void *context, const struct incident *incident)
{
	fleet_add(((struct telling *)context)->fleet, incident);
}

struct recording {
	struct telling *telling;
	struct arena *arena;
	const struct incident *incident;
};

static void write_record(void *context)
{
	const struct recording *recording = context;

	recording->telling->exhausted |= !view_record(recording->arena, recording->incident, recording->telling->out);
}

static void take_record(void *context, const struct incident *incident)
{
	enum { RECORD_BUDGET = 16 << 20 };
	struct recording recording = {.telling = context, .arena = arena_new(RECORD_BUDGET), .incident = incident};

	if (!recording.arena || !arena_run(recording.arena, write_record, &recording))
		recording.telling->exhausted = true;
	arena_free(recording.arena);
}

static void write_report(struct telling *telling, const char *report)
{
	fputs("\nReport of one of them:\n\n", telling->out);
	for (size_t length; *report; report += length + (report[length] == '\n')) {
		length = strcspn(report, "\n");
		fprintf(telling->out, "%s\n", escape_line(telling->arena, arena_strndup(telling->arena, report, length)));
	}
}

/* What text says of one crash besides. */
static const struct err *write_more(struct telling *telling)
{
	struct crash_history history;
	const char *report = NULL;
	const struct err *err = history_of(telling->database, telling->arena, telling->fingerprint, &history);

	if (!err)
		err = history_report(telling->database, telling->arena, history.cluster ? history.cluster : telling->fingerprint, &report);
	if (err)
		return err;
	fprintf(telling->out, "\n%s\n", escape_line(telling->arena, history_sentence(telling->arena, &history)));
	if (report && !telling->options->quiet)
		write_report(telling, report);
	return NULL;
}

static const struct err *write_clusters(struct telling *telling)
{
	const struct ts_history_options *options = telling->options;
	const struct overview overview = {
		.format = options->format,
		.options = {.title = "Crashes", .columns = options->columns ? options->columns : COLUMNS, .color = options->color,
			    .verbose = options->verbose || telling->fingerprint, .quiet = options->quiet},
		.since = options->since,
		.metrics = options->metrics,
	};
	const struct err *err = history_assign(telling->database, telling->fleet);
	struct clusters *clusters = fleet_clusters(telling->fleet, telling->arena);

	if (!err && options->since)
		err = history_date(telling->database, clusters, options->since);
	if (!err && options->pages)
		err = site_write(telling->arena, telling->database, telling->fleet, clusters, &overview.options, options->pages);
	if (!err)
		err = overview_write(telling->arena, &overview, telling->fleet, clusters, telling->out, &telling->news);
	return err || !telling->fingerprint || options->format != TS_TEXT ? err : write_more(telling);
}

static const struct err *tell(struct telling *telling)
{
	const struct history_selection all = {.fingerprint = telling->fingerprint};
	const struct history_selection recent = {.fingerprint = telling->fingerprint, .since = telling->options->since};
	const struct err *err = history_settle(telling->database, telling->arena); /* of who was ended before it could */

	if (!err && telling->options->format == TS_OTLP)
		err = history_each(telling->database, &recent, take_record, telling);
	if (!err)
		err = history_each(telling->database, &all, take, telling);
	return err ? err : write_clusters(telling);
}

static void run(void *context)
{
	struct telling *telling = context;

	telling->fleet = fleet_new(telling->arena);
	telling->err = database_open(telling->arena, telling->options->db, DATABASE_READ, &telling->database);
	if (!telling->err)
		telling->err = find(telling);
	if (!telling->err)
		telling->err = change(telling);
	if (!telling->err)
		telling->err = tell(telling);
}

static struct ts_result run_all(const struct ts_history_options *options, FILE *out)
{
	struct telling telling = {.arena = arena_new(BUDGET), .options = options, .out = out};
	struct ts_result result = {.outcome = TS_ANALYSED};

	if (!telling.arena || !arena_run(telling.arena, run, &telling) || telling.exhausted)
		result_fail(&result, ERR_LIMIT, "what is known needs more memory than it may take (8 GiB), or than there is");
	else if (telling.err)
		result_fail(&result, telling.err->code, telling.err->text);
	else if (telling.news)
		result.outcome = TS_NEWS;
	arena_free(telling.arena);
	return result;
}

struct ts_result ts_history_sized(const struct ts_history_options *given, size_t size, FILE *out)
{
	struct ts_result result = {0};
	struct ts_history_options options;

	if (!options_take(given, size, &options, sizeof options, &result))
		return result;
	if (options.format != TS_TEXT && options.format != TS_JSON && options.format != TS_OTLP) {
		result_fail(&result, ERR_UNSUPPORTED, "a history has no such format: see enum ts_format");
		return result;
	}
	return run_all(&options, out);
}
