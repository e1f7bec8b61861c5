/* test_base.c: arena, errors and notes, growing arrays, bounded bytes. */
#include "base/arena.h"
#include "base/err.h"
#include "base/size.h"
#include "base/span.h"
#include "base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdalign.h>

#include <cmocka.h>

/* ---- arena ---- */

static void arena_gives_zeroed_aligned_memory(void **state)
{
	struct arena *arena = arena_new(1 << 20);

	(void)state;
	for (size_t size = 0; size < 300; size++) {
		unsigned char *memory = arena_alloc(arena, size);

		assert_int_equal((uintptr_t)memory % alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++) {
			assert_int_equal(memory[i], 0);
			memory[i] = 0xff; /* so that an overlap with a later one is seen */
		}
	}
	arena_free(arena);
}

static void arena_gives_more_than_a_block(void **state)
{
	struct arena *arena = arena_new(1 << 24);
	unsigned char *small = arena_alloc(arena, 10);
	unsigned char *large = arena_alloc(arena, 3 << 20);

	(void)state;
	large[(3 << 20) - 1] = 1;
	assert_int_equal(small[9], 0);
	assert_int_equal(arena_used(arena), (3 << 20) + 10);
	arena_free(arena);
	arena_free(NULL);
}

struct allocation {
	struct arena *arena;
	size_t count, size;
	int reached;
};

static void allocate(void *context)
{
	struct allocation *allocation = context;

	allocation->reached = 1;
	arena_array(allocation->arena, allocation->count, allocation->size);
	allocation->reached = 2;
}

static void arena_run_answers_exhaustion(void **state)
{
	struct allocation fits = {arena_new(1000), 10, 10, 0};
	struct allocation large = {fits.arena, 1, 901, 0};
	struct allocation overflow = {fits.arena, SIZE_MAX / 2, 3, 0};
	struct allocation rest = {fits.arena, 1, 900, 0};

	(void)state;
	assert_true(arena_run(fits.arena, allocate, &fits));
	assert_int_equal(fits.reached, 2);
	assert_false(arena_run(fits.arena, allocate, &large));
	assert_int_equal(large.reached, 1);
	assert_false(arena_run(fits.arena, allocate, &overflow));
	assert_true(arena_run(fits.arena, allocate, &rest));
	assert_int_equal(arena_used(fits.arena), 1000);
	arena_free(fits.arena);
}

/* Large memory that is given back counts no more, whatever was made before and behind it. */
static void arena_takes_large_memory_back(void **state)
{
	enum { LARGE = 3 << 20 };
	struct arena *arena = arena_new(2 * LARGE + 100);
	unsigned char *first = arena_alloc(arena, LARGE), *small = arena_alloc(arena, 10), *second = arena_alloc(arena, LARGE);

	(void)state;
	memset(small, 7, 10);
	arena_release(arena, NULL, LARGE);
	arena_release(arena, first, LARGE);
	assert_int_equal(arena_used(arena), LARGE + 10);
	first = arena_alloc(arena, LARGE);
	assert_int_equal(first[0] | first[LARGE - 1], 0);
	arena_release(arena, second, LARGE);
	arena_release(arena, first, LARGE);
	for (int i = 0; i < 10; i++)
		assert_int_equal(small[i], 7);
	assert_non_null(arena_alloc(arena, 10));
	arena_free(arena);
	arena = arena_new(2 * LARGE); /* nothing else is in it */
	arena_release(arena, arena_alloc(arena, LARGE), LARGE);
	assert_int_equal(arena_used(arena), 0);
	assert_non_null(arena_alloc(arena, LARGE));
	arena_free(arena);
}

static void run_inner(void *context)
{
	struct allocation *allocation = context;

	assert_false(arena_run(allocation->arena, allocate, allocation));
	allocation->reached = 3; /* control came back here, not to the outer one */
}

static void arena_run_nests(void **state)
{
	struct allocation allocation = {arena_new(100), 1, 101, 0};

	(void)state;
	assert_true(arena_run(allocation.arena, run_inner, &allocation));
	assert_int_equal(allocation.reached, 3);
	arena_free(allocation.arena);
}

static char released[8];

static void release(void *object)
{
	strcat(released, object);
}

