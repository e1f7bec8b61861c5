/* test_steps.c: a budget is shared by the threads that know of it, ends for all of them, and counts for nobody else. */
#include "base/steps.h"

#include "base/slices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { BUDGET = 1 << 20, MANY = 1 << 22 };

static uint64_t taken_of(uint64_t wanted)
{
	uint64_t taken = 0;

	for (uint64_t i = 0; i < wanted; i++)
		taken += steps_take(1);
	return taken;
}

static void without_a_budget_nothing_ends(void **state)
{
	(void)state;
	steps_join(NULL);
	assert_int_equal(taken_of(MANY), MANY);
	assert_true(steps_take(UINT32_MAX));
	assert_true(steps_spare());
	assert_false(steps_used_up());
}

static void a_budget_ends(void **state)
{
	struct steps steps = {0};

	(void)state;
	steps_fill(&steps, BUDGET);
	steps_join(&steps);
	assert_true(steps_spare());
	assert_true(steps_take(BUDGET / 2 + BUDGET / 4));
	assert_false(steps_spare());
	assert_false(steps_used_up());
	assert_true(taken_of(MANY) <= BUDGET / 4);
	assert_true(steps_used_up());
	assert_false(steps_take(1));
	steps_fill(&steps, BUDGET); /* for what is done next; that it was used up stays known */
	assert_true(steps_take(1));
	assert_true(steps_used_up());
	steps_renew(&steps, BUDGET);
	assert_false(steps_used_up());
	assert_true(taken_of(BUDGET / 2) == BUDGET / 2);
	steps_join(NULL);
	assert_true(steps_take(1));
}

static void what_was_not_taken_goes_back(void **state)
{
	struct steps steps = {0};

	(void)state;
	steps_fill(&steps, BUDGET);
	for (int i = 0; i < 1000; i++) {
		steps_join(&steps);
		assert_true(steps_take(10));
		steps_join(NULL);
	}
	assert_int_equal(steps.left, BUDGET - 10 * 1000);
}

static _Atomic uint64_t all_taken;

static void take_many(void *context, size_t slice, size_t from, size_t to)
{
	(void)context;
	(void)slice;
	all_taken += taken_of(to - from);
}

static void threads_share_it(void **state)
{
	struct steps steps = {0};

	(void)state;
	steps_fill(&steps, BUDGET);
	steps_join(&steps);
	slices_run(4, MANY, take_many, NULL);
	assert_true(steps_used_up());
	steps_join(NULL);
	assert_true(all_taken <= BUDGET);
	assert_true(all_taken > BUDGET / 2);
}

static void it_is_said_once_and_first(void **state)
{
	struct steps steps = {0};
	struct arena *arena = arena_new(1 << 20);
	struct notes notes = {.arena = arena};

	(void)state;
	steps_fill(&steps, BUDGET);
	steps_join(&steps);
	note_add(&notes, "another");
	steps_note(&notes);
	assert_int_equal(notes.count, 1);
	steps_take(MANY);
	steps_note(&notes);
	steps_note(&notes);
	steps_join(NULL);
	assert_int_equal(notes.count, 2);
	assert_non_null(strstr(notes.items[0], "given up before the end"));
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_budget_nothing_ends), cmocka_unit_test(a_budget_ends),
		cmocka_unit_test(what_was_not_taken_goes_back), cmocka_unit_test(threads_share_it),
		cmocka_unit_test(it_is_said_once_and_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
