/* analysis.c: the steps of an analysis, in order, under one arena. */
#include "lib/analysis.h"

#include "base/mapping.h"
#include "base/slices.h"
#include "base/steps.h"
#include "formats/unwind/libraries.h"
#include "formats/locator/locate.h"
#include "formats/locator/paths.h"
#include "formats/locator/program.h"
#include "formats/slim/slim.h"
#include "formats/slim/tables.h"
#include "lib/recollection.h"
#include "lib/report_file.h"
#include "lib/result.h"
#include "lib/slim.h"
#include "report/escape.h"
#include "report/fingerprint/fingerprint.h"
#include "report/report.h"

#include <string.h>

#define BUDGET ((size_t)2 << 30)

/* Steps of each of three parts: until all is walked, until all is judged, until all is written. None of the cases takes a fiftieth of
 * them, and a stack of 512 MB full of the smallest frames a sixth (docs/security.md). */
enum { STEPS = 1 << 24, STEPS_PER_BYTE_SHIFT = 1 };

enum { PAGES_LEAST = 64 << 20 }; /* bytes that a thread is worth */

/* What was known once the dump had been opened. */
struct opened {
	struct image *image;
	struct image then;
	const char **notes;
	size_t notes_count;
};

struct job {
	struct arena *arena;
	const char *dump;
	const struct ts_options *options;
	struct progress progress;
	FILE *out;
	struct report_file *report;
	const struct err *error;
	struct steps steps;
	bool surveying; /* it is loaded to learn which executable it is of, and no more */
	const struct exe *adopted; /* the executable of which the dump was given what it needs; NULL: none */
	uint64_t adopted_bias;
	bool begun; /* what is no report is being written */
	struct opened opened;
	bool cancelled;
	bool corruption;
};

static bool is_cancelled(struct job *job)
{
	if (job->options->cancelled && job->options->cancelled(job->options->context))
		job->cancelled = true;
	return job->cancelled;
}

static void show_progress(void *context, enum progress_phase phase, uint64_t done, uint64_t total)
{
	static const enum ts_phase phases[] = {
		[PROGRESS_COPYING] = TS_COPYING, [PROGRESS_DECOMPRESSING] = TS_DECOMPRESSING, [PROGRESS_LISTING] = TS_LISTING,
		[PROGRESS_WALKING] = TS_WALKING, [PROGRESS_JUDGING] = TS_JUDGING,	      [PROGRESS_WRITING] = TS_WRITING,
	};
	const struct ts_options *options = ((const struct job *)context)->options;

	if (options->progress)
		options->progress(options->context, phases[phase], done, total);
}

static uint64_t steps_for(const struct image *image)
{
	return STEPS + (image->bytes.size >> STEPS_PER_BYTE_SHIFT);
}

/* Its path is of a descriptor: no folder is beside it. */
static void name_dump(struct image *image, const char *title)
{
	if (!title)
		return;
	image->name = title;
	image->path = "-";
}

/* What was opened as a descriptor is called what the process called it. */
static void name_executable(struct image *image, struct exe_candidate *exe)
{
	const struct program_record program = program_of_image(image);

	if (!exe->exe || !program.path || strncmp(exe->exe->path, "/proc/self/fd/", strlen("/proc/self/fd/")))
		return;
	exe->source = EXE_FOUND;
	exe->exe->name = path_base_name(program.path);
}

static struct file_options file_options_of(const struct job *job)
{
	return (struct file_options){.max_size = job->options->max_size, .cancel = {job->options->cancelled, job->options->context},
				     .crash = job->options->crash, .names = job->options->names, .progress = &job->progress};
}

static const struct err *open_dump(struct job *job)
{
	const struct file_options file_options = file_options_of(job);
	struct notes *notes = arena_alloc(job->arena, sizeof *notes);
	struct opened *opened = &job->opened;
	const struct err *error;

	notes->arena = job->arena;
	error = image_open(job->arena, notes, job->dump, &file_options, &opened->image);
	if (error)
		return error;
	opened->then = *opened->image;
	opened->notes = arena_array(job->arena, notes->count + 1, sizeof *opened->notes);
	for (size_t i = 0; i < notes->count; i++)
		opened->notes[opened->notes_count++] = notes->items[i];
	return NULL;
}

/* Forgets all that an attempt found out. */
static struct image *reopen(struct job *job)
{
	const struct opened *opened = &job->opened;

	*opened->image = opened->then;
	opened->image->notes->count = opened->notes_count;
	for (size_t i = 0; i < opened->notes_count; i++)
		opened->image->notes->items[i] = opened->notes[i];
	return opened->image;
}

