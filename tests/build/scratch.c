/* scratch.c: see the header. */
#include "tests/build/scratch.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

static void remove_folder(void *object)
{
	nftw(object, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static _Noreturn void fail(const char *path)
{
	perror(path);
	abort();
}

const char *scratch_folder(struct arena *arena)
{
	const char *parent = getenv("TMPDIR");
	char *path = arena_printf(arena, "%s/tornstack-test-XXXXXX", parent && *parent ? parent : "/tmp");

	if (!mkdtemp(path))
		fail(path);
	arena_defer(arena, remove_folder, path);
	return path;
}

static void make_parents(char *path, size_t from)
{
	for (char *slash = strchr(path + from, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(path, 0700); /* may exist; if it fails, opening the file fails */
		*slash = '/';
	}
}

const char *scratch_write(struct arena *arena, const char *folder, const char *name, struct span bytes)
{
	char *path = arena_printf(arena, "%s/%s", folder, name);
	FILE *file;

	make_parents(path, strlen(folder) + 1);
	file = fopen(path, "wb");
	if (!file || (bytes.size && fwrite(bytes.data, 1, bytes.size, file) != bytes.size) || fclose(file))
		fail(path);
	return path;
}

struct job {
	struct arena *arena;
	void (*body)(struct arena *arena);
	void (*body_of)(struct arena *arena, const struct arch *arch);
	const struct arch *arch;
};

static void run_job(void *context)
{
	struct job *job = context;

	if (job->body_of)
		job->body_of(job->arena, job->arch);
	else
		job->body(job->arena);
}

static void run_on_arena(size_t budget, struct job job)
{
	job.arena = arena_new(budget);
	if (!arena_run(job.arena, run_job, &job))
		abort();
	arena_free(job.arena);
}

void scratch_arena(size_t budget, void (*body)(struct arena *arena))
{
	run_on_arena(budget, (struct job){.body = body});
}

void scratch_each_arch(size_t budget, void (*body)(struct arena *arena, const struct arch *arch))
{
	static const struct arch *const archs[] = {&arch_amd64, &arch_arm64};

	for (size_t i = 0; i < sizeof archs / sizeof *archs; i++)
		run_on_arena(budget, (struct job){.body_of = body, .arch = archs[i]});
}
