/* Copying of another process' memory: a child of this test, which waits. */
#include "formats/exe/exe.h"
#include "formats/live/memory.h"
#include "formats/live/threads.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PAGES = 64, WRITTEN = 3, GONE = 40 };

static int refusal; /* errno of process_vm_readv, which the linker has replaced (Makefile); 0: it is asked */

ssize_t __real_process_vm_readv(pid_t pid, const struct iovec *to, unsigned long to_count, const struct iovec *from, unsigned long count,
				unsigned long flags);
ssize_t __wrap_process_vm_readv(pid_t pid, const struct iovec *to, unsigned long to_count, const struct iovec *from, unsigned long count,
				unsigned long flags);

ssize_t __wrap_process_vm_readv(pid_t pid, const struct iovec *to, unsigned long to_count, const struct iovec *from, unsigned long count,
				unsigned long flags)
{
	if (!refusal)
		return __real_process_vm_readv(pid, to, to_count, from, count, flags);
	errno = refusal;
	return -1;
}

struct target {
	void (*body)(struct target *target);
	struct arena *arena;
	pid_t pid;
	uint8_t *pages; /* at the same address in the child: only page WRITTEN is written to, and page GONE is unmapped */
	struct live_maps maps;
	struct live_memory *memory;
};

static _Noreturn void wait_as_target(const struct target *target, int ready)
{
	memset(target->pages + WRITTEN * live_page(), 0x5a, live_page());
	munmap(target->pages + GONE * live_page(), live_page());
	if (write(ready, "r", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static int start(void **state)
{
	struct target *target = calloc(1, sizeof *target);
	int ends[2];
	char byte;

	target->body = *(void (**)(struct target *))*state;
	target->arena = arena_new((size_t)1 << 30);
	target->pages = mmap(NULL, PAGES * live_page(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (target->pages == MAP_FAILED || pipe(ends))
		return -1;
	target->pid = fork();
	if (!target->pid)
		wait_as_target(target, ends[1]);
	*state = target;
	return target->pid < 0 || read(ends[0], &byte, 1) != 1;
}

static int finish(void **state)
{
	struct target *target = *state;

	kill(target->pid, SIGKILL);
	waitpid(target->pid, NULL, 0);
	munmap(target->pages, PAGES * live_page());
	arena_free(target->arena);
	free(target);
	return 0;
}

static void open_target(struct target *target)
{
	assert_true(live_maps_read(target->arena, target->pid, &target->maps));
	assert_null(live_memory_new(target->arena, target->pid, &target->maps, &target->memory));
}

static uint64_t address(const struct target *target, int page)
{
	return (uint64_t)(uintptr_t)target->pages + (uint64_t)page * live_page();
}

static void copies_what_is_marked(struct target *target)
{
	uint8_t byte = 0;

	open_target(target);
	assert_false(live_memory_read(target->memory, address(target, WRITTEN), &byte, 1));
	live_memory_want(target->memory, address(target, WRITTEN) + 5, 1);
	assert_true(live_memory_take(target->memory, 0));
	assert_true(live_memory_read(target->memory, address(target, WRITTEN) + 100, &byte, 1));
	assert_int_equal(byte, 0x5a);
	assert_false(live_memory_read(target->memory, address(target, WRITTEN + 1), &byte, 1));
	assert_int_equal(live_memory_counts(target->memory).copied, live_page());
}

/* What nobody wrote to is zero, and not copied; a second pass knows it anew. */
static void knows_what_was_never_written(struct target *target)
{
	uint8_t bytes[2] = {1, 1};

	open_target(target);
	for (int round = 0; round < 2; round++) {
		live_memory_restart(target->memory);
		live_memory_want_written(target->memory, address(target, 0), address(target, GONE), true, false);
		assert_true(live_memory_take(target->memory, 0));
		assert_true(live_memory_read(target->memory, address(target, WRITTEN + 1) - 1, bytes, 2));
		assert_int_equal(bytes[0], 0x5a);
		assert_int_equal(bytes[1], 0);
		assert_int_equal(live_memory_counts(target->memory).copied, live_page());
	}
}

/* Around a page that cannot be read everything else is copied. */
static void steps_over_what_is_gone(struct target *target)
{
	struct live_region *region;
	uint64_t at, offset, size;

	open_target(target);
	region = (struct live_region *)(uintptr_t)live_maps_find(&target->maps, address(target, GONE - 1));
	assert_non_null(region);
	assert_true(region->end == address(target, GONE));
	region->end += live_page(); /* as if it had been unmapped since the list was read */
	assert_null(live_memory_new(target->arena, target->pid, &target->maps, &target->memory));
	live_memory_want(target->memory, address(target, 0), PAGES * live_page());
	assert_true(live_memory_take(target->memory, 0));
	at = address(target, 0);
	size = live_memory_next(target->memory, &at, address(target, PAGES), &offset);
	assert_true(at == address(target, 0));
	assert_int_equal(size, GONE * live_page());
	at += size;
	size = live_memory_next(target->memory, &at, address(target, PAGES), &offset);
	assert_true(at == address(target, GONE + 1));
	assert_int_equal(size, (PAGES - GONE - 1) * live_page());
}

static void finds_room_for_new_mappings(struct target *target)
{
	struct live_maps whole;
	uint8_t byte;

	open_target(target);
	whole = target->maps;
	target->maps.count = 1; /* all that there was at first */
	assert_null(live_memory_new(target->arena, target->pid, &target->maps, &target->memory));
	live_memory_want(target->memory, address(target, WRITTEN), 1);
	assert_true(live_memory_take(target->memory, 0));
	assert_false(live_memory_read(target->memory, address(target, WRITTEN), &byte, 1));
	live_memory_update(target->memory, &whole);
	live_memory_want(target->memory, address(target, WRITTEN), 1);
	assert_true(live_memory_take(target->memory, 0));
	assert_true(live_memory_read(target->memory, address(target, WRITTEN), &byte, 1));
	assert_int_equal(byte, 0x5a);
}

/* All threads stop, their registers are known, and what is released runs on. */
static void stops_and_releases(struct target *target)
{
	struct live_threads threads;
	const int error = live_threads_stop(target->arena, target->pid, &threads);

	if (error == EPERM)
		skip(); /* ptrace is forbidden here */
	assert_int_equal(error, 0);
	assert_int_equal(threads.count, 1);
	assert_true(threads.items[0].stopped);
	assert_true(threads.items[0].register_bytes >= 27 * 8);
	assert_true(live_threads_release(&threads) > 0);
	live_threads_name(target->arena, target->pid, &threads);
	assert_int_equal(threads.items[0].own_id, target->pid);
	assert_int_equal(live_threads_stop(target->arena, INT32_MAX, &threads), ENOENT);
}

/* A kernel without process_vm_readv, and a filter of system calls that forbids it. */
static void copies_without_the_call(struct target *target)
{
	refusal = ENOSYS;
	copies_what_is_marked(target);
	refusal = EPERM;
	steps_over_what_is_gone(target);
	refusal = 0;
}

static void run_body(void *context)
{
	struct target *target = context;

	target->body(target);
}

static void run(void **state)
{
	struct target *target = *state;

	assert_true(arena_run(target->arena, run_body, target));
}

int main(void)
{
	static void (*bodies[])(struct target *target) = {copies_what_is_marked, knows_what_was_never_written, steps_over_what_is_gone,
							  finds_room_for_new_mappings, stops_and_releases, copies_without_the_call};
	const struct CMUnitTest tests[] = {
		{"copies what is marked", run, start, finish, &bodies[0]},
		{"knows what was never written to", run, start, finish, &bodies[1]},
		{"steps over what is gone", run, start, finish, &bodies[2]},
		{"finds room for new mappings", run, start, finish, &bodies[3]},
		{"stops and releases", run, start, finish, &bodies[4]},
		{"copies without process_vm_readv", run, start, finish, &bodies[5]},
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
