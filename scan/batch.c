/* batch.c: threads take one input after the other; each has an arena of its own for results, since arenas are not
 * shared between threads. Results are put together in the order of the inputs. */
#include "scan/batch.h"

#include "base/mapping.h"
#include "base/workers.h"
#include "formats/archive/archive.h"
#include "formats/archive/members.h"
#include "scan/inputs.h"
#include "scan/isolated.h"
#include "scan/record.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#define RESULTS_BUDGET ((size_t)1 << 30)
#define DEFAULT_MAX_SIZE (UINT64_C(4) << 30)

struct pool {
	const struct scan_options *options;
	struct scan_inputs inputs;
	struct input_result *results; /* of each input */
	struct arena *arenas[WORKERS_MOST]; /* of each thread, for results; NULL: there was no memory for it */
	pthread_mutex_t lock; /* of what follows, and of the progress */
	size_t done;
};

/* A thread at an input. */
struct worker {
	struct pool *pool;
	struct arena *results;
	const struct scan_input *input;
	struct input_result *result;
};

static void fail(struct worker *worker, const char *path, const char *code, const char *text)
{
	vec_push(worker->results, &worker->result->failures,
		 (struct scan_failure){arena_strdup(worker->results, path), code, text, worker->input->given});
}

/* Of what was only found, not named, executables without Go code and such as are not read here are counted. */
static void keep(struct worker *worker, const struct scanned *binary, bool named)
{
	bool unsupported = binary->error && (!strcmp(binary->error_code, err_code_name(ERR_UNSUPPORTED)) ||
					     !strcmp(binary->error_code, err_code_name(ERR_OTHER_CPU)));
	bool empty = !binary->error && !binary->is_go && !binary->findings.count;

	if (!named && (unsupported || empty))
		worker->result->others++;
	else if (empty) /* a gate must not pass for that */
		fail(worker, binary->path, err_code_name(ERR_ABSENT), binary->unchecked.items[0]);
	else if (binary->error)
		fail(worker, binary->path, binary->error_code, binary->error);
	else
		vec_push(worker->results, &worker->result->binaries, *binary);
}

static void scan(struct worker *worker, const char *path, struct span bytes, bool cut_short, bool named)
{
	struct scanned binary;

	scan_bytes(worker->results, path, bytes, cut_short, &binary);
	keep(worker, &binary, named);
}

/* ---- archives ---- */

static void visit(void *context, const char *path, struct span bytes, bool cut_short)
{
	struct worker *worker = context;

	scan(worker, path, bytes, cut_short, worker->input->given && !strcmp(path, worker->input->path));
}

static void member_failed(void *context, const char *path, const struct err *err)
{
	struct worker *worker = context;

	fail(worker, path, err_code_name(err->code), arena_strdup(worker->results, err->text));
}

/* What has an arena of its own: an archive's names and buffers, a file's mapping. */
struct reading {
	struct worker *worker;
	struct arena *arena;
};

static void read_archive(void *context)
{
	struct reading *reading = context;
	const struct scan_options *options = reading->worker->pool->options;
	const struct archive_search search = {
		.max_size = options->max_size ? options->max_size : DEFAULT_MAX_SIZE,
		.wanted = scan_wants,
		.visit = visit,
		.fail = member_failed,
		.context = reading->worker,
		.cancel = options->cancel,
	};
	const struct err *err = archive_visit(reading->arena, reading->worker->input->path, &search);

	if (err)
		member_failed(reading->worker, reading->worker->input->path, err);
}

/* A file that became shorter is said not to have been read, whatever was found in it. */
static void scan_whole(struct reading *reading, struct span bytes)
{
	struct worker *worker = reading->worker;
	struct scanned binary;

	scan_bytes(worker->results, worker->input->path, bytes, false, &binary);
	if (mapping_lost(reading->arena))
		fail(worker, worker->input->path, err_code_name(ERR_IO), "it became shorter while it was read, or its disk failed");
	else
		keep(worker, &binary, worker->input->given);
}

static void read_file(void *context)
{
	struct reading *reading = context;
	struct worker *worker = reading->worker;
	struct file_bytes file;
	const struct err *err = file_map(reading->arena, worker->input->path, NULL, &file);

	if (err)
		member_failed(worker, worker->input->path, err->cause ? err->cause : err);
	else
		scan_whole(reading, file.bytes);
}

static void with_arena(struct worker *worker, void (*body)(void *context))
{
	struct reading reading = {worker, arena_new(RESULTS_BUDGET)};

	if (!reading.arena || !arena_run(reading.arena, body, &reading))
		fail(worker, worker->input->path, err_code_name(ERR_LIMIT), "reading it needs too much memory");
	arena_free(reading.arena);
}

/* ---- inputs ---- */

/* Its first bytes; -1: they cannot be read, see errno. */
static ssize_t read_start(const char *path, uint8_t start[static ARCHIVE_START])
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* should it be a pipe by now */
	ssize_t size = descriptor < 0 ? -1 : file_start(descriptor, start, ARCHIVE_START);
	int error = errno;

	if (descriptor >= 0)
		close(descriptor);
	errno = error;
	return size;
}

