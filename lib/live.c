/* live.c: see live.h. Three looks at the process: at its data, to know where its lists are; a rehearsal of the copy, which tells how long
 * the stop will take, and makes the pages of the file that it goes to; the copy itself, while the process is stopped. */
#include "lib/live.h"

#include "formats/live/core.h"
#include "formats/live/process.h"
#include "formats/live/regions.h"
#include "golang/live/follow.h"
#include "lib/analysis.h"
#include "lib/isolated.h"
#include "lib/result.h"
#include "lib/survey.h"
#include "report/escape.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>

#define BUDGET ((size_t)1 << 30)

enum { MILLISECOND = 1000 * 1000, PAUSE = 20 /* milliseconds: the longest, if nothing else is said */ };

/* Of the longest pause: what may be used for copying what is not needed by all means; and by how much stopping takes longer than
 * rehearsals, before that is called too long. */
enum { OPTIONAL_PERCENT = 60, NEEDED_PERCENT = 150 };

/* A copy of a process, an ELF core. */
struct live_copy {
	struct live_process process;
	int file;            /* descriptor, open as long as the arena */
	const char *core;    /* a path of it, for this process */
	const char *exe;     /* of its executable, the same */
	const char *sysroot; /* of its root folder; NULL: none */
	char exposed[128];   /* as ts_result has it */
};

struct copying {
	struct arena *arena;
	const struct ts_options *options;
	struct live_copy *copy;
	struct live_maps maps;
	struct live_memory *memory;
	struct survey survey;
	struct live_threads threads;
	struct live_pages learned;
	bool fits; /* all that it has written to, by the rehearsal */
	struct live_record record;
	const struct err *err;
};

static int64_t max_pause(const struct copying *copying)
{
	return copying->options->max_pause ? (int64_t)copying->options->max_pause : (int64_t)PAUSE * MILLISECOND;
}

static struct ts_options options_for(const struct ts_options *options, const struct live_copy *copy, const char **executables)
{
	struct ts_options ret = *options;

	executables[0] = copy->exe;
	if (!ret.executables || !*ret.executables)
		ret.executables = executables;
	if (!ret.sysroot)
		ret.sysroot = copy->sysroot;
	return ret;
}

/* ---- the first look ---- */

static void survey(struct copying *copying)
{
	const struct live_process *process = &copying->copy->process;
	const struct live_threads none = {0};
	const char *executables[2] = {0};
	struct ts_options options = options_for(copying->options, copying->copy, executables);
	const struct survey *survey = &copying->survey;

	live_regions_want(&copying->maps, process->path, copying->memory);
	live_memory_take(copying->memory, 0);
	copying->err = live_core_write(copying->arena, process, &copying->maps, &none, copying->memory, &copying->record);
	if (copying->err)
		return;
	options.title = "process";
	survey_run(copying->copy->core, &options, &copying->survey);
	memcpy(copying->copy->exposed, survey->exposed, sizeof survey->exposed);
	if (!survey->done)
		copying->err = err_new(copying->arena, (enum err_code)survey->code, "process %" PRId64 " (%s): %s", process->pid, process->name,
				       survey->error);
	else if (survey->is_other)
		copying->err = err_new(copying->arena, ERR_UNSUPPORTED, "process %" PRId64 " (%s) is no Go program: %s. It was not stopped",
				       process->pid, process->name, survey->error);
}

/* ---- copying ---- */

static struct live_following following_of(struct copying *copying)
{
	return (struct live_following){
		.arena = copying->arena,
		.plan = copying->survey.has_plan ? &copying->survey.plan : NULL,
		.arch = copying->copy->process.arch,
		.maps = &copying->maps,
		.threads = &copying->threads,
		.memory = copying->memory,
	};
}

static void take_needed(struct copying *copying, struct live_following *following)
{
	live_regions_want(&copying->maps, copying->copy->process.path, copying->memory);
	live_memory_take(copying->memory, 0);
	live_follow_stacks(following);
	live_follow_waits(following);
}

/* Others that want the CPU would make the stop longer. It ends with the thread; not everybody may. */
static void hurry(void)
{
	enum { FIRST = -20 };

	if (setpriority(PRIO_PROCESS, 0, FIRST))
		errno = 0;
}

static void rehearse(struct copying *copying)
{
	struct live_following following = following_of(copying);
	int64_t begin, needed;

	hurry();
	for (int round = 0; round < 2; round++) { /* the second is the one that tells: the first makes pages */
		live_memory_restart(copying->memory);
		following.goroutines = following.stacks.count = following.sudogs.count = 0;
		begin = live_now();
		take_needed(copying, &following);
		needed = live_now() - begin;
	}
	if (needed > max_pause(copying) * NEEDED_PERCENT / 100) {
		copying->err = err_new(copying->arena, ERR_LIMIT, "process %" PRId64 " (%s) would be stopped for about %" PRId64 " ms to copy what "
				       "is needed of its %zu goroutines: allow that with --max-pause=%" PRId64, copying->copy->process.pid,
				       copying->copy->process.name, needed / MILLISECOND + 1, following.goroutines,
				       needed * 2 / MILLISECOND + 1);
		return;
	}
	copying->fits = live_regions_take_rest(copying->arena, &copying->maps, copying->memory,
					       begin + max_pause(copying) * 2);
	if (!copying->fits)
		live_follow_pointers(&following, &copying->learned);
}

