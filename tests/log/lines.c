/* lines.c: prints the crashes of logs, as formats/log finds them: of each log a line "=== PATH", of each crash one that begins with
 * "== " and tells which lines of the log it is, and then its own lines. For tests. */
#include "formats/archive/archive.h"
#include "formats/log/lines.h"

#include <stdio.h>

#define BUDGET ((size_t)2 << 30)

struct job {
	struct arena *arena;
	const char *path;
	int status;
};

static void print(const struct log_block *block)
{
	printf("== %llu %llu %s%s%s\n", (unsigned long long)block->first_line, (unsigned long long)block->last_line,
	       block->begin == LOG_BEGINS_WITH_END ? "end" : "stack", block->cut_at_start ? " cut-at-start" : "",
	       block->cut_at_end ? " cut-at-end" : "");
	for (struct log_at at = log_block_start(block); at.line.text; log_next(&at))
		printf("%.*s\n", (int)at.line.length, at.line.text);
}

static void run(void *context)
{
	struct job *job = context;
	struct notes notes = {.arena = job->arena};
	struct file_bytes file;
	struct log_blocks *blocks;
	const struct err *err = file_map(job->arena, job->path, NULL, &file);

	if (!err)
		err = log_blocks_read(job->arena, &notes, file.bytes, NULL, &blocks);
	if (err) {
		fprintf(stderr, "%s\n", err_describe(job->arena, err));
		return;
	}
	for (size_t i = 0; i < log_blocks_count(blocks); i++)
		print(log_blocks_at(blocks, i));
	for (size_t i = 0; i < notes.count; i++)
		fprintf(stderr, "note: %s\n", notes.items[i]);
	job->status = 0;
}

static int print_log(const char *path)
{
	struct job job = {.arena = arena_new(BUDGET), .path = path, .status = 1};

	if (!job.arena)
		return 1;
	printf("=== %s\n", path);
	if (!arena_run(job.arena, run, &job))
		fprintf(stderr, "%s: out of memory\n", path);
	arena_free(job.arena);
	return job.status;
}

int main(int argc, char **argv)
{
	int status = argc < 2 ? 2 : 0;

	for (int i = 1; i < argc; i++)
		status |= print_log(argv[i]);
	return status;
}
