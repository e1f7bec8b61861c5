/* test_word_map.c: words and what they lead to, whatever the words are. */
#include "base/hash.h"
#include "base/word_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { BUDGET = 1 << 26, WORDS = 1 << 16, SIZE = 1 << 17 };

static void words_are_found_with_their_first_index(void **state)
{
	struct arena *arena = *state;
	struct word_map map = {0};

	assert_int_equal(word_map_find(&map, 7), -1);
	assert_true(word_map_add(&map, arena, 7, 0));
	assert_true(word_map_add(&map, arena, 0, 3));
	assert_false(word_map_add(&map, arena, 7, 5));
	assert_int_equal(word_map_find(&map, 7), 0);
	assert_int_equal(word_map_find(&map, 0), 3);
	assert_int_equal(word_map_find(&map, 8), -1);
	for (uint32_t i = 0; i < WORDS; i++)
		assert_true(word_map_add(&map, arena, 0x1000 + (uint64_t)i * 8, i + 10));
	for (uint32_t i = 0; i < WORDS; i++)
		assert_int_equal(word_map_find(&map, 0x1000 + (uint64_t)i * 8), i + 10);
	assert_int_equal(map.count, WORDS + 2);
}

/* Words that differ only in bits from `shift` up, as a dump could hold them to fall on one another. */
static void assert_spread(struct arena *arena, unsigned shift)
{
	uint8_t *used = arena_array(arena, SIZE, sizeof *used);
	size_t distinct = 0;

	for (uint64_t i = 0; i < WORDS; i++) {
		const size_t slot = hash_slot(i << shift, SIZE);

		assert_true(slot < SIZE);
		distinct += !used[slot];
		used[slot] = 1;
	}
	/* as many as chance gives are 79 % of them; a half is far below any luck */
	assert_true(distinct > WORDS / 2);
}

static void all_bits_of_a_word_count(void **state)
{
	for (unsigned shift = 0; shift <= 48; shift += 4)
		assert_spread(*state, shift);
	assert_int_equal(hash_slot(~UINT64_C(0), 1), 0);
}

static int begin(void **state)
{
	*state = arena_new(BUDGET);
	return !*state;
}

static int end(void **state)
{
	arena_free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(words_are_found_with_their_first_index, begin, end),
		cmocka_unit_test_setup_teardown(all_bits_of_a_word_count, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