static void arena_free_releases_newest_first(void **state)
{
	struct arena *arena = arena_new(1 << 16);

	(void)state;
	released[0] = 0;
	arena_defer(arena, release, arena_strdup(arena, "a"));
	arena_defer(arena, release, arena_strdup(arena, "b"));
	arena_defer(arena, release, arena_strdup(arena, "c"));
	arena_free(arena);
	assert_string_equal(released, "cba");
}

static void arena_copies_text(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	char large[5000];

	(void)state;
	memset(large, 'x', sizeof large - 1);
	large[sizeof large - 1] = 0;
	assert_string_equal(arena_strdup(arena, "word"), "word");
	assert_string_equal(arena_strndup(arena, "word", 2), "wo");
	assert_string_equal(arena_printf(arena, "%s-%d", "n", 7), "n-7");
	assert_int_equal(strlen(arena_printf(arena, "%s", large)), sizeof large - 1);
	arena_free(arena);
}

/* ---- err ---- */

static void err_describes_its_causes(void **state)
{
	struct arena *arena = arena_new(1 << 16);
	const struct err *root = err_new(arena, ERR_NOT_SAVED, "page %d", 3);
	const struct err *middle = err_because(arena, root, "table");
	const struct err *top = err_because(arena, middle, "%s", "core");

	(void)state;
	assert_int_equal(top->code, ERR_NOT_SAVED);
	assert_ptr_equal(top->cause, middle);
	assert_string_equal(err_describe(arena, top), "core: table: page 3");
	assert_string_equal(err_describe(arena, root), "page 3");
	arena_free(arena);
}

static void err_codes_have_stable_names(void **state)
{
	(void)state;
	assert_string_equal(err_code_name(ERR_IO), "io");
	assert_string_equal(err_code_name(ERR_BAD_DATA), "bad-data");
	assert_string_equal(err_code_name(ERR_UNSUPPORTED), "unsupported");
	assert_string_equal(err_code_name(ERR_NO_PROCESS), "no-process");
	assert_string_equal(err_code_name(ERR_ABSENT), "absent");
	assert_string_equal(err_code_name(ERR_NOT_SAVED), "not-saved");
	assert_string_equal(err_code_name(ERR_LIMIT), "limit");
}

static void notes_are_kept_once_and_bounded(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	struct notes notes = {.arena = arena};

	(void)state;
	note_add(&notes, "first %d", 1);
	note_add(&notes, "second");
	note_add(&notes, "first 1");
	assert_int_equal(notes.count, 2);
	assert_string_equal(notes.items[0], "first 1");
	assert_string_equal(notes.items[1], "second");
	for (int i = 0; i < 5000; i++)
		note_add(&notes, "flood %d", i);
	assert_true(notes.count <= 1000);
	arena_free(arena);
}

/* ---- vec ---- */

