/* job.c: the steps of an analysis, in order, under one arena. */
#include "lib/job.h"

#include "base/slices.h"
#include "formats/unwind/libraries.h"
#include "formats/locator/locate.h"
#include "formats/locator/paths.h"
#include "formats/locator/program.h"
#include "formats/slim/slim.h"
#include "formats/slim/tables.h"
#include "lib/recollection.h"
#include "lib/slim.h"
#include "report/fingerprint/fingerprint.h"

#include <string.h>

enum { STEPS_PER_BYTE_SHIFT = 1 };

bool job_cancelled(struct job *job)
{
	if (job->options->cancelled && job->options->cancelled(job->options->context))
		job->cancelled = true;
	return job->cancelled;
}

void job_show_progress(void *context, enum progress_phase phase, uint64_t done, uint64_t total)
{
	static const enum ts_phase phases[] = {
		[PROGRESS_COPYING] = TS_COPYING, [PROGRESS_DECOMPRESSING] = TS_DECOMPRESSING, [PROGRESS_LISTING] = TS_LISTING,
		[PROGRESS_WALKING] = TS_WALKING, [PROGRESS_JUDGING] = TS_JUDGING,	      [PROGRESS_WRITING] = TS_WRITING,
	};
	const struct ts_options *options = ((const struct job *)context)->options;

	if (options->progress)
		options->progress(options->context, phases[phase], done, total);
}

uint64_t job_steps(const struct job *job)
{
	return job->steps_most ? job->steps_most : JOB_STEPS + (job->opened.image->bytes.size >> STEPS_PER_BYTE_SHIFT);
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
				     .crash = job->options->crash, .workers = job->options->workers, .names = job->options->names, .progress = &job->progress};
}

void job_keep_opened(struct job *job)
{
	struct opened *opened = &job->opened;
	const struct notes *notes = opened->image->notes;

	opened->then = *opened->image;
	opened->notes_count = 0;
	opened->notes = arena_array(job->arena, notes->count + 1, sizeof *opened->notes);
	for (size_t i = 0; i < notes->count; i++)
		opened->notes[opened->notes_count++] = notes->items[i];
}

struct notes *job_notes(struct arena *arena)
{
	struct notes *notes = arena_alloc(arena, sizeof *notes);

	notes->arena = arena;
	return notes;
}

const struct err *job_open(struct job *job)
{
	const struct file_options file_options = file_options_of(job);
	const struct err *error = image_open(job->arena, job_notes(job->arena), job->dump, &file_options, &job->opened.image);

	if (!error)
		job_keep_opened(job);
	return error;
}

/* Forgets all that an attempt found out. */
static struct image *job_reopen(struct job *job)
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
	if (error || job_cancelled(job))
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

bool job_write_as(const struct ts_options *options, const struct diagnosis *diagnosis, const struct report_options *report, FILE *out)
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

struct report_options job_report_options(const struct job *job, const struct diagnosis *diagnosis)
{
	static const enum report_goroutines goroutines[] = {
		[TS_GOROUTINES_FINDINGS] = REPORT_GOROUTINES_FINDINGS,
		[TS_GOROUTINES_GROUPS] = REPORT_GOROUTINES_GROUPS,
		[TS_GOROUTINES_ALL] = REPORT_GOROUTINES_ALL,
	};
	const struct ts_options *options = job->options;

	return (struct report_options){
		.history = tells_history(options) ? recollection(job->arena, options->db, fingerprint_of(diagnosis).across) : NULL,
		.version = TORNSTACK_VERSION,
		.goroutines = goroutines[options->goroutines],
		.columns = options->columns,
		.color = options->color,
		.verbose = options->verbose,
		.unmasked = options->unmasked,
		.quiet = options->quiet,
		.crashes = job->crashes,
		.crash_report = job->crash_report,
		.crash_number = job->crash_number,
		.crash = job->crash,
		.cancel = {options->cancelled, options->context},
	};
}

const struct err *job_write_report(struct job *job, const struct diagnosis *diagnosis)
{
	const struct goroutine_filter filter = filter_of(job->options->filter);
	struct report_options report = job_report_options(job, diagnosis);
	const struct err *error = report_file_open(job->arena, job->out, &job->report);

	if (error)
		return error;
	job->report->begun = job->passed;
	report.filter = job->options->filter ? &filter : NULL;
	if (!job_write_as(job->options, diagnosis, &report, job->report->stream))
		return err_new(job->arena, ERR_LIMIT, "no memory for the report");
	return NULL;
}

static void refill_once_more(void *context)
{
	struct job *job = context;

	steps_fill(job->steps, job_steps(job));
}

const struct err *job_write_slim(struct job *job, const struct diagnosis *diagnosis)
{
	job->begun = true;
	return slim_dump(diagnosis, job->options, refill_once_more, job, job->out);
}

/* All but the report, by so many threads. NULL: there was an error, it was cancelled, or several of them used the budget up. */
static struct diagnosis *examine(struct job *job, unsigned workers)
{
	struct image *image = job_reopen(job);
	struct go_runtime *runtime = NULL;
	struct analysis *analysis;
	struct diagnosis *diagnosis;

	steps_renew(job->steps, job_steps(job));
	image->workers = workers;
	job->error = load(job, image, &runtime);
	if (job->error || job_cancelled(job))
		return NULL;
	analysis = analyze(runtime);
	if (job_cancelled(job) || (workers > 1 && steps_used_up()))
		return NULL;
	progress_report(&job->progress, PROGRESS_JUDGING, 0, 0);
	steps_fill(job->steps, job_steps(job));
	diagnosis = diagnose(analysis);
	return workers > 1 && steps_used_up() ? NULL : diagnosis;
}

/* How far each of several threads comes until the budget is used up depends on chance. One comes as far each time. */
struct diagnosis *job_examine(struct job *job)
{
	const unsigned workers = job->options->workers ? job->options->workers : cpus_usable();
	struct diagnosis *diagnosis = examine(job, workers);

	if (!diagnosis && !job->error && !job_cancelled(job) && workers > 1)
		diagnosis = examine(job, 1);
	job->corruption |= diagnosis && has_corruption(diagnosis);
	return diagnosis;
}

const struct err *job_adopt_executable(struct job *job)
{
	struct go_runtime *runtime = NULL;
	const struct err *error;
	struct image *image;

	if (job->options->format != TS_SLIM || !job->options->tables)
		return NULL;
	job->surveying = true;
	error = load(job, job_reopen(job), &runtime);
	job->surveying = false;
	if (error || !runtime || job_cancelled(job) || !runtime->exe || (runtime->identity != IDENTITY_SAME && runtime->identity != IDENTITY_EQUIVALENT))
		return error;
	image = job_reopen(job);
	if (tables_adopt(image, runtime->exe, runtime->bias)) {
		job->adopted = runtime->exe;
		job->adopted_bias = runtime->bias;
	}
	job->opened.then = *image;
	return NULL;
}