/* Between the two calls of ptrace(2) that matter: nothing is waited for, written or asked here. */
static void copy_stopped(struct copying *copying)
{
	const int64_t until = copying->threads.stopped_at + max_pause(copying) * OPTIONAL_PERCENT / 100;
	struct live_following following;
	struct live_maps maps;

	if (live_maps_read(copying->arena, copying->copy->process.pid, &maps))
		copying->maps = maps;
	following = following_of(copying);
	live_memory_update(copying->memory, &copying->maps);
	take_needed(copying, &following);
	if (live_threads_late(&copying->threads))
		live_follow_late(&following);
	for (size_t i = 0; i < copying->learned.count; i++)
		live_memory_want(copying->memory, copying->learned.items[i], 1);
	copying->record.heap_whole = live_memory_take(copying->memory, until) &&
				     live_regions_take_rest(copying->arena, &copying->maps, copying->memory, until);
}

static void copy(struct copying *copying)
{
	const struct live_process *process = &copying->copy->process;
	int error;

	live_memory_restart(copying->memory);
	error = live_threads_stop(copying->arena, process->pid, &copying->threads);
	if (error) {
		copying->err = live_refused(copying->arena, process, error);
		return;
	}
	copy_stopped(copying);
	copying->record.pause = (uint64_t)live_threads_release(&copying->threads);
	live_threads_name(copying->arena, process->pid, &copying->threads);
}

static void write_core(struct copying *copying)
{
	const struct live_counts counts = live_memory_counts(copying->memory);

	copying->record.pid = (uint64_t)copying->copy->process.pid;
	copying->record.copied = counts.copied;
	copying->record.swapped = counts.swapped;
	copying->record.stubborn = copying->threads.stubborn;
	copying->err = live_core_write(copying->arena, &copying->copy->process, &copying->maps, &copying->threads, copying->memory,
				       &copying->record);
}

static const char *descriptor_path(struct arena *arena, int descriptor)
{
	return descriptor < 0 ? NULL : arena_printf(arena, "/proc/self/fd/%d", descriptor);
}

static void open_all(struct copying *copying)
{
	struct live_copy *copy = copying->copy;

	copying->err = live_process_open(copying->arena, copying->options->pid, &copy->process);
	if (copying->err)
		return;
	if (!live_maps_read(copying->arena, copy->process.pid, &copying->maps)) {
		copying->err = live_refused(copying->arena, &copy->process, errno ? errno : ESRCH);
		return;
	}
	copying->err = live_memory_new(copying->arena, copy->process.pid, &copying->maps, &copying->memory);
	if (copying->err)
		return;
	copy->file = live_memory_file(copying->memory);
	copy->core = descriptor_path(copying->arena, copy->file);
	copy->exe = descriptor_path(copying->arena, copy->process.exe);
	copy->sysroot = descriptor_path(copying->arena, copy->process.root);
}

static void run_steps(void *context)
{
	static void (*const steps[])(struct copying *copying) = {open_all, survey, rehearse, copy, write_core};
	struct copying *copying = context;

	for (size_t i = 0; i < sizeof steps / sizeof *steps && !copying->err; i++)
		steps[i](copying);
}

/* The thread that traces: whatever it leaves undone, its end lets the process run on. */
static void *trace(void *context)
{
	struct copying *copying = context;

	if (!arena_run(copying->arena, run_steps, copying))
		copying->record.pid = UINT64_MAX;
	return NULL;
}

/* Copies process options->pid, within a thread of its own. Errors: as live_process_open; UNSUPPORTED: no Go program; LIMIT: copying
 * what is needed would stop it for longer than options->max_pause. */
static const struct err *copy_process(struct arena *arena, const struct ts_options *options, struct live_copy *ret)
{
	struct copying copying = {.arena = arena, .options = options, .copy = ret};
	pthread_t thread;

	*ret = (struct live_copy){.file = -1};
	if (pthread_create(&thread, NULL, trace, &copying))
		return err_new(arena, ERR_IO, "no thread can be made");
	pthread_join(thread, NULL);
	if (copying.record.pid == UINT64_MAX)
		arena_exhausted(arena);
	return copying.err;
}

/* ---- the analysis ---- */

struct live_job {
	struct arena *arena;
	const struct ts_options *options;
	struct live_copy copy;
	struct ts_result result;
	bool copied;
};

static void make_copy(void *context)
{
	struct live_job *job = context;
	const struct err *err = copy_process(job->arena, job->options, &job->copy);

	job->copied = !err;
	if (err)
		result_fail(&job->result, err->code, escape_line(job->arena, err_describe(job->arena, err)));
}

struct ts_result live_run(const struct ts_options *options, FILE *out)
{
	struct live_job job = {.arena = arena_new(BUDGET), .options = options};
	const char *executables[2] = {0};
	struct ts_options of_copy;
	char title[32];

	result_fail(&job.result, ERR_LIMIT, "the copy of the process takes more memory than it may");
	if (job.arena)
		arena_run(job.arena, make_copy, &job);
	if (job.copied) {
		of_copy = options_for(options, &job.copy, executables);
		snprintf(title, sizeof title, "process %" PRId64, options->pid);
		of_copy.title = title;
		job.result = options->isolated ? isolated_run(job.copy.core, &of_copy, out) : analysis_run(job.copy.core, &of_copy, out);
	}
	if (!*job.result.exposed)
		memcpy(job.result.exposed, job.copy.exposed, sizeof job.copy.exposed);
	arena_free(job.arena);
	return job.result;
}
