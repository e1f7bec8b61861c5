/* mapping.c: see mapping.h. The handler may only look at what needs no lock: places in a table that is never moved. */
#include "base/mapping.h"

#include "base/forking.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PLACES = 1 << 12 };

struct place {
	atomic_uintptr_t start; /* 0: free */
	atomic_size_t size;
	atomic_bool lost;
	const struct arena *arena; /* these two under the lock of forking.h */
	const char *path;
};

static struct place places[PLACES];
static atomic_size_t places_used; /* none behind these was ever taken */
static struct sigaction before;
static uintptr_t page_size;

static struct place *place_of(uintptr_t address)
{
	const size_t used = atomic_load(&places_used);

	for (size_t i = 0; i < used; i++) {
		const uintptr_t start = atomic_load(&places[i].start);

		if (start && address - start < (atomic_load(&places[i].size) + page_size - 1) / page_size * page_size)
			return &places[i];
	}
	return NULL;
}

/* What was there before this file: a handler, or the end of the process: the access is repeated, what was sent is sent again. */
static void pass_on(int number, siginfo_t *info, void *context)
{
	if (before.sa_flags & SA_SIGINFO)
		before.sa_sigaction(number, info, context);
	else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)
		before.sa_handler(number);
	else if (signal(number, SIG_DFL) != SIG_ERR && info->si_code <= 0)
		raise(number);
}

/* All that is behind the address is gone as well: one mapping of zeros, so that their number stays small. */
static void on_bus_error(int number, siginfo_t *info, void *context)
{
	const int error = errno;
	const uintptr_t page = (uintptr_t)info->si_addr / page_size * page_size;
	struct place *place = info->si_code > 0 ? place_of(page) : NULL;

	if (!place) {
		pass_on(number, info, context);
	} else {
		const size_t rest = atomic_load(&place->start) + atomic_load(&place->size) - page;

		atomic_store(&place->lost, true);
		if (mmap((void *)page, rest, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
			signal(number, SIG_DFL);
	}
	errno = error;
}

/* Under the lock. Somebody may have put a handler in its place since the last mapping. */
static void install(void)
{
	const struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	struct sigaction now;

	page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
	if (sigaction(SIGBUS, NULL, &now) || ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_bus_error))
		return;
	before = now;
	sigaction(SIGBUS, &action, NULL);
}

static bool guard(const struct arena *arena, const char *path, struct span mapped)
{
	size_t i = 0;

	forking_lock();
	install();
	while (i < PLACES && atomic_load(&places[i].start))
		i++;
	if (i < PLACES) {
		places[i].arena = arena;
		places[i].path = path;
		atomic_store(&places[i].lost, false);
		atomic_store(&places[i].size, mapped.size);
		atomic_store(&places[i].start, (uintptr_t)mapped.data);
		if (i >= atomic_load(&places_used))
			atomic_store(&places_used, i + 1);
	}
	forking_unlock();
	return i < PLACES;
}

static void unguard(const void *start)
{
	forking_lock();
	for (size_t i = 0; i < PLACES; i++)
		if (atomic_load(&places[i].start) == (uintptr_t)start)
			atomic_store(&places[i].start, 0);
	forking_unlock();
}

const struct err *mapping_new(struct arena *arena, const char *path, int descriptor, uint64_t size, struct span *ret)
{
	struct span mapped = {0};

	*ret = mapped;
	if (size > SIZE_MAX / 2)
		return err_new(arena, ERR_LIMIT, "the file is too large to be mapped");
	if (!size)
		return NULL;
	mapped.size = (size_t)size;
	mapped.data = mmap(NULL, mapped.size, PROT_READ, MAP_PRIVATE, descriptor, 0);
	if (mapped.data == MAP_FAILED)
		return err_new(arena, ERR_IO, "mapping it failed: %s", strerror(errno));
	if (!guard(arena, path, mapped)) {
		munmap((void *)(uintptr_t)mapped.data, mapped.size);
		return err_new(arena, ERR_LIMIT, "over %d files are in use at the same time", PLACES);
	}
	*ret = mapped;
	return NULL;
}

static void release_zeros(void *object)
{
	const struct span *zeros = object;

	if (zeros->size)
		munmap((void *)(uintptr_t)zeros->data, zeros->size);
}

const struct err *mapping_zeros(struct arena *arena, uint64_t size, bool writable, void **ret)
{
	struct span *zeros = arena_alloc(arena, sizeof *zeros);
	void *start = MAP_FAILED;

	arena_defer(arena, release_zeros, zeros);
	if (size && size < SIZE_MAX / 2)
		start = mmap(NULL, (size_t)size, writable ? PROT_READ | PROT_WRITE : PROT_READ,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (start == MAP_FAILED)
		return err_new(arena, ERR_LIMIT, "no room for %llu bytes", (unsigned long long)size);
	*zeros = (struct span){start, (size_t)size};
	*ret = start;
	return NULL;
}

bool mapping_open(void *start, size_t size)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const uintptr_t from = (uintptr_t)start / page * page;

	return !mprotect((void *)from, (uintptr_t)start + size - from, PROT_READ | PROT_WRITE);
}

void mapping_pass(struct span part)
{
	const uintptr_t start = ((uintptr_t)part.data + page_size - 1) / (page_size ? page_size : 1) * page_size;
	const uintptr_t end = page_size ? ((uintptr_t)part.data + part.size) / page_size * page_size : 0;
	const struct place *place = page_size && end > start ? place_of(start) : NULL;

	if (place && !atomic_load(&place->lost) && place_of(end - 1) == place)
		madvise((void *)start, end - start, MADV_DONTNEED);
}

void mapping_release(struct span *mapped)
{
	if (mapped->size) {
		unguard(mapped->data);
		munmap((void *)(uintptr_t)mapped->data, mapped->size);
	}
	*mapped = (struct span){0};
}

const char *mapping_lost(const struct arena *arena)
{
	const char *path = NULL;

	forking_lock();
	for (size_t i = 0; i < atomic_load(&places_used) && !path; i++)
		if (atomic_load(&places[i].start) && places[i].arena == arena && atomic_load(&places[i].lost))
			path = places[i].path;
	forking_unlock();
	return path;
}
