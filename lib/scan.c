/* scan.c: a scan of executables, from paths to a report. */
#include "lib/options.h"
#include "lib/report_file.h"
#include "lib/result.h"
#include "lib/tornstack.h"
#include "report/scan_report.h"

#include <string.h>

#define BUDGET ((size_t)2 << 30)

struct job {
	struct arena *arena;
	const char *const *paths;
	const struct ts_scan_options *options;
	struct scan_batch *batch;
	FILE *out;
	struct report_file *report;
	const struct err *error;
};

static const struct err *write_report(struct job *job)
{
	const struct scan_report_options options = {
		.version = TORNSTACK_VERSION,
		.columns = job->options->columns,
		.color = job->options->color,
		.verbose = job->options->verbose,
		.quiet = job->options->quiet,
	};
	const struct err *error = report_file_open(job->arena, job->out, &job->report);
	bool whole = true;

	if (error)
		return error;
	if (job->options->format == TS_JSON)
		whole = report_scan_json(job->arena, job->batch, &options, job->report->stream);
	else if (job->options->format == TS_SARIF)
		whole = report_sarif(job->arena, job->batch, &options, job->report->stream);
	else
		report_scan_text(job->arena, job->batch, &options, job->report->stream);
	if (!whole)
		return err_new(job->arena, ERR_LIMIT, "no memory for the report");
	return NULL;
}

static void run(void *context)
{
	struct job *job = context;
	const struct scan_options options = {
		.workers = job->options->workers,
		.max_size = job->options->max_size,
		.isolated = job->options->isolated,
		.cancel = {job->options->cancelled, job->options->context},
		.progress = job->options->progress,
		.context = job->options->context,
	};

	job->batch = scan_paths(job->arena, job->paths, &options);
	job->error = write_report(job);
}

static enum ts_outcome outcome_of(const struct scan_batch *batch)
{
	for (size_t i = 0; i < batch->failures.count; i++)
		if (batch->failures.items[i].given)
			return TS_PARTIAL;
	for (size_t i = 0; i < batch->binaries.count; i++)
		if (batch->binaries.items[i].exposed)
			return TS_ANALYSED_CORRUPTION;
	return TS_ANALYSED;
}

static struct ts_result scan(const char *const *paths, const struct ts_scan_options *options, FILE *out)
{
	struct ts_result result = {0};
	struct job job = {.arena = arena_new(BUDGET), .paths = paths, .options = options, .out = out};

	if (!job.arena || !arena_run(job.arena, run, &job))
		result_fail(&result, ERR_LIMIT, "the scan needs more memory than it may take (2 GiB), or than there is");
	else if (options->cancelled && options->cancelled(options->context))
		result.outcome = TS_CANCELLED;
	else if (job.error)
		result_fail(&result, job.error->code, job.error->text);
	else
		result.outcome = outcome_of(job.batch);
	if (job.batch && job.batch->exposed)
		snprintf(result.exposed, sizeof result.exposed, "%s", job.batch->exposed);
	if (result.outcome != TS_FAILED && result.outcome != TS_CANCELLED)
		report_file_finish(job.report);
	arena_free(job.arena);
	return result;
}

struct ts_result ts_scan_sized(const char *const *paths, const struct ts_scan_options *given, size_t size, FILE *out)
{
	struct ts_result result = {0};
	struct ts_scan_options options;

	if (!options_take(given, size, &options, sizeof options, &result))
		return result;
	if (options.format != TS_TEXT && options.format != TS_JSON && options.format != TS_SARIF) {
		result_fail(&result, ERR_UNSUPPORTED, "a scan has no such format: see enum ts_format");
		return result;
	}
	return scan(paths, &options, out);
}