static void read_here(void *context, bool archive)
{
	with_arena(context, archive ? read_archive : read_file);
}

/* In a child of its own, which may crash; where none can be made, here. */
static void read_isolated(struct worker *worker, bool archive)
{
	const struct isolated_input input = {.path = worker->input->path, .archive = archive, .read = read_here, .reader = worker,
					     .result = worker->result, .max_size = worker->pool->options->max_size,
					     .cancel = worker->pool->options->cancel};
	const char *code, *text;

	if (archive)
		archive_prepare();
	switch (isolated_read(worker->results, &input, &code, &text)) {
	case INPUT_READ:
		break;
	case INPUT_LOST:
		fail(worker, worker->input->path, code, text);
		break;
	case INPUT_NO_CHILD:
		input.result->exposed = "no child process can be made";
		read_here(worker, archive);
		break;
	}
}

static void read_input(struct worker *worker, bool archive)
{
	if (worker->pool->options->isolated)
		read_isolated(worker, archive);
	else
		read_here(worker, archive);
}

static void look_at(void *context)
{
	struct worker *worker = context;
	const struct scan_input *input = worker->input;
	uint8_t bytes[ARCHIVE_START];
	ssize_t size = input->error ? 0 : read_start(input->path, bytes);
	struct span start = {bytes, size < 0 ? 0 : (size_t)size};

	if (input->error)
		fail(worker, input->path, err_code_name(ERR_IO), input->error);
	else if (size < 0)
		fail(worker, input->path, err_code_name(ERR_IO), arena_strdup(worker->results, strerror(errno)));
	else if (scan_wants(start))
		read_input(worker, false);
	else if (archive_magic(start))
		read_input(worker, true);
	else if (input->given)
		fail(worker, input->path, err_code_name(ERR_BAD_DATA),
		     "it is neither an executable (ELF, PE) nor an archive");
}

/* Named, readable, and nothing in it: a gate must not pass for that. */
static void check_empty(struct worker *worker)
{
	const struct input_result *result = worker->result;

	if (worker->input->given && !result->binaries.count && !result->failures.count)
		fail(worker, worker->input->path, err_code_name(ERR_ABSENT), "there is no Go executable in it");
}

static void look_and_check(void *context)
{
	look_at(context);
	check_empty(context);
}

static void finish(struct pool *pool, const char *path)
{
	pthread_mutex_lock(&pool->lock);
	pool->done++;
	if (pool->options->progress)
		pool->options->progress(pool->options->context, pool->done, pool->inputs.items.count, path);
	pthread_mutex_unlock(&pool->lock);
}

static void work(void *context, size_t number, size_t index)
{
	struct pool *pool = context;
	struct worker worker = {pool, pool->arenas[number], &pool->inputs.items.items[index], &pool->results[index]};

	if (cancelled(&pool->options->cancel))
		return;
	worker.result->lost = !worker.results || !arena_run(worker.results, look_and_check, &worker);
	finish(pool, worker.input->path);
}

static void free_results(void *arena)
{
	arena_free(arena);
}

/* An arena takes no memory to speak of before it is used. */
static void work_all(struct arena *arena, struct pool *pool)
{
	for (size_t i = 0; i < WORKERS_MOST; i++) {
		pool->arenas[i] = arena_new(RESULTS_BUDGET);
		if (pool->arenas[i])
			arena_defer(arena, free_results, pool->arenas[i]);
	}
	workers_run(pool->options->workers, pool->options->isolated, pool->inputs.items.count, work, pool);
}

static void merge(struct arena *arena, const struct pool *pool, struct scan_batch *batch)
{
	for (size_t i = 0; i < pool->inputs.items.count; i++) {
		const struct input_result *result = &pool->results[i];

		for (size_t k = 0; k < result->binaries.count; k++)
			vec_push(arena, &batch->binaries, result->binaries.items[k]);
		for (size_t k = 0; k < result->failures.count; k++)
			vec_push(arena, &batch->failures, result->failures.items[k]);
		if (result->lost)
			vec_push(arena, &batch->failures,
				 (struct scan_failure){pool->inputs.items.items[i].path, err_code_name(ERR_LIMIT),
						       "its results need too much memory", true});
		batch->others += result->others;
		batch->exposed = batch->exposed || !result->exposed ? batch->exposed : arena_strdup(arena, result->exposed);
	}
}

struct scan_batch *scan_paths(struct arena *arena, const char *const *paths, const struct scan_options *options)
{
	struct scan_batch *batch = arena_alloc(arena, sizeof *batch);
	struct pool pool = {.options = options};

	inputs_find(arena, paths, &pool.inputs);
	pool.results = arena_array(arena, pool.inputs.items.count + 1, sizeof *pool.results);
	pthread_mutex_init(&pool.lock, NULL);
	work_all(arena, &pool);
	pthread_mutex_destroy(&pool.lock);
	merge(arena, &pool, batch);
	if (!batch->binaries.count && !batch->failures.count)
		vec_push(arena, &batch->failures,
			 (struct scan_failure){*paths, err_code_name(ERR_ABSENT),
					       "no Go executable was found in what was named", true});
	return batch;
}