static void vec_grows(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	VEC(int) numbers = {0};

	(void)state;
	for (int i = 0; i < 1000; i++)
		vec_push(arena, &numbers, i);
	assert_int_equal(numbers.count, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(numbers.items[i], i);
	arena_free(arena);
}

/* ---- span ---- */

static const uint8_t bytes[] = {0x01, 0x02, 0x03, 0x84, 0x05, 0x06, 0x07, 0x88, 'a', 'b', 0};
static const struct span span = {bytes, sizeof bytes};

static void span_slices_stay_inside(void **state)
{
	(void)state;
	assert_int_equal(span_slice(span, 2, 3).size, 3);
	assert_ptr_equal(span_slice(span, 2, 3).data, bytes + 2);
	assert_int_equal(span_slice(span, 0, sizeof bytes).size, sizeof bytes);
	assert_int_equal(span_slice(span, 0, sizeof bytes + 1).size, 0);
	assert_int_equal(span_slice(span, sizeof bytes, 0).size, 0);
	assert_int_equal(span_slice(span, UINT64_MAX, 2).size, 0);
	assert_int_equal(span_slice(span, 2, UINT64_MAX).size, 0);
	assert_int_equal(span_slice((struct span){0}, 0, 0).size, 0);
	assert_int_equal(span_from(span, 4).size, sizeof bytes - 4);
	assert_int_equal(span_from(span, sizeof bytes).size, 0);
	assert_int_equal(span_from(span, UINT64_MAX).size, 0);
}

static void span_numbers_are_little_endian_and_bounded(void **state)
{
	(void)state;
	assert_int_equal(span_u8(span, 3), 0x84);
	assert_int_equal(span_u16(span, 0), 0x0201);
	assert_int_equal(span_u32(span, 0), 0x84030201);
	assert_true(span_u64(span, 0) == UINT64_C(0x8807060584030201));
	assert_int_equal(span_u64(span, 4), 0);
	assert_int_equal(span_u16(span, sizeof bytes - 1), 0);
	assert_int_equal(span_u8(span, UINT64_MAX), 0);
}

static void span_strings_must_end(void **state)
{
	(void)state;
	assert_string_equal(span_string(span, 8, 10), "ab");
	assert_string_equal(span_string(span, 10, 1), "");
	assert_null(span_string(span, 8, 2));
	assert_null(span_string(span_slice(span, 0, 10), 8, 10));
	assert_null(span_string(span, 99, 10));
}

static void span_find_finds(void **state)
{
	struct span text = {(const uint8_t *)"abaabab", 7};

	(void)state;
	assert_int_equal(span_find(text, 0, "ab", 2), 0);
	assert_int_equal(span_find(text, 1, "ab", 2), 3);
	assert_int_equal(span_find(text, 4, "ab", 2), 5);
	assert_true(span_find(text, 6, "ab", 2) == SIZE_MAX);
	assert_true(span_find(text, 0, "abb", 3) == SIZE_MAX);
	assert_true(span_find(text, 0, "abaababa", 8) == SIZE_MAX);
	assert_true(span_find(text, 99, "a", 1) == SIZE_MAX);
	assert_true(span_find(text, 0, "", 0) == SIZE_MAX);
	assert_true(span_find((struct span){0}, 0, "a", 1) == SIZE_MAX);
}

static void reader_failure_sticks(void **state)
{
	struct reader reader = reader_of(span);

	(void)state;
	assert_int_equal(read_u8(&reader), 1);
	assert_int_equal(read_u16(&reader), 0x0302);
	read_skip(&reader, 1);
	assert_int_equal(read_u32(&reader), 0x88070605);
	assert_int_equal(read_bytes(&reader, 2).size, 2);
	assert_false(reader.failed);
	assert_int_equal(read_u64(&reader), 0);
	assert_true(reader.failed);
	assert_int_equal(read_u8(&reader), 0); /* there is a byte left, but no trust */
	assert_int_equal(reader.position, 10);
}

static void check_varint(const char *data, size_t size, uint32_t value, bool failed)
{
	struct reader reader = reader_of((struct span){(const uint8_t *)data, size});

	assert_int_equal(read_uvarint32(&reader), value);
	assert_int_equal(reader.failed, failed);
}

static void varints(void **state)
{
	(void)state;
	check_varint("\x05", 1, 5, false);
	check_varint("\xe5\x8e\x26", 3, 624485, false);
	check_varint("\xff\xff\xff\xff\x0f", 5, UINT32_MAX, false);
	check_varint("\x80\x80\x80\x80\x80\x01", 6, 0, true);
	check_varint("\x80", 1, 0, true);
	check_varint("", 0, 0, true);
}

static void sizes_are_told_to_two_figures(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {{0, "0 bytes"}, {1, "1 byte"}, {1023, "1023 bytes"}, {1024, "1.0 KiB"}, {10239, "9.9 KiB"}, {10240, "10 KiB"},
		    {57409536, "54 MiB"}, {1984629456, "1.8 GiB"}, {UINT64_MAX, "15 EiB"}};
	struct arena *arena = arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(size_text(arena, rows[i].bytes), rows[i].text);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_told_to_two_figures),
		cmocka_unit_test(arena_gives_zeroed_aligned_memory),
		cmocka_unit_test(arena_gives_more_than_a_block),
		cmocka_unit_test(arena_run_answers_exhaustion),
		cmocka_unit_test(arena_takes_large_memory_back),
		cmocka_unit_test(arena_run_nests),
		cmocka_unit_test(arena_free_releases_newest_first),
		cmocka_unit_test(arena_copies_text),
		cmocka_unit_test(err_describes_its_causes),
		cmocka_unit_test(err_codes_have_stable_names),
		cmocka_unit_test(notes_are_kept_once_and_bounded),
		cmocka_unit_test(vec_grows),
		cmocka_unit_test(span_slices_stay_inside),
		cmocka_unit_test(span_numbers_are_little_endian_and_bounded),
		cmocka_unit_test(span_strings_must_end),
		cmocka_unit_test(span_find_finds),
		cmocka_unit_test(reader_failure_sticks),
		cmocka_unit_test(varints),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
