/* crash_reports.c: see crash_reports.h. */
#include "lib/crash_reports.h"

#include "base/mapping.h"
#include "formats/log/crashes.h"
#include "lib/crashes.h"
#include "report/escape.h"

#include <string.h>

enum {
	BUILDS_MOST = 20, /* builds whose executables are looked for: a log may name as many as it likes, and debuginfod may be far away */
	STEPS_SHIFT = 4,  /* a crash among many may take a part of the steps that one alone may, and one for each byte */
};

/* Builds that crashes of the log are of. */
struct builds {
	const char *ids[BUILDS_MOST];
	size_t count;
};

/* One that is not the log's last, on an arena of its own. */
struct one_crash {
	struct job job;
	struct job *whole;
	const struct image *log;
	size_t index;
	const struct err *(*then)(void *what, const struct diagnosis *diagnosis);
	void *what;
};

/* Whether it is one of those that are looked for. */
static bool takes_build(struct job *whole, const char *id)
{
	struct builds *builds = whole->builds;

	if (!builds)
		builds = whole->builds = arena_alloc(whole->arena, sizeof *builds);
	for (size_t i = 0; i < builds->count; i++)
		if (!strcmp(builds->ids[i], id))
			return true;
	if (builds->count == BUILDS_MOST)
		return false;
	builds->ids[builds->count++] = arena_strdup(whole->arena, id);
	return true;
}

static void run_crash(void *context)
{
	struct one_crash *one = context;
	struct job *job = &one->job;
	struct diagnosis *diagnosis;
	struct image *image = log_crash_image(job->arena, job_notes(job->arena), one->log, one->index);

	if (image->said.build_id && !takes_build(one->whole, image->said.build_id))
		image->said.build_id = NULL;
	job->opened.image = image;
	job->steps_most = (JOB_STEPS >> STEPS_SHIFT) + log_crash_at(one->log, one->index).bytes;
	job_keep_opened(job);
	diagnosis = job_examine(job);
	if (!diagnosis || job_cancelled(job))
		return;
	steps_fill(job->steps, job_steps(job));
	job->error = one->then(one->what, diagnosis);
}

static void release_arena(void *object)
{
	arena_free(*(struct arena **)object);
}

static const struct err *examine_crash(void *context, size_t index, const struct err *(*then)(void *, const struct diagnosis *), void *what)
{
	struct job *job = context;
	struct one_crash one = {.job = *job, .whole = job, .log = job->opened.image, .index = index, .then = then, .what = what};
	struct arena **held = arena_alloc(job->arena, sizeof *held);
	const struct err *error = NULL;
	const char *lost;

	arena_defer(job->arena, release_arena, held); /* where the log's own memory runs out meanwhile */
	*held = one.job.arena = arena_new(JOB_BUDGET);
	if (!one.job.arena || !arena_run(one.job.arena, run_crash, &one))
		error = err_new(job->arena, ERR_LIMIT, "its analysis needs more memory than it may take (2 GiB), or than there is");
	else if (one.job.error)
		error = err_new(job->arena, one.job.error->code, "%s", err_describe(job->arena, one.job.error));
	lost = mapping_lost(one.job.arena);
	if (lost)
		job->lost = arena_strdup(job->arena, lost);
	job->cancelled |= one.job.cancelled;
	job->corruption |= one.job.corruption;
	arena_free(one.job.arena);
	*held = NULL;
	return error;
}

/* How each format has several crashes. */
static const struct {
	bool lines; /* a line for each */
	void (*between)(struct arena *arena, const struct report_options *options, FILE *out);
	void (*end)(struct arena *arena, const struct report_options *options, FILE *out);
} together[] = {
	[TS_TEXT] = {false, report_text_between, report_text_end},
	[TS_JSON] = {false, report_json_between, report_json_end},
	[TS_MARKDOWN] = {false, report_markdown_between, report_markdown_end},
	[TS_BRIEF] = {true, NULL, NULL},
	[TS_INCIDENT] = {true, NULL, NULL},
	[TS_SLIM] = {false, NULL, NULL},
};

bool crash_reports_wanted(const struct job *job)
{
	const struct ts_options *options = job->options;

	return options->every_crash && !options->crash && !options->filter && !(options->quiet && options->format == TS_TEXT) &&
	       (together[options->format].end || together[options->format].lines) && log_crash_count(job->opened.image) > 1;
}

void crash_reports_survey(struct job *job)
{
	const struct crash_analyst analyst = {examine_crash, job, {job->options->cancelled, job->options->context}};

	if (!together[job->options->format].lines)
		job->crashes = crashes_survey(job->arena, job->opened.image, &analyst);
}

