/* test_conditions.c: what the command line asks of goroutines, and how states are named. */
#include "cli/conditions.h"

#include "lib/tornstack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void durations(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} good[] = {
		{"1s", 1},	      {"90s", 90},	       {"5m", 300},	   {"2h30m", 9000},
		{"1d", 86400},	      {"1d2h3m4s", 93784},     {"1h1s", 3601},	   {"0d5s", 5},
		{"100d", 8640000},    {"9223372036s", 9223372036},
	};
	static const char *const bad[] = {"",	"5",   "s",    "5x",   "-5s",  "+5s",   " 5s",
					  "5 s", "5s ", "1h1d", "5s5s", "1.5h", "0s",    "0d0h",
					  "5S", "5ms", "9223372037s", "106752d", "99999999999999999999s"};
	int64_t nanoseconds;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_true(duration_parse(good[i].text, &nanoseconds));
		assert_int_equal(nanoseconds, good[i].seconds * 1000000000);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(duration_parse(bad[i], &nanoseconds));
}

static void ids(void **state)
{
	static const uint64_t expected[] = {7, 7, 9, 12, 20, 20, 1, UINT64_MAX};
	static const char *const bad[] = {"",	"x",  "-5", "5-",  "5-4", "5,",  ",5",
					  "5,,6", " 5", "5 ", "5-6-7", "+5", "0x10", "18446744073709551616"};
	struct id_ranges ranges = {0};

	(void)state;
	assert_true(id_ranges_add(&ranges, "7,9-12,20"));
	assert_true(id_ranges_add(&ranges, "1-18446744073709551615"));
	assert_int_equal(ranges.count, 4);
	assert_memory_equal(ranges.ends, expected, sizeof expected);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct id_ranges none = {0};

		assert_false(id_ranges_add(&none, bad[i]));
	}
}

static void there_are_limits(void **state)
{
	struct id_ranges ranges = {0};
	struct word_list words = {0};

	(void)state;
	for (int i = 0; i < RANGES_LIMIT; i++)
		assert_true(id_ranges_add(&ranges, "1"));
	assert_false(id_ranges_add(&ranges, "1"));
	assert_false(word_list_add(&words, ""));
	for (int i = 0; i < WORDS_LIMIT; i++)
		assert_true(word_list_add(&words, "w"));
	assert_false(word_list_add(&words, "w"));
	assert_null(words.items[WORDS_LIMIT]);
}

static void states(void **state)
{
	size_t count = 0;

	(void)state;
	for (; ts_state(count); count++)
		for (size_t i = 0; i < count; i++)
			assert_string_not_equal(ts_state(i), ts_state(count));
	assert_true(count > 40);
	assert_true(ts_state_known("running"));
	assert_true(ts_state_known("IO wait"));
	assert_true(ts_state_known("io WAIT"));
	assert_true(ts_state_known("sync."));
	assert_false(ts_state_known("dead")); /* dead goroutines are not listed */
	assert_false(ts_state_known("receive"));
	assert_false(ts_state_known("runningx"));
	assert_false(ts_state_known(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations),
		cmocka_unit_test(ids),
		cmocka_unit_test(there_are_limits),
		cmocka_unit_test(states),
	};

	return cmocka_run_group_tests_name("conditions", tests, NULL, NULL);
}
