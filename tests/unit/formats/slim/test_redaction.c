/* test_redaction.c: which words stay, which are said to be removed, and that nothing else is, where segments share elements of the maps. */
#include "formats/slim/redaction.h"

#include "formats/dump/kept.h"
#include "tests/build/core_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { FIRST = 0x10000000, SECOND = 0x20000000, WORD = 8, WORDS = 5, SECOND_WORDS = 100 };

#define SECRET UINT64_C(0x81d2f3c4b5a69708) /* no address, no text, no small number */

static struct image *load(struct arena *arena)
{
	struct core_builder *core = core_new(arena, &arch_amd64);
	struct image *image = arena_alloc(arena, sizeof *image);
	struct notes *notes = arena_alloc(arena, sizeof *notes);
	struct registers registers = {0};

	notes->arena = arena;
	core_add_thread(core, 1, 11, &registers);
	core_add_segment(core, FIRST, WORDS * WORD, SEGMENT_READ | SEGMENT_WRITE);
	core_add_segment(core, SECOND, SECOND_WORDS * WORD, SEGMENT_READ | SEGMENT_WRITE);
	for (uint64_t i = 0; i < WORDS; i++)
		core_put_u64(core, FIRST + i * WORD, SECRET);
	for (uint64_t i = 0; i < SECOND_WORDS; i++)
		core_put_u64(core, SECOND + i * WORD, SECRET);
	*image = (struct image){.arena = arena, .notes = notes, .bytes = core_finish(core), .name = "core"};
	assert_null(format_elf_core.load(image));
	assert_null(kept_begin(image, true));
	return image;
}

static uint64_t number_of(struct image *image, uint64_t address)
{
	const struct segment *segment = image_segment(image, address);

	return kept_number(segment, address - segment->address);
}

static bool is_kept(struct image *image, uint64_t address)
{
	return kept_has(image->kept, number_of(image, address));
}

static bool is_removed(struct image *image, uint64_t address)
{
	return kept_bit(image->kept->removed, number_of(image, address));
}

static void read_word(struct image *image, uint64_t address)
{
	image_cite(image, address, WORD);
}

/* As a field of a structure, whether it was read or not. */
static void know_field(struct image *image, uint64_t address)
{
	const struct segment *segment = image_segment(image, address);

	kept_mark(image->kept->fields, segment, address - segment->address, WORD);
}

static void body(struct arena *arena)
{
	struct image *image = load(arena);
	struct redaction *redaction = arena_alloc(arena, sizeof *redaction);

	read_word(image, FIRST);            /* goes */
	know_field(image, FIRST + 2 * WORD); /* nobody read it */
	know_field(image, FIRST + 3 * WORD);
	read_word(image, FIRST + 3 * WORD); /* stays */
	know_field(image, SECOND);          /* in the element of the first segment's, unread */
	read_word(image, SECOND + 80 * WORD); /* goes, the only one of its element */
	know_field(image, SECOND + 90 * WORD);
	redaction_run(image, redaction);
	for (uint64_t i = 0; i < WORDS; i++) {
		assert_int_equal(is_kept(image, FIRST + i * WORD), i == 3);
		assert_int_equal(is_removed(image, FIRST + i * WORD), i == 0);
	}
	for (uint64_t i = 0; i < SECOND_WORDS; i++) {
		assert_false(is_kept(image, SECOND + i * WORD));
		assert_int_equal(is_removed(image, SECOND + i * WORD), i == 80);
	}
	assert_int_equal(redaction->removed, 2);
	assert_int_equal(redaction->words[REASON_STRUCTURE], 1);
}

/* The last word that is read of an element goes, and with it nothing of what was judged before. */
static void body_one_by_one(struct arena *arena)
{
	struct image *image = load(arena);
	struct redaction *redaction = arena_alloc(arena, sizeof *redaction);

	read_word(image, FIRST);
	read_word(image, FIRST + WORD);
	redaction_run(image, redaction);
	for (uint64_t i = 0; i < WORDS; i++)
		assert_int_equal(is_removed(image, FIRST + i * WORD), i < 2);
}

static void fields(void **state)
{
	(void)state;
	scratch_arena((size_t)1 << 28, body);
}

static void one_by_one(void **state)
{
	(void)state;
	scratch_arena((size_t)1 << 28, body_one_by_one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(fields), cmocka_unit_test(one_by_one)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
