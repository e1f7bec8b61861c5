/* lines.c: prints the crashes of a log, as formats/log finds them: a line that begins with "== " before each, then its own lines.
 * As "-n": only the numbers of lines. For tests. */
#include "base/mapping.h"
#include "formats/archive/archive.h"
#include "formats/log/lines.h"

#include <stdio.h>
#include <string.h>

#define BUDGET ((size_t)2 << 30)

struct job {
	struct arena *arena;
	const char *path;
	bool numbers;
	int status;
};

static void print(const struct job *job, const struct log_block *block)
{
	printf("== %llu %llu %s%s%s\n", (unsigned long long)block->first_line, (unsigned long long)block->last_line,
	       block->begin == LOG_BEGINS_WITH_END ? "end" : "stack", block->cut_at_start ? " cut-at-start" : "",
	       block->cut_at_end ? " cut-at-end" : "");
	for (size_t i = 0; i < block->count && !job->numbers; i++)
		printf("%.*s\n", (int)block->lines[i].length, block->lines[i].text);
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
		print(job, log_blocks_at(blocks, i));
	for (size_t i = 0; i < notes.count; i++)
		fprintf(stderr, "note: %s\n", notes.items[i]);
	job->status = 0;
}

int main(int argc, char **argv)
{
	struct job job = {.arena = arena_new(BUDGET), .numbers = argc > 2 && !strcmp(argv[1], "-n"), .status = 1};

	if (argc < 2 || !job.arena)
		return 2;
	job.path = argv[argc - 1];
	if (!arena_run(job.arena, run, &job))
		fprintf(stderr, "out of memory\n");
	arena_free(job.arena);
	return job.status;
}
