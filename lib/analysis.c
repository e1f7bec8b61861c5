/* analysis.c: a job from its beginning to its result. */
#include "lib/analysis.h"

#include "base/mapping.h"
#include "base/slices.h"
#include "lib/crash_reports.h"
#include "lib/job.h"
#include "lib/result.h"
#include "report/escape.h"

enum { PAGES_LEAST = 64 << 20 }; /* bytes that a thread is worth */

static void run(void *context)
{
	struct job *job = context;
	struct diagnosis *diagnosis;
	bool each;

	job->error = job_open(job);
	if (!job->error)
		job->error = job_adopt_executable(job);
	if (job->error || job_cancelled(job))
		return;
	crash_reports_tell_apart(job);
	each = crash_reports_wanted(job);
	if (each)
		crash_reports_survey(job);
	diagnosis = job_examine(job);
	if (!diagnosis || job_cancelled(job))
		return;
	progress_report(&job->progress, PROGRESS_WRITING, 0, 0);
	steps_fill(job->steps, job_steps(job));
	job->error = job->options->format == TS_SLIM ? job_write_slim(job, diagnosis)
		     : each                          ? crash_reports_write(job, diagnosis)
						     : job_write_report(job, diagnosis);
	job_cancelled(job);
}

/* An error's text needs memory too, so it is made under arena_run like everything else. */
static void describe(void *context)
{
	struct job *job = context;

	job->error = err_new(job->arena, job->error->code, "%s",
			     escape_line(job->arena, err_describe(job->arena, job->error)));
}

static void fail_with(struct job *job, struct ts_result *result)
{
	arena_run(job->arena, describe, job);
	result_fail(result, job->error->code, job->error->text);
}

static void fail_lost(const char *path, struct ts_result *result)
{
	char text[sizeof result->error];

	snprintf(text, sizeof text, "%.900s: it became shorter while it was read, or its disk failed", path);
	result_fail(result, ERR_IO, text);
}

static void conclude(struct job *job, bool completed, struct ts_result *result)
{
	const char *lost = job->lost ? job->lost : mapping_lost(job->arena);

	if (lost) /* whatever came of it, came of zeros */
		fail_lost(lost, result);
	else if (!completed)
		result_fail(result, ERR_LIMIT, "the analysis needs more memory than it may take (2 GiB), or than there is");
	else if (job_cancelled(job)) /* also when the error is only how a step said so */
		result->outcome = TS_CANCELLED;
	else if (job->error)
		fail_with(job, result);
	else
		result->outcome = job->corruption ? TS_ANALYSED_CORRUPTION : TS_ANALYSED;
	if (job->options->progress)
		job->options->progress(job->options->context, TS_DONE, 0, 0);
	if (job->crashes_told < job->crashes_total)
		snprintf(result->remark, sizeof result->remark, "the log holds %zu crashes, of which the last %zu were looked at: --crash takes another",
			 job->crashes_total, job->crashes_told);
	result->begun = job->begun || (job->report && job->report->passing);
	if (job->report && (result->outcome == TS_ANALYSED || result->outcome == TS_ANALYSED_CORRUPTION))
		report_file_finish(job->report);
}

static void pass_slice(void *context, size_t slice, size_t from, size_t to)
{
	(void)slice;
	mapping_pass(span_slice(*(const struct span *)context, from, to - from));
}

/* Pages of a large dump take as long to unmap as a tenth of the analysis: several threads do that at once, munmap(2) in none but one. */
static void give_pages_back(const struct job *job)
{
	struct span bytes = job->opened.image ? job->opened.image->bytes : (struct span){0};
	const size_t slices = slices_count(job->options->workers, bytes.size, PAGES_LEAST);

	if (slices > 1)
		slices_run(slices, bytes.size, pass_slice, &bytes);
}

struct ts_result analysis_run(const char *dump, const struct ts_options *options, FILE *out)
{
	struct ts_result result = {0};
	struct steps steps = {0};
	struct job job = {.steps = &steps, .arena = arena_new(JOB_BUDGET), .dump = dump, .options = options, .out = out};
	struct steps *before = steps_joined();
	bool completed;

	job.progress = (struct progress){.report = job_show_progress, .context = &job};
	if (!job.arena) {
		result_fail(&result, ERR_LIMIT, "no memory");
		return result;
	}
	steps_fill(&steps, JOB_STEPS);
	steps_join(&steps);
	completed = arena_run(job.arena, run, &job);
	steps_join(before);
	conclude(&job, completed, &result);
	give_pages_back(&job);
	arena_free(job.arena);
	return result;
}
