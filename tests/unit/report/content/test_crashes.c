/* test_crashes.c: which crashes of a log are told together, and what is said of those that are not told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/content/crashes.h"

#include <string.h>

static struct crash_entry entry(size_t number, const char *word, const char *fingerprint)
{
	return (struct crash_entry){.number = number, .word = word, .certainty = "likely", .headline = "h", .fingerprint = fingerprint,
				    .first_line = 1, .last_line = 2};
}

static void test_equal(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	struct crash_entry items[] = {entry(5, "LIKELY", "1111"), entry(4, "LIKELY", "2222"), entry(3, "CERTAIN", "1111"), entry(2, "LIKELY", "1111"),
				      entry(1, NULL, NULL)};
	struct crash_list list = {.items = items, .count = 5, .total = 5};
	struct crash_lines lines;

	(void)state;
	items[4].error_code = "limit";
	items[4].error = "too much";
	crash_list_settle(&list);
	assert_int_equal(list.reports, 3);
	assert_int_equal(items[0].report, 0);
	assert_int_equal(items[1].report, 1);
	assert_int_equal(items[2].report, 2); /* surer */
	assert_int_equal(items[3].report, 0);
	assert_true(items[4].report == CRASH_UNREPORTED);
	assert_ptr_equal(crash_reported(&list, 0), &items[0]);
	assert_string_equal(crash_sentence(arena, &list, 0), "crash 5 of this log, the last: lines 1 to 2; 1 more has its fingerprint and is as sure: 2"
							     "; of 5 crashes, others are told below");
	assert_string_equal(crash_sentence(arena, &list, 2), "crash 3 of this log: lines 1 to 2");
	crash_unreported(arena, &list, &lines);
	assert_int_equal(lines.items.count, 1);
	assert_string_equal(lines.items.items[0], "crash 1, lines 1 to 2: not analysed (limit): too much");
	arena_free(arena);
}

static void test_many(void **state)
{
	enum { MANY = 200, TWICE = 2 * MANY };
	struct arena *arena = arena_new(1 << 24);
	struct crash_entry *items = NULL;
	struct crash_list list = {.count = TWICE, .total = 5000};
	struct crash_lines lines;

	(void)state;
	items = list.items = arena_array(arena, TWICE, sizeof *items);
	for (size_t i = 0; i < TWICE; i++)
		items[i] = entry(5000 - i, "LIKELY", arena_printf(arena, "%zu", i % MANY));
	crash_list_settle(&list);
	assert_int_equal(list.reports, CRASH_REPORTS_MOST);
	assert_int_equal(items[MANY].report, 0);
	assert_true(items[CRASH_REPORTS_MOST].report == CRASH_UNREPORTED);
	assert_true(items[MANY + CRASH_REPORTS_MOST].report == CRASH_UNREPORTED);
	assert_non_null(strstr(crash_sentence(arena, &list, 0), "of the 5,000 crashes of the log the last 400 were looked at"));
	crash_unreported(arena, &list, &lines);
	assert_int_equal(lines.items.count, 51);
	assert_non_null(strstr(lines.items.items[0], "crash 4980, lines 1 to 2: likely, no rule: h; fingerprint 20; 1 more has its fingerprint"));
	assert_string_equal(lines.items.items[50], "and 130 more, of other fingerprints: --brief has a line for each crash");
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_equal), cmocka_unit_test(test_many)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
