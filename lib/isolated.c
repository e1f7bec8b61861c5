/* isolated.c: see isolated.h. */
#include "lib/isolated.h"

#include "formats/locator/debuginfod.h"
#include "lib/analysis.h"
#include "lib/grants.h"
#include "lib/recollection.h"
#include "lib/report_ring.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BUDGET = 1 << 20, EVERY = 20 /* milliseconds between two messages of progress in one phase */ };

static const char *const phase_names[] = {
	[TS_COPYING] = "reading the dump",      [TS_DECOMPRESSING] = "decompressing the dump",
	[TS_LISTING] = "reading goroutines",    [TS_WALKING] = "walking stacks",
	[TS_JUDGING] = "looking for the cause", [TS_WRITING] = "writing the report",
	[TS_DONE] = "ending",
};

enum { PHASES = sizeof phase_names / sizeof *phase_names };

struct isolated {
	const char *dump;
	const struct ts_options *options;
	FILE *out; /* the parent's */
	struct report_ring *ring;
	/* the child */
	enum ts_phase told;
	int64_t told_at; /* milliseconds; 0: nothing told */
	/* the parent */
	struct arena *arena;
	struct grants grants;
	bool done;      /* TS_DONE was passed on */
	struct ts_result result;
	struct isolation_result how;
};

/* ---- the child ---- */

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000 + 1;
}

static void tell_progress(void *context, enum ts_phase phase, uint64_t done, uint64_t total)
{
	struct isolated *isolated = context;
	const struct isolated_progress progress = {phase, done, total};
	const int64_t time = isolated->options->progress ? now() : 0;

	report_ring_say(isolated->ring, 1 + (unsigned)phase);
	if (!isolated->options->progress) /* each message wakes the parent */
		return;
	if (isolated->told_at && isolated->told == phase && time - isolated->told_at < EVERY)
		return;
	isolated->told = phase;
	isolated->told_at = time;
	broker_tell(ISOLATED_PROGRESS, &progress, sizeof progress);
}

static bool tell_report(void)
{
	return broker_tell(ISOLATED_REPORT, "", 0);
}

/* As fopencookie(3) wants it: 0 says that it failed. */
static ssize_t write_report(void *cookie, const char *bytes, size_t size)
{
	return report_ring_write(((const struct isolated *)cookie)->ring, bytes, size, tell_report) ? (ssize_t)size : 0;
}

/* As struct ts_options has it. */
static bool ask_keeps(void *context, const char *message)
{
	struct broker_answer answer;
	int none;

	(void)context;
	return broker_ask(BROKER_CONFIRM, message, strlen(message), &answer, &none) && !answer.error;
}

static void analyse(void *context)
{
	const cookie_io_functions_t functions = {.write = write_report};
	struct isolated *isolated = context;
	struct ts_options options = *isolated->options;
	FILE *out = fopencookie(isolated, "w", functions);
	struct ts_result result;

	if (!out)
		return;
	setvbuf(out, NULL, _IONBF, 0); /* what writes the report has a buffer: lib/report_file.c */
	options.keeps = options.keeps ? ask_keeps : NULL;
	options.cancelled = NULL; /* the parent looks, and kills */
	options.progress = tell_progress;
	options.context = isolated;
	result = analysis_run(isolated->dump, &options, out);
	fflush(out);
	broker_tell(ISOLATED_RESULT, &result, sizeof result);
}

/* ---- the parent ---- */

static int open_granted(void *context, const char *path)
{
	return grants_open(&((const struct isolated *)context)->grants, path);
}

static bool is_granted(void *context, const char *path)
{
	return grants_file(&((const struct isolated *)context)->grants, path);
}

struct fetching {
	struct isolated *isolated;
	const char *build_id;
	const struct err *err;
};

static void fetch_on_arena(void *context)
{
	struct fetching *fetching = context;
	struct isolated *isolated = fetching->isolated;
	const struct file_options options = {.max_size = isolated->options->max_size,
					     .cancel = {isolated->options->cancelled, isolated->options->context}};

	fetching->err = debuginfod_fetch(isolated->arena, fetching->build_id, &options, &isolated->grants.fetched);
}

static void fetch(void *context, const char *build_id, struct broker_answer *ret)
{
	struct fetching fetching = {.isolated = context, .build_id = build_id};
	const bool completed = arena_run(fetching.isolated->arena, fetch_on_arena, &fetching);
	const struct err *err = fetching.err;

	ret->error = err ? (int32_t)err->code + 1 : completed ? 0 : ERR_LIMIT + 1;
	snprintf(ret->text, sizeof ret->text, "%s",
		 err ? err->text : completed ? fetching.isolated->grants.fetched : "no memory");
}

static void recall(void *context, const char *fingerprint, struct broker_answer *ret)
{
	recollect(((const struct isolated *)context)->options->db, fingerprint, ret);
}

