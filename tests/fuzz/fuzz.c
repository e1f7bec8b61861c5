/* fuzz.c: see fuzz.h. */
#include "tests/fuzz/fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct job {
	struct arena *arena;
	struct span input;
	void (*body)(struct arena *arena, struct span input);
};

static void run_job(void *context)
{
	const struct job *job = context;

	job->body(job->arena, job->input);
}

double fuzz_seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void fuzz_find(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("fuzz: ", stderr);
	vfprintf(stderr, format, args);
	fputs("\n", stderr);
	va_end(args);
	abort();
}

int fuzz_run(const uint8_t *data, size_t size, struct fuzz_limits limits, void (*body)(struct arena *arena, struct span input))
{
	struct job job = {arena_new(limits.bytes), {data, size}, body};
	const double start = fuzz_seconds();

	if (!arena_run(job.arena, run_job, &job))
		fuzz_find("it takes more than %zu bytes", limits.bytes);
	arena_free(job.arena);
	if (fuzz_seconds() - start > limits.seconds)
		fuzz_find("it takes %.1f s of CPU time", fuzz_seconds() - start);
	return 0;
}