/* NULL: crashes are not told from those of other logs. */
static const struct report_crash *place_of(const struct job *job, size_t index)
{
	const struct log_crash_key *key = job->crash_keys ? &job->crash_keys[index] : NULL;
	struct report_crash *crash = key ? arena_alloc(job->arena, sizeof *crash) : NULL;

	if (crash)
		*crash = (struct report_crash){.number = log_crash_at(job->opened.image, index).number, .total = log_crash_numbers(job->opened.image),
					       .digest = key->digest, .seen = key->seen.known ? key->seen.seconds : -1};
	return crash;
}

void crash_reports_tell_apart(struct job *job)
{
	const struct image *log = job->opened.image;
	const size_t most = crashes_most(log_crash_count(log), 0);
	struct log_crash_key *keys;

	if (job->options->format != TS_INCIDENT || job->options->crash || !most)
		return;
	keys = arena_array(job->arena, most, sizeof *keys);
	log_crash_keys(job->arena, log, most, keys);
	job->crash_keys = keys;
	job->crash = place_of(job, 0);
}

/* What the report of another crash is a part of, and that. */
struct part {
	struct job *whole;
	struct job job;
	bool begun;
};

static const struct err *write_part(void *context, const struct diagnosis *diagnosis)
{
	struct part *part = context;
	struct job *job = &part->job;
	const struct err *error;

	job->arena = diagnosis->arena;
	job->out = part->whole->report->stream;
	error = job_write_report(job, diagnosis);
	if (!error)
		report_file_finish(job->report);
	return error;
}

/* In place of a report that was not begun. */
static void write_failure(const struct job *job, const struct err *error, FILE *out)
{
	const struct failure failure = {.version = TORNSTACK_VERSION, .input = job->opened.image->name, .code = err_code_name(error->code),
					.text = error->text};

	if (job->options->format == TS_JSON)
		report_failure(job->arena, &failure, out);
	else
		fprintf(out, "not analysed (%s): %s\n", failure.code, escape_line(job->arena, failure.text));
}

/* Behind that of the log's last crash, those of the others. */
static const struct err *write_others(struct job *job)
{
	struct report_options options = {.columns = job->options->columns, .color = job->options->color, .crashes = job->crashes};
	FILE *out = job->report->stream;

	for (size_t i = 1; i < job->crashes->reports && !job_cancelled(job); i++) {
		struct part part = {.whole = job, .job = *job};
		const struct err *error;

		part.job.passed = &part.begun;
		options.crash_report = part.job.crash_report = i;
		together[job->options->format].between(job->arena, &options, out);
		error = examine_crash(job, (size_t)(crash_reported(job->crashes, i) - job->crashes->items), write_part, &part);
		if (error && part.begun) { /* and it cannot be ended */
			job->begun = true;
			return error;
		}
		if (error)
			write_failure(job, error, out);
	}
	together[job->options->format].end(job->arena, &options, out);
	return NULL;
}

/* In place of a line. */
static void write_line_failure(const struct job *job, const struct err *error, FILE *out)
{
	const char *code = err_code_name(error->code);

	if (job->options->format == TS_INCIDENT)
		report_incident_failure(job->arena, job->crash, code, escape_line(job->arena, err_describe(job->arena, error)), out);
	else
		fprintf(out, "%s#%zu: not analysed (%s)\n", escape_line(job->arena, job->opened.image->name), job->crash_number, code);
}

static const struct err *write_line(void *context, const struct diagnosis *diagnosis)
{
	struct part *part = context;
	const struct report_options options = job_report_options(&part->job, diagnosis);

	job_write_as(part->job.options, diagnosis, &options, part->whole->report->stream);
	return NULL;
}

static void write_lines(struct job *job, const struct exe *exe)
{
	const size_t total = log_crash_count(job->opened.image), most = crashes_most(total, exe ? exe->bytes.size : 0);
	FILE *out = job->report->stream;

	for (size_t i = 1; i < most && !job_cancelled(job); i++) {
		struct part part = {.whole = job, .job = *job};
		const struct err *error;

		part.job.crash = place_of(job, i);
		part.job.crash_number = log_crash_at(job->opened.image, i).number;
		error = examine_crash(job, i, write_line, &part);
		if (error)
			write_line_failure(&part.job, error, out);
	}
	job->crashes_total = total;
	job->crashes_told = most;
}

const struct err *crash_reports_write(struct job *job, const struct diagnosis *diagnosis)
{
	const struct err *error;

	if (job->crashes) {
		crash_tell(job->arena, diagnosis, job->crashes->items);
		crash_list_settle(job->crashes);
	} else {
		job->crash_number = log_crash_at(job->opened.image, 0).number;
	}
	error = job_write_report(job, diagnosis);
	if (!error && job->crashes)
		return write_others(job);
	if (!error)
		write_lines(job, diagnosis->analysis->runtime->exe);
	return error;
}
