/* test_tables.c: what keeps texts, ids and goroutines of a log, of any number and in any order. */
#include "formats/log/goroutine_index.h"
#include "formats/log/id_set.h"
#include "formats/log/intern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { BUDGET = 64 << 20, MANY = 20000 };

static void equal_texts_are_one(void **state)
{
	struct interned table = {0};
	const char *text = intern(&table, *state, "main.f", 6, 7)->text;

	assert_ptr_equal(intern(&table, *state, "main.f", 6, 8)->text, text);
	assert_int_equal(intern(&table, *state, "main.f", 6, 8)->value, 7);
	assert_ptr_not_equal(intern(&table, *state, "main.fg", 7, 8)->text, text);
	assert_int_equal(intern(&table, *state, "main.f\0g", 8, 9)->value, 9);
	assert_int_equal(intern(&table, *state, "", 0, 10)->value, 10);
	assert_string_equal(text, "main.f");
}

/* Entries stay where they are, however large the table becomes. */
static void entries_do_not_move(void **state)
{
	struct interned table = {0};
	struct interned_text *first = intern(&table, *state, "first", 5, 0);

	for (uint32_t i = 1; i < MANY; i++)
		assert_int_equal(intern(&table, *state, (const char *)&i, sizeof i, i)->value, i);
	first->value = MANY;
	for (uint32_t i = 1; i < MANY; i++)
		assert_int_equal(intern(&table, *state, (const char *)&i, sizeof i, 0)->value, i);
	assert_int_equal(intern(&table, *state, "first", 5, 0)->value, MANY);
	assert_int_equal(table.count, MANY);
}

static void ids_are_added_once(void **state)
{
	struct id_set ids = {0};

	for (uint64_t i = 0; i < MANY; i++)
		assert_true(id_set_add(&ids, *state, i * 61)); /* some share 64, most do not */
	for (uint64_t i = 0; i < MANY; i++)
		assert_false(id_set_add(&ids, *state, i * 61));
	assert_true(id_set_add(&ids, *state, UINT64_MAX));
	assert_false(id_set_add(&ids, *state, UINT64_MAX));
	assert_int_equal(ids.count, MANY + 1);
	id_set_clear(&ids);
	assert_int_equal(ids.count, 0);
	assert_true(id_set_add(&ids, *state, 61));
	id_set_clear(&ids);
	assert_true(id_set_add(&ids, *state, 61));
}

static void check_order(struct arena *arena, const uint64_t *ids, size_t count)
{
	struct goroutine_index index = {0};
	struct log_record record = {0};

	for (size_t i = 0; i < count; i++) {
		assert_int_equal(goroutine_index_find(&index, &record, ids[i]), -1);
		assert_true(goroutine_index_add(&index, arena, &record, &(struct recorded_goroutine){.id = ids[i]}));
		assert_false(goroutine_index_add(&index, arena, &record, &(struct recorded_goroutine){.id = ids[i]}));
	}
	for (size_t i = 0; i < count; i++)
		assert_int_equal(goroutine_index_find(&index, &record, ids[i]), i);
	assert_int_equal(goroutine_index_find(&index, &record, 1000), -1);
	assert_int_equal(record.goroutines.count, count);
}

static void goroutines_are_found_in_any_order(void **state)
{
	static const uint64_t died_first[] = {34, 1, 2, 7, 33, 35, 40}, falling[] = {9, 8, 7, 6, 1}, mixed[] = {5, 6, 90, 7, 100, 8, 1};

	check_order(*state, died_first, sizeof died_first / sizeof *died_first);
	check_order(*state, falling, sizeof falling / sizeof *falling);
	check_order(*state, mixed, sizeof mixed / sizeof *mixed);
	check_order(*state, died_first, 1);
	check_order(*state, NULL, 0);
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
		cmocka_unit_test_setup_teardown(equal_texts_are_one, begin, end),
		cmocka_unit_test_setup_teardown(entries_do_not_move, begin, end),
		cmocka_unit_test_setup_teardown(ids_are_added_once, begin, end),
		cmocka_unit_test_setup_teardown(goroutines_are_found_in_any_order, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
