/* Passwords on command lines and in the environment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/mask.h"

#include <string.h>

struct row {
	const char *text, *masked;
};

static const struct row commands[] = {
	{"", ""},
	{"./service", "./service"},
	{"./service serve fast", "./service serve fast"},
	{"./service -v", "./service -v"},
	{"./service --password=hunter2", "./service --password=***"},
	{"./service --password=hunter2 and more --port=80", "./service --password=*** --port=***"},
	{"./service -password hunter2", "./service -password ***"},
	{"./service --token hunter2 hunter3 -q", "./service --token *** -q"},
	{"./service -phunter2", "./service -phunter***"},
	{"./service -p=hunter2", "./service -p=***"},
	{"./service -p\thunter2", "./service -p***"},
	{"./service --http2-key=x", "./service --http2-key=***"},
	{"./service --", "./service --"},
	{"./service -- hunter2", "./service -- ***"},
	{"./service PASSWORD=hunter2", "./service PASSWORD=***"},
	{"./service PASSWORD=hunter2 and more", "./service PASSWORD=***"},
	{"./service postgres://user:hunter2@host/base", "./service postgres://***@host/base"},
	{"./service user:hunter2@host", "./service ***@host"},
	{"./service https://host/?token=hunter2", "./service https://host/?token=***"},
	{"./service https://a:b@c@host/?x=y@z", "./service https://***@host/?x=***"},
	{"  hunter -x", "  hunter -x"},
	{" -x hunter2", " -x ***"},
	{"=hunter2", "=***"},
	{"./service --a=***", "./service --a=***"},
};

static const struct row settings[] = {
	{"", ""},
	{"asyncpreemptoff=1", "asyncpreemptoff=1"},
	{"asyncpreemptoff=1,cpu.avx=off,http2client=0", "asyncpreemptoff=1,cpu.avx=off,http2client=0"},
	{"madvdontneed=hunter2,gctrace=1", "madvdontneed=***,gctrace=1"},
	{"hunter2", "***"},
	{"password=hunter2", "password=***"},
	{"a b=1", "***"},
	{",,gctrace=1,", ",,gctrace=1,"},
};

static void expect(const struct row *rows, size_t count, const char *(*mask)(struct arena *arena, const char *text))
{
	struct arena *arena = arena_new(1 << 20);

	assert_null(mask(arena, NULL));
	for (size_t i = 0; i < count; i++)
		assert_string_equal(mask(arena, rows[i].text), rows[i].masked);
	arena_free(arena);
}

static void test_command(void **state)
{
	(void)state;
	expect(commands, sizeof commands / sizeof *commands, mask_command);
}

static void test_godebug(void **state)
{
	(void)state;
	expect(settings, sizeof settings / sizeof *settings, mask_godebug);
}

static void test_build_setting(void **state)
{
	static const char *const rows[][3] = {
		{"CGO_ENABLED", "1", "1"},
		{"vcs.revision", "0123abcd", "0123abcd"},
		{"GOAMD64", "v1", "v1"},
		{"-tags", "netgo,osusergo", "netgo,osusergo"},
		{"-ldflags", "\"-s -w\"", "\"-s -w\""},
		{"-ldflags", "\"-s -w -X main.token=hunter2 -X 'main.key=hunter2 hunter2'\"", "\"-s -w -X *** -X ***\""},
		{"-gcflags", "all=-N -l", "all=*** -l"},
		{"CGO_LDFLAGS", "-L/hunter2 -lc", "-L*** -lc"},
		{"-other", "hunter2", "***"},
		{"-other", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct arena *arena = arena_new(1 << 20);

		assert_string_equal(mask_build_setting(arena, rows[i][0], rows[i][1]), rows[i][2]);
		arena_free(arena);
	}
	assert_null(mask_build_setting(NULL, "-ldflags", NULL));
}

/* Whatever is between them: the longest answer fits, which the sanitizers check. */
static void test_every_short_line(void **state)
{
	static const char alphabet[] = " -=@:/a1,";
	enum { LENGTH = 6, KINDS = sizeof alphabet - 1 };
	char text[LENGTH + 1] = "";

	(void)state;
	for (int number = 0, end = KINDS * KINDS * KINDS * KINDS * KINDS * KINDS; number < end; number += 7) {
		struct arena *arena = arena_new(1 << 20);

		for (int i = 0, rest = number; i < LENGTH; i++, rest /= KINDS)
			text[i] = alphabet[rest % KINDS];
		assert_null(strchr(mask_command(arena, text), '\n'));
		assert_null(strchr(mask_godebug(arena, text), '\n'));
		arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_godebug),
		cmocka_unit_test(test_build_setting),
		cmocka_unit_test(test_every_short_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
