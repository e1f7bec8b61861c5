/* test_candidates.c: in which order files are offered for what a dump names. */
#include "formats/locator/candidates.h"

#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BUDGET = 1 << 22, OFFERS = 16 };

struct taker {
	const char *offered[OFFERS];
	size_t count, wanted; /* the offer that is taken; OFFERS: none */
};

static bool take(void *context, const char *path)
{
	struct taker *taker = context;

	assert_true(taker->count < OFFERS);
	taker->offered[taker->count] = path;
	return taker->count++ == taker->wanted;
}

static const char *file(struct arena *arena, const char *folder, const char *name)
{
	return scratch_write(arena, folder, name, (struct span){(const uint8_t *)"x", 1});
}

static void check_order(struct arena *arena)
{
	const char *root = scratch_folder(arena), *beside = scratch_folder(arena), *symbols = scratch_folder(arena);
	const char *given[] = {file(arena, root, "given"), "/nowhere/given", NULL};
	const char *const expected[] = {
		given[0], file(arena, root, "lib/a.so"), file(arena, root, "lib/a.so.zst"), file(arena, beside, "a.so.xz"),
		file(arena, symbols, "a.so"), file(arena, symbols, "a.so.gz"),
	};
	const size_t count = sizeof expected / sizeof *expected;
	struct file_query query = {.path = "/lib/a.so (deleted)", .build_id = "aabbcc", .given = given, .sysroot = root,
				   .dump = arena_printf(arena, "%s/core", beside), .symbols_dir = symbols};
	struct taker taker = {.wanted = OFFERS};

	assert_false(candidates_offer(arena, &query, take, &taker));
	assert_int_equal(taker.count, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(taker.offered[i], expected[i]);

	taker = (struct taker){.wanted = 2};
	assert_true(candidates_offer(arena, &query, take, &taker));
	assert_int_equal(taker.count, 3); /* no further one is looked at */

	query.dump = "-";
	query.path = "a.so"; /* of no folder: only a name */
	query.given = NULL;
	taker = (struct taker){.wanted = OFFERS};
	assert_false(candidates_offer(arena, &query, take, &taker));
	assert_int_equal(taker.count, 2);
	assert_string_equal(taker.offered[0], expected[4]);
}

/* A path that ends in a slash has no name: nothing in the folders is meant. */
static void check_nameless(struct arena *arena)
{
	const char *symbols = scratch_folder(arena);
	const struct file_query query = {.path = "/lib/", .dump = file(arena, symbols, "core"), .symbols_dir = symbols};
	struct taker taker = {.wanted = OFFERS};

	assert_false(candidates_offer(arena, &query, take, &taker));
	assert_int_equal(taker.count, 0);
}

static void candidates_come_in_order(void **state)
{
	(void)state;
	scratch_arena(BUDGET, check_order);
}

static void a_path_without_a_name_has_none(void **state)
{
	(void)state;
	scratch_arena(BUDGET, check_nameless);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(candidates_come_in_order),
		cmocka_unit_test(a_path_without_a_name_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