static bool confirm(void *context, const char *message)
{
	const struct ts_options *options = ((const struct isolated *)context)->options;

	return options->keeps(options->context, message);
}

static void show_progress(struct isolated *isolated, const struct broker_message *message)
{
	const struct ts_options *options = isolated->options;
	struct isolated_progress progress;

	if (message->size != sizeof progress)
		return;
	memcpy(&progress, message->data, sizeof progress);
	if ((unsigned)progress.phase >= PHASES || !options->progress)
		return;
	isolated->done |= progress.phase == TS_DONE;
	options->progress(options->context, progress.phase, progress.done, progress.total);
}

static void pass_report(struct isolated *isolated)
{
	isolated->result.begun |= report_ring_pass(isolated->ring, isolated->out);
}

/* Texts are shown as they are: nothing but what may be shown, and an end. */
static void make_printable(char *text, size_t size)
{
	text[size - 1] = 0;
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

static bool take_result(struct isolated *isolated, const struct broker_message *message)
{
	const bool begun = isolated->result.begun;
	struct ts_result result;

	if (message->size != sizeof result)
		return false;
	memcpy(&result, message->data, sizeof result);
	if (result.outcome != TS_ANALYSED && result.outcome != TS_ANALYSED_CORRUPTION && result.outcome != TS_FAILED)
		return false;
	make_printable(result.error_code, sizeof result.error_code);
	make_printable(result.error, sizeof result.error);
	make_printable(result.remark, sizeof result.remark);
	result.begun = begun;
	isolated->result = result;
	return true;
}

static bool told(void *context, const struct broker_message *message)
{
	struct isolated *isolated = context;

	if (message->kind == ISOLATED_PROGRESS)
		show_progress(isolated, message);
	else if (message->kind == ISOLATED_REPORT || message->kind == ISOLATED_RESULT)
		pass_report(isolated);
	return message->kind == ISOLATED_RESULT && take_result(isolated, message);
}

static void conclude(struct isolated *isolated)
{
	const struct ts_options *options = isolated->options;
	struct ts_result *result = &isolated->result;
	const unsigned said = report_ring_said(isolated->ring);
	const char *doing = said - 1 < PHASES ? phase_names[said - 1] : "beginning to read";

	if (isolated->how.end == ISOLATION_CANCELLED) {
		result->outcome = TS_CANCELLED;
	} else if (isolated->how.end != ISOLATION_DONE) {
		bool limit = isolation_describe(&isolated->how, "the analysis", doing, result->error, sizeof result->error);

		result->outcome = TS_FAILED;
		snprintf(result->error_code, sizeof result->error_code, "%s", err_code_name(limit ? ERR_LIMIT : ERR_CRASHED));
	}
	memcpy(result->exposed, isolated->how.exposed, sizeof result->exposed);
	if (options->progress && !isolated->done)
		options->progress(options->context, TS_DONE, 0, 0);
}

/* Of a pipe nobody knows: all that it may be. */
static uint64_t size_of(const char *dump, uint64_t max_size)
{
	struct stat status;

	return strcmp(dump, "-") && !stat(dump, &status) && S_ISREG(status.st_mode) ? (uint64_t)status.st_size : max_size;
}

static void run(void *context)
{
	enum { MAX_SIZE_SHIFT = 36 }; /* 64 GiB, as of file_map */
	struct isolated *isolated = context;
	const struct ts_options *options = isolated->options;
	const uint64_t max_size = options->max_size ? options->max_size : UINT64_C(1) << MAX_SIZE_SHIFT;
	const struct isolation isolation = {
		.size = size_of(isolated->dump, max_size),
		.file_size = max_size,
		.input = !strcmp(isolated->dump, "-"),
		.body = analyse,
		.open = open_granted,
		.is_file = is_granted,
		.fetch = fetch,
		.recall = options->db ? recall : NULL,
		.confirm = options->keeps ? confirm : NULL,
		.told = told,
		.cancel = {options->cancelled, options->context},
		.context = isolated,
	};

	isolated->grants = grants_of(isolated->arena, isolated->dump, options);
	isolated->how = isolation_run(&isolation);
}

static struct ts_result run_here(const char *dump, const struct ts_options *options, FILE *out)
{
	struct ts_result result = analysis_run(dump, options, out);

	snprintf(result.exposed, sizeof result.exposed, "no child process can be made");
	return result;
}

struct ts_result isolated_run(const char *dump, const struct ts_options *options, FILE *out)
{
	struct isolated isolated = {.dump = dump, .options = options, .out = out, .arena = arena_new(BUDGET)};

	isolated.ring = report_ring_new();
	if (isolated.arena && isolated.ring)
		arena_run(isolated.arena, run, &isolated);
	if (isolated.how.end != ISOLATION_NONE)
		conclude(&isolated);
	report_ring_free(isolated.ring);
	arena_free(isolated.arena);
	return isolated.how.end == ISOLATION_NONE ? run_here(dump, options, out) : isolated.result;
}
