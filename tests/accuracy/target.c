/* target.c: see target.h. The dump is mapped privately, so that what is written stays in this process. */
#include "tests/accuracy/target.h"

#include "formats/unwind/libraries.h"
#include "formats/locator/locate.h"
#include "heuristics/detector.h"
#include "tests/accuracy/corpus.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };

/* The first bytes of a file, as a file of their own that lives as long as this process. */
static const char *shortened(struct arena *arena, const char *path, uint64_t size)
{
	int from = memfd_create("cut", 0);
	FILE *in = fopen(path, "rb");
	char block[1 << 16];

	if (from < 0 || !in)
		return NULL;
	for (uint64_t left = size; left;) {
		size_t n = fread(block, 1, left < sizeof block ? left : sizeof block, in);

		if (!n || write(from, block, n) != (ssize_t)n)
			break;
		left -= n;
	}
	fclose(in);
	return arena_printf(arena, "/proc/self/fd/%d", from);
}

static bool make_writable(const struct span bytes)
{
	uintptr_t start = (uintptr_t)bytes.data / PAGE * PAGE;

	return !mprotect((void *)start, (uintptr_t)bytes.data + bytes.size - start, PROT_READ | PROT_WRITE);
}

bool target_open(struct arena *arena, const char *dump, const char *exe, uint64_t cut, struct target *ret)
{
	static const struct file_options options;
	const char **given = arena_array(arena, 2, sizeof *given);
	struct exe_search search = {.given = given, .sysroot = "/nonexistent"};
	struct library_search *libraries = arena_alloc(arena, sizeof *libraries);
	struct notes *notes = arena_alloc(arena, sizeof *notes);

	given[0] = exe;
	*ret = (struct target){.arena = arena};
	notes->arena = arena;
	libraries->sysroot = "/nonexistent";
	if (cut)
		dump = shortened(arena, dump, cut);
	if (!dump || image_open(arena, notes, dump, &options, &ret->image) || !make_writable(ret->image->bytes))
		return false;
	ret->image->libraries = libraries_new(ret->image, libraries);
	if (locate_exe(ret->image, &search, &ret->exe))
		return false;
	ret->runtime = go_runtime_load(ret->image, &ret->exe);
	ret->diagnosis = diagnose(analyze(ret->runtime));
	return true;
}

struct diagnosis *target_diagnose(struct target *target, bool reload)
{
	target->image->notes->count = 0;
	return diagnose(analyze(reload ? go_runtime_load(target->image, &target->exe) : target->runtime));
}

bool target_write(struct target *target, uint64_t address, const void *bytes, size_t size)
{
	const struct segment *segment = image_segment(target->image, address);
	uint64_t within = segment ? address - segment->address : 0;

	if (!segment || within >= segment->saved.size || size > segment->saved.size - within)
		return false;
	memcpy((void *)(uintptr_t)(segment->saved.data + within), bytes, size);
	return true;
}

bool target_write_u64(struct target *target, uint64_t address, uint64_t word)
{
	return target_write(target, address, &word, sizeof word);
}

bool target_is_damaged(const struct target *target)
{
	for (size_t i = 0; i < target->diagnosis->findings.count; i++)
		if (target->diagnosis->findings.items[i].detector->corruption)
			return true;
	return false;
}

struct attempt {
	struct arena *arena;
	const char *dump, *exe;
	uint64_t cut;
	uint32_t slots;
};

static void count_slots(void *context)
{
	struct attempt *attempt = context;
	struct target target;
	struct slots slots = {0};

	if (!target_open(attempt->arena, attempt->dump, attempt->exe, attempt->cut, &target))
		return;
	slots_find(&target, &slots);
	attempt->slots = (uint32_t)slots.count;
}

/* In a child, which takes what it mapped and made with it. */
static uint32_t slots_left(const char *dump, const char *exe, uint64_t cut)
{
	struct attempt attempt = {.arena = arena_new((size_t)2 << 30), .dump = dump, .exe = exe, .cut = cut};
	int ends[2], status;
	pid_t pid;

	if (pipe(ends) || (pid = fork()) < 0)
		return 0;
	if (!pid) {
		arena_run(attempt.arena, count_slots, &attempt);
		_exit(write(ends[1], &attempt.slots, sizeof attempt.slots) != sizeof attempt.slots);
	}
	close(ends[1]);
	if (read(ends[0], &attempt.slots, sizeof attempt.slots) != sizeof attempt.slots)
		attempt.slots = 0;
	close(ends[0]);
	waitpid(pid, &status, 0);
	arena_free(attempt.arena);
	return attempt.slots;
}

uint64_t target_shortest(const char *dump, const char *exe, unsigned percent)
{
	struct stat stat_of;
	uint64_t low = 0, high, want;

	if (stat(dump, &stat_of))
		return 0;
	high = ((uint64_t)stat_of.st_size - 1) / PAGE; /* the last page is always lost */
	want = (uint64_t)slots_left(dump, exe, 0) * percent / 100;
	if (!want || slots_left(dump, exe, high * PAGE) < want)
		return 0;
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if (slots_left(dump, exe, middle * PAGE) >= want)
			high = middle;
		else
			low = middle;
	}
	return high * PAGE;
}
