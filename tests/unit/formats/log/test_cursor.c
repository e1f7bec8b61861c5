/* test_cursor.c: where a text stands last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "formats/log/cursor.h"

/* -1: nowhere. */
static int last(const char *line, const char *text)
{
	const struct cursor cursor = {line, line + strlen(line)};
	const char *found = cursor_find_last(&cursor, text);

	return found ? (int)(found - line) : -1;
}

static void test_last(void **state)
{
	static const char text[] = "a:b:c";
	const struct cursor part = {&text[2], &text[3]};

	(void)state;
	assert_int_equal(last("", ":"), -1);
	assert_int_equal(last("a", ":"), -1);
	assert_int_equal(last(":", ":"), 0);
	assert_int_equal(last("a:b:c", ":"), 3);
	assert_int_equal(last("a:b:", ":"), 3);
	assert_int_equal(last(", , ", ", "), 2);
	assert_int_equal(last(", ,", ", "), 0);
	assert_int_equal(last("aaa", "aa"), 1);
	assert_int_equal(last("a", "aa"), -1);
	assert_int_equal(last("created by f in goroutine 1", " in goroutine "), 12);
	assert_int_equal(last("created by f in goroutine", " in goroutine "), -1);
	assert_null(cursor_find_last(&part, ":")); /* beyond the ends it stands on both sides */
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_last)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