/* A bundle says the same on every machine, unless it is told what to read besides. */
static bool is_alone(const struct job *job, const struct image *image)
{
	const struct ts_options *options = job->options;
	const bool given = options->executables && *options->executables;

	return (options->alone || (image->bundled && !options->symbols_dir && !options->sysroot)) && !given;
}

static const struct err *load(struct job *job, struct image *image, struct go_runtime **ret)
{
	const struct ts_options *options = job->options;
	const struct file_options file_options = file_options_of(job);
	const struct exe_search search = {.given = options->executables, .symbols_dir = options->symbols_dir,
					  .sysroot = options->sysroot, .options = &file_options,
					  .tells_paths = options->unmasked};
	const struct library_search libraries = {.symbols_dir = options->symbols_dir, .sysroot = options->sysroot,
						 .tells_paths = options->unmasked};
	struct exe_candidate exe = {.source = EXE_NONE};
	const struct err *error = NULL;

	if (options->format == TS_SLIM && !job->surveying && !image->record) /* of a log, its text is written */
		error = slim_begin(image);
	if (error)
		return error;
	name_dump(image, options->title);
	image->files.root = options->sysroot;
	image->libraries = libraries_new(image, &libraries);
	if (job->adopted) /* its symbols and unwind tables are asked, and what they told is kept (kept.h) */
		libraries_add_program(image->libraries, job->adopted, job->adopted_bias);
	if (!job->adopted && !is_alone(job, image))
		error = locate_exe(image, &search, &exe);
	if (error || is_cancelled(job))
		return error;
	if (options->title)
		name_executable(image, &exe);
	*ret = go_runtime_load(image, &exe);
	return (*ret)->trouble;
}

/* A finding for which --exit-code is 3. */
static bool has_corruption(const struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->findings.count; i++)
		if (diagnosis->findings.items[i].detector->corruption &&
		    diagnosis->findings.items[i].certainty >= CERTAINTY_LIKELY)
			return true;
	return false;
}

static struct goroutine_filter filter_of(const struct ts_filter *filter)
{
	if (!filter)
		return (struct goroutine_filter){0};
	return (struct goroutine_filter){
		.functions = filter->functions,
		.states = filter->states,
		.creators = filter->creators,
		.ids = filter->ids,
		.id_count = filter->id_count,
		.waiting_over = filter->waiting_over,
	};
}

typedef void write_fn(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out);

/* Forms that end with the arena where memory runs out. */
static write_fn *const writers[] = {
	[TS_TEXT] = report_text,	 [TS_TRACEBACK] = report_traceback, [TS_BRIEF] = report_brief,
	[TS_MARKDOWN] = report_markdown, [TS_PPROF] = report_pprof,	    [TS_FOLDED] = report_folded,
	[TS_HTML] = report_html,
};

/* False: memory ran out. */
static bool write_as(const struct ts_options *options, const struct diagnosis *diagnosis, const struct report_options *report, FILE *out)
{
	if (options->format == TS_JSON)
		return report_json(diagnosis, report, out);
	if (options->format == TS_INCIDENT)
		return report_incident(diagnosis, report, out);
	(options->format == TS_TEXT && options->filter ? report_goroutines : writers[options->format])(diagnosis, report, out);
	return true;
}

static bool tells_history(const struct ts_options *options)
{
	if (!options->db || options->filter || (options->quiet && options->format == TS_TEXT))
		return false;
	return options->format == TS_TEXT || options->format == TS_JSON || options->format == TS_MARKDOWN || options->format == TS_HTML;
}

static const struct err *write_report(struct job *job, const struct diagnosis *diagnosis)
{
	const struct ts_options *options = job->options;
	static const enum report_goroutines goroutines[] = {
		[TS_GOROUTINES_FINDINGS] = REPORT_GOROUTINES_FINDINGS,
		[TS_GOROUTINES_GROUPS] = REPORT_GOROUTINES_GROUPS,
		[TS_GOROUTINES_ALL] = REPORT_GOROUTINES_ALL,
	};
	const struct goroutine_filter filter = filter_of(options->filter);
	const struct report_options report = {
		.history = tells_history(options) ? recollection(job->arena, options->db, fingerprint_of(diagnosis).across) : NULL,
		.version = TORNSTACK_VERSION,
		.goroutines = goroutines[options->goroutines],
		.filter = options->filter ? &filter : NULL,
		.columns = options->columns,
		.color = options->color,
		.verbose = options->verbose,
		.unmasked = options->unmasked,
		.quiet = options->quiet,
		.cancel = {options->cancelled, options->context},
	};
	const struct err *error = report_file_open(job->arena, job->out, &job->report);

	if (error)
		return error;
	if (!write_as(options, diagnosis, &report, job->report->stream))
		return err_new(job->arena, ERR_LIMIT, "no memory for the report");
	return NULL;
}

