/* test_version.c: what Go toolchains call themselves. */
#include "golang/version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *text;
	int minor, patch;
	bool exact, prerelease, vendor;
} good[] = {
	{"go1.18", 18, 0, true, false, false},
	{"go1.18.10", 18, 10, true, false, false},
	{"go1.21.0", 21, 0, true, false, false},
	{"go1.26.8", 26, 8, true, false, false},
	{"go1.27.4", 27, 4, true, false, false},
	{"go1.26.8 X:nodwarf5", 26, 8, true, false, false},
	{"go1.26.8 X:nodwarf5,jsonv2", 26, 8, true, false, false},
	{"go1.26.11-X:norandomizedheapbase64", 26, 11, true, false, false},
	{"go1.26.11-X:staticlockranking", 26, 11, false, false, false},
	{"go1.26.8 X:staticlockranking", 26, 8, false, false, false},
	{"go1.26.8 X:nodwarf5,staticlockranking", 26, 8, false, false, false},
	{"go1.27rc1", 27, 0, false, true, false},
	{"go1.18beta2", 18, 0, false, true, false},
	{"go1.22.5-vendor", 22, 5, false, false, true},
	{"go1.22.5+auto", 22, 5, false, false, true},
	{"go1.22.", 22, 0, false, false, true},
	{"go1.24.13 (Red Hat 1.24.13-1.el9)", 24, 13, false, false, true},
	{"devel go1.27-0123456789 Mon Jan 5 10:00:00 2026 +0000", 27, 0, false, true, false},
	{"devel +0123456789 Mon Jan 5 10:00:00 2026 +0000", 0, 0, false, true, false},
};

static const char *const bad[] = {"", "go", "go2.1", "go1", "go1.", "go1.x", "go1.0", "1.26.8", "gofmt", "go1.26\x01"};

static void check_good(void *context)
{
	struct arena *arena = context;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct go_version version;

		assert_true(go_version_parse(arena, good[i].text, strlen(good[i].text), &version));
		assert_string_equal(version.text, good[i].text);
		assert_int_equal(version.minor, good[i].minor);
		assert_int_equal(version.patch, good[i].patch);
		assert_int_equal(version.exact, good[i].exact);
		assert_int_equal(version.prerelease, good[i].prerelease);
		assert_int_equal(version.vendor, good[i].vendor);
	}
}

static void check_bad(void *context)
{
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct go_version version = {.minor = 7};

		assert_false(go_version_parse(context, bad[i], strlen(bad[i]), &version));
		assert_int_equal(version.minor, 7); /* untouched */
	}
}

/* The text comes from a dump and ends where its length says. */
static void check_length(void *context)
{
	struct go_version version;

	assert_true(go_version_parse(context, "go1.26.88", strlen("go1.26.8"), &version));
	assert_string_equal(version.text, "go1.26.8");
	assert_int_equal(version.patch, 8);
	assert_false(go_version_parse(context, "go1.26.8\0", 9, &version));
}

static void run(void (*body)(void *))
{
	struct arena *arena = arena_new((size_t)1 << 20);

	assert_non_null(arena);
	assert_true(arena_run(arena, body, arena));
	arena_free(arena);
}

static void versions_are_read(void **state)
{
	(void)state;
	run(check_good);
}

static void other_texts_are_refused(void **state)
{
	(void)state;
	run(check_bad);
}

static void length_is_kept(void **state)
{
	(void)state;
	run(check_length);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_are_read),
		cmocka_unit_test(other_texts_are_refused),
		cmocka_unit_test(length_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
