/* test_debuginfod.c: what is asked, and what is not. Servers are for tests/golden/test_debuginfod.py. */
#include "formats/locator/debuginfod.h"

#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { BUDGET = 1 << 20 };

static enum err_code fetch_error(struct arena *arena, const char *build_id)
{
	const char *path = "untouched";
	const struct err *err = debuginfod_fetch(arena, build_id, NULL, &path);

	assert_non_null(err);
	assert_string_equal(path, "untouched");
	return err->code;
}

static void only_when_enabled(struct arena *arena)
{
	unsetenv("DEBUGINFOD_URLS");
	assert_false(debuginfod_enabled());
	setenv("DEBUGINFOD_URLS", "", 1);
	assert_false(debuginfod_enabled());
	setenv("DEBUGINFOD_URLS", "  ", 1);
	assert_false(debuginfod_enabled());
	assert_int_equal(fetch_error(arena, "0123456789abcdef"), ERR_ABSENT);
	setenv("DEBUGINFOD_URLS", "http://127.0.0.1:1/", 1);
	assert_true(debuginfod_enabled());
}

/* They come from hostile dumps, and would go into URLs and paths. */
static void build_ids_are_checked(struct arena *arena)
{
	char *longest = arena_alloc(arena, 131);

	memset(longest, 'a', 130);
	setenv("DEBUGINFOD_URLS", "http://127.0.0.1:1/", 1);
	assert_int_equal(fetch_error(arena, ""), ERR_BAD_DATA);
	assert_int_equal(fetch_error(arena, "0123456789abcd"), ERR_BAD_DATA);
	assert_int_equal(fetch_error(arena, "0123456789abcdef0"), ERR_BAD_DATA);
	assert_int_equal(fetch_error(arena, "0123456789ABCDEF"), ERR_BAD_DATA);
	assert_int_equal(fetch_error(arena, "../../../../../etc/passwd"), ERR_BAD_DATA);
	assert_int_equal(fetch_error(arena, longest), ERR_BAD_DATA);
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, name);                                                                           \
	}

TEST(only_when_enabled)
TEST(build_ids_are_checked)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_when_enabled),
		cmocka_unit_test(test_build_ids_are_checked),
	};

	return cmocka_run_group_tests_name("debuginfod", tests, NULL, NULL);
}
