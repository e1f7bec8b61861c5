/* test_shrinking.c: files that become shorter while they are read: an error in words, never a signal, and no report of zeros. */
#include "lib/tornstack.h"

#include "base/mapping.h"
#include "formats/archive/archive.h"
#include "tests/build/scratch.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { BUDGET = 1 << 24, PAGES = 4, PAGE = 4096 };

static const char *unpacked(struct arena *arena, const char *folder, const char *name)
{
	const char *path = arena_printf(arena, "%s/amd64-panic-stripped/%s.zst", getenv("CASES"), name);
	struct file_bytes file;

	assert_null(file_map(arena, path, NULL, &file));
	return scratch_write(arena, folder, name, file.bytes);
}

static void zeros_where_the_file_was(struct arena *arena)
{
	static const uint8_t bytes[PAGES * PAGE] = {[0] = 1, [PAGE] = 2, [2 * PAGE] = 3, [3 * PAGE] = 4};
	const char *path = scratch_write(arena, scratch_folder(arena), "file", (struct span){bytes, sizeof bytes});
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	struct span mapped, other;

	assert_null(mapping_new(arena, path, descriptor, sizeof bytes, &mapped));
	assert_null(mapping_new(NULL, "another's", descriptor, PAGE, &other));
	close(descriptor);
	assert_int_equal(mapped.data[3 * PAGE], 4);
	assert_false(truncate(path, PAGE));
	assert_null(mapping_lost(arena));
	assert_int_equal(mapped.data[2 * PAGE], 0);
	assert_int_equal(mapped.data[3 * PAGE], 0);
	assert_int_equal(mapped.data[PAGE], 0);
	assert_int_equal(mapped.data[0], 1);
	assert_string_equal(mapping_lost(arena), path);
	assert_null(mapping_lost(NULL));
	mapping_release(&mapped);
	assert_null(mapping_lost(arena));
	mapping_release(&other);
}

/* A SIGBUS that is nobody's here ends the process as it would without this library. */
static void others_are_passed_on(struct arena *arena)
{
	const char *path = scratch_write(arena, scratch_folder(arena), "file", (struct span){(const uint8_t *)"x", 1});
	int descriptor = open(path, O_RDONLY | O_CLOEXEC), status;
	struct span mapped;
	pid_t child;

	child = fork();
	if (!child) {
		signal(SIGBUS, SIG_DFL);
		alarm(10); /* should it never end */
		if (!mapping_new(arena, path, descriptor, 1, &mapped))
			raise(SIGBUS);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	close(descriptor);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
}

struct cut {
	const char *path;
	enum ts_phase when;
};

static void cut(void *context, enum ts_phase phase, uint64_t done, uint64_t total)
{
	const struct cut *what = context;

	(void)done, (void)total;
	if (phase == what->when && truncate(what->path, 0))
		abort();
}

static void analysed_while_it_shrinks(struct arena *arena)
{
	static const char *const victims[] = {"dump", "exe"};
	static const enum ts_phase phases[] = {TS_LISTING, TS_WALKING, TS_JUDGING};

	for (size_t i = 0; i < 6; i++) {
		const char *folder = scratch_folder(arena);
		const char *dump = unpacked(arena, folder, "dump"), *exe = unpacked(arena, folder, "exe");
		const char *const executables[] = {exe, NULL};
		struct cut what = {arena_printf(arena, "%s/%s", folder, victims[i % 2]), phases[i / 2]};
		const struct ts_options options = {.executables = executables, .sysroot = "/nonexistent", .progress = cut,
						   .context = &what, .goroutines = TS_GOROUTINES_ALL};
		FILE *out = fopen("/dev/null", "w");
		struct ts_result result = ts_analyze(dump, &options, out);

		fclose(out);
		if (result.outcome != TS_FAILED) /* nothing more of it was asked for: a report like any other */
			fail_msg("%s cut in phase %d: not failed", victims[i % 2], (int)phases[i / 2]);
		assert_string_equal(result.error_code, "io");
		assert_non_null(strstr(result.error, what.path));
		assert_non_null(strstr(result.error, "became shorter"));
	}
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, name);                                                                           \
	}

TEST(zeros_where_the_file_was)
TEST(others_are_passed_on)
TEST(analysed_while_it_shrinks)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zeros_where_the_file_was),
		cmocka_unit_test(test_others_are_passed_on),
		cmocka_unit_test(test_analysed_while_it_shrinks),
	};

	return cmocka_run_group_tests_name("shrinking", tests, NULL, NULL);
}
