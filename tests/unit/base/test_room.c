/* test_room.c: how much memory is left, by files as the kernel writes them: of the machine, and of groups of both versions of cgroups. */
#include "base/arena.h"
#include "base/room.h"

#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { BUDGET = 1 << 20, KIB = 1 << 10 };

static struct arena *arena;

static int setup(void **state)
{
	arena = arena_new(BUDGET);
	*state = (void *)(uintptr_t)scratch_folder(arena);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static void file(const char *root, const char *name, const char *text)
{
	scratch_write(arena, root, name, (struct span){(const uint8_t *)text, strlen(text)});
}

static void without_files_nothing_is_known(void **state)
{
	assert_int_equal(room_below(*state), 0);
}

static void the_machine_alone(void **state)
{
	file(*state, "proc/meminfo", "MemTotal:  8000 kB\nMemFree:      5 kB\nMemAvailable:   4000 kB\nMemAvailableX: 1 kB\n");
	assert_int_equal(room_below(*state), 4000 * KIB);
	file(*state, "proc/self/cgroup", "0::/\n"); /* the root has no limits */
	assert_int_equal(room_below(*state), 4000 * KIB);
}

/* Every group on the way up has its say, the one that leaves least the last word. */
static void version_2(void **state)
{
	file(*state, "proc/meminfo", "MemAvailable:   4000 kB\n");
	file(*state, "proc/self/cgroup", "0::/outer/inner\n");
	file(*state, "sys/fs/cgroup/outer/inner/memory.max", "max\n");
	file(*state, "sys/fs/cgroup/outer/inner/memory.current", "1000\n");
	file(*state, "sys/fs/cgroup/outer/memory.max", "300000\n");
	file(*state, "sys/fs/cgroup/outer/memory.current", "100000\n");
	assert_int_equal(room_below(*state), 200000);
	file(*state, "sys/fs/cgroup/outer/inner/memory.high", "51000\n");
	assert_int_equal(room_below(*state), 50000);
	file(*state, "sys/fs/cgroup/outer/inner/memory.current", "60000\n"); /* over it */
	assert_int_equal(room_below(*state), 0);
}

/* In a container the mount is the group, and its path is of the host. */
static void the_mount_of_a_container(void **state)
{
	file(*state, "proc/meminfo", "MemAvailable:   4000 kB\n");
	file(*state, "proc/self/cgroup", "0::/../elsewhere\n");
	file(*state, "sys/fs/cgroup/memory.max", "300000\n");
	file(*state, "sys/fs/cgroup/memory.current", "100000\n");
	assert_int_equal(room_below(*state), 200000);
}

/* A controller of another name, though it has this one in it, limits no memory. */
static void version_1(void **state)
{
	file(*state, "proc/meminfo", "MemAvailable:   4000 kB\n");
	file(*state, "sys/fs/cgroup/memory/a/memory.limit_in_bytes", "300000\n");
	file(*state, "sys/fs/cgroup/memory/a/memory.usage_in_bytes", "100000\n");
	file(*state, "proc/self/cgroup", "5:memory2,xmemory:/a\n0::/\n");
	assert_int_equal(room_below(*state), 4000 * KIB);
	file(*state, "proc/self/cgroup", "5:cpu,memory:/a\n0::/\n");
	assert_int_equal(room_below(*state), 200000);
	file(*state, "sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n"); /* none, as version 1 says it */
	assert_int_equal(room_below(*state), 4000 * KIB);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_files_nothing_is_known),
		TEST(the_machine_alone),
		TEST(version_2),
		TEST(the_mount_of_a_container),
		TEST(version_1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
