/* test_several.c: a log that holds several crashes: by default, and with each of them. */
#include "lib/tornstack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char log_file[] = "fixtures/logs/restarts/log.txt";

/* On the heap. */
static char *report_of(enum ts_format format, bool each, bool isolated, unsigned crash)
{
	const struct ts_options options = {.format = format, .every_crash = each, .isolated = isolated, .crash = crash};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const struct ts_result result = ts_analyze(log_file, &options, out);

	fclose(out);
	assert_int_equal(result.outcome, TS_ANALYSED);
	assert_string_equal(result.remark, "");
	return text;
}

static void expect(enum ts_format format, bool isolated, const char *shown)
{
	char *alone = report_of(format, false, isolated, 0), *third = report_of(format, true, isolated, 3), *each = report_of(format, true, isolated, 0);

	assert_string_equal(alone, third);
	assert_null(strstr(alone, shown));
	assert_non_null(strstr(each, shown));
	free(alone);
	free(third);
	free(each);
}

static void test_reports(void **state)
{
	(void)state;
	for (int isolated = 0; isolated < 2; isolated++) {
		expect(TS_TEXT, isolated, "crash 3 of this log");
		expect(TS_MARKDOWN, isolated, "crash 3 of this log");
		expect(TS_JSON, isolated, "\"crashes\"");
		expect(TS_BRIEF, isolated, "log.txt#1");
	}
}

/* A handle is of one. */
static void test_handle(void **state)
{
	const struct ts_options options = {.every_crash = true};
	struct ts_handle *handle;
	const struct ts_result result = ts_open(log_file, &options, &handle);

	(void)state;
	assert_int_equal(result.outcome, TS_ANALYSED);
	assert_string_equal(ts_report_of(handle)->verdict->rule, "nil-deref");
	ts_close(handle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_reports), cmocka_unit_test(test_handle)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
