/* A child of a process with several threads must be able to do what its maker can. */
#include "base/arena.h"
#include "base/forking.h"
#include "base/mapping.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { CHILDREN = 300, SECONDS = 20 };

static int file;
static atomic_bool stop;

static bool map_and_release(struct arena *arena)
{
	struct span mapped;
	const bool done = !mapping_new(arena, "a file", file, (uint64_t)sysconf(_SC_PAGESIZE), &mapped);

	mapping_release(&mapped);
	return done;
}

static void *keep_mapping(void *arena)
{
	while (!atomic_load(&stop))
		map_and_release(arena);
	return NULL;
}

/* Where a lock is held for ever the alarm ends it. */
static void child_of(struct arena *arena)
{
	int status = 0;
	const pid_t child = forking_fork();

	if (!child) {
		alarm(SECONDS);
		_exit(!map_and_release(arena));
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void test_children_of_threads(void **state)
{
	struct arena *arena = arena_new(1 << 20), *other = arena_new(1 << 20);
	pthread_t thread;

	(void)state;
	file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	assert_true(file >= 0);
	assert_int_equal(pthread_create(&thread, NULL, keep_mapping, other), 0);
	for (int i = 0; i < CHILDREN; i++)
		child_of(arena);
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	arena_free(other);
	arena_free(arena);
	close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_children_of_threads)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
