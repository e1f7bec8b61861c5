/* test_refusal.c: what a process ran out of, by the value of the panic that ended it; and values that only hold such words. */
#include "heuristics/limits/resource_limit.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { BUDGET = 16 << 20 };

static bool refused(struct arena *arena, const char *value, struct refusal *ret)
{
	struct analysis *analysis = arena_alloc(arena, sizeof *analysis);

	analysis->arena = arena;
	analysis->messages = (struct messages){.line = "panic: …", .panicked = true};
	vec_push(arena, &analysis->messages.panics, ((struct panic_value){.text = value, .type = "*fs.PathError"}));
	return refusal_find(analysis, ret);
}

static void panics(struct arena *arena)
{
	static const char *const values[] = {
		"open /var/log/x: too many open files", "too many open files", "dial tcp: lookup x: too many open files (EMFILE)",
		"fork/exec /bin/true: resource temporarily unavailable",
	};
	struct refusal refusal;

	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		assert_true(refused(arena, values[i], &refusal));
		assert_true(refusal.typed && refusal.panicked);
		assert_string_equal(refusal.said, values[i]);
	}
}

/* The texts of errors lie one behind the other in a program: a string with a wrong length has them all. */
static void other_panics(struct arena *arena)
{
	static const char *const values[] = {
		"the callback failedbad file descriptortoo many open filesdirectory not empty", "xtoo many open files",
		"too many open filesystems", "open x: resource temporarily unavailable", "open x: no such file or directory", "",
	};
	struct refusal refusal;

	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		assert_false(refused(arena, values[i], &refusal));
	assert_false(refused(arena, NULL, &refusal));
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, name);                                                                           \
	}

TEST(panics)
TEST(other_panics)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_panics),
		cmocka_unit_test(test_other_panics),
	};

	return cmocka_run_group_tests_name("refusal", tests, NULL, NULL);
}