static void refill_once_more(void *context)
{
	struct job *job = context;

	steps_fill(&job->steps, steps_for(job->opened.image));
}

static const struct err *write_slim(struct job *job, const struct diagnosis *diagnosis)
{
	job->begun = true;
	return slim_dump(diagnosis, job->options, refill_once_more, job, job->out);
}

/* All but the report, by so many threads. NULL: there was an error, it was cancelled, or several of them used the budget up. */
static struct diagnosis *examine(struct job *job, unsigned workers)
{
	struct image *image = reopen(job);
	struct go_runtime *runtime = NULL;
	struct analysis *analysis;
	struct diagnosis *diagnosis;

	steps_renew(&job->steps, steps_for(image));
	image->workers = workers;
	job->error = load(job, image, &runtime);
	if (job->error || is_cancelled(job))
		return NULL;
	analysis = analyze(runtime);
	if (is_cancelled(job) || (workers > 1 && steps_used_up()))
		return NULL;
	progress_report(&job->progress, PROGRESS_JUDGING, 0, 0);
	steps_fill(&job->steps, steps_for(image));
	diagnosis = diagnose(analysis);
	return workers > 1 && steps_used_up() ? NULL : diagnosis;
}

/* How far each of several threads comes until the budget is used up depends on chance. One comes as far each time. */
static struct diagnosis *examine_alike(struct job *job)
{
	const unsigned workers = job->options->workers ? job->options->workers : cpus_usable();
	struct diagnosis *diagnosis = examine(job, workers);

	return diagnosis || job->error || is_cancelled(job) || workers < 2 ? diagnosis : examine(job, 1);
}

/* The executable, once it is known to be the one that ran, becomes part of the dump, and is not looked for again. */
static const struct err *adopt_executable(struct job *job)
{
	struct go_runtime *runtime = NULL;
	const struct err *error;
	struct image *image;

	if (job->options->format != TS_SLIM || !job->options->tables)
		return NULL;
	job->surveying = true;
	error = load(job, reopen(job), &runtime);
	job->surveying = false;
	if (error || is_cancelled(job) || !runtime->exe || (runtime->identity != IDENTITY_SAME && runtime->identity != IDENTITY_EQUIVALENT))
		return error;
	image = reopen(job);
	if (tables_adopt(image, runtime->exe, runtime->bias)) {
		job->adopted = runtime->exe;
		job->adopted_bias = runtime->bias;
	}
	job->opened.then = *image;
	return NULL;
}

static void run(void *context)
{
	struct job *job = context;
	struct diagnosis *diagnosis;

	job->error = open_dump(job);
	if (!job->error)
		job->error = adopt_executable(job);
	if (job->error || is_cancelled(job))
		return;
	diagnosis = examine_alike(job);
	if (!diagnosis || is_cancelled(job))
		return;
	job->corruption = has_corruption(diagnosis);
	progress_report(&job->progress, PROGRESS_WRITING, 0, 0);
	steps_fill(&job->steps, steps_for(job->opened.image));
	job->error = job->options->format == TS_SLIM ? write_slim(job, diagnosis) : write_report(job, diagnosis);
	is_cancelled(job);
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
	const char *lost = mapping_lost(job->arena);

	if (lost) /* whatever came of it, came of zeros */
		fail_lost(lost, result);
	else if (!completed)
		result_fail(result, ERR_LIMIT, "the analysis needs more memory than it may take (2 GiB), or than there is");
	else if (is_cancelled(job)) /* also when the error is only how a step said so */
		result->outcome = TS_CANCELLED;
	else if (job->error)
		fail_with(job, result);
	else
		result->outcome = job->corruption ? TS_ANALYSED_CORRUPTION : TS_ANALYSED;
	if (job->options->progress)
		job->options->progress(job->options->context, TS_DONE, 0, 0);
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
	struct job job = {.arena = arena_new(BUDGET), .dump = dump, .options = options, .out = out};
	struct steps *before = steps_joined();
	bool completed;

	job.progress = (struct progress){.report = show_progress, .context = &job};
	if (!job.arena) {
		result_fail(&result, ERR_LIMIT, "no memory");
		return result;
	}
	steps_fill(&job.steps, STEPS);
	steps_join(&job.steps);
	completed = arena_run(job.arena, run, &job);
	steps_join(before);
	conclude(&job, completed, &result);
	give_pages_back(&job);
	arena_free(job.arena);
	return result;
}
