/* test_nearby.c: addresses near their own are left out of large slim dumps, and are there again when one is read. */
#include "formats/slim/slim.h"

#include "tests/build/core_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { START = 0x10000000, SIZE = 4 << 20, WORD = 8 };

/* What each word holds: above and below its own address, at the ends of what is near and beyond, nothing, a number. */
static uint64_t value_at(uint64_t address)
{
	static const int64_t distances[] = {16, -72, 0, 127 * WORD, 128 * WORD, -128 * WORD, -129 * WORD, 4};
	const uint64_t number = (address - START) / WORD;

	return number % 16 < 8 ? address + (uint64_t)distances[number % 8] : number % 3;
}

static struct image *load(struct arena *arena, const struct format *format, struct span bytes)
{
	struct image *image = arena_alloc(arena, sizeof *image);
	struct notes *notes = arena_alloc(arena, sizeof *notes);
	const struct err *err;

	notes->arena = arena;
	*image = (struct image){.arena = arena, .notes = notes, .bytes = bytes, .name = "core"};
	err = format->load(image);
	if (err)
		fail_msg("%s", err_describe(arena, err));
	return image;
}

static struct image *original(struct arena *arena)
{
	struct core_builder *core = core_new(arena, &arch_amd64);
	struct registers registers = {0};

	core_add_thread(core, 1, 11, &registers);
	core_add_segment(core, START, SIZE, SEGMENT_READ | SEGMENT_WRITE);
	for (uint64_t address = START; address < START + SIZE; address += WORD)
		core_put_u64(core, address, value_at(address));
	return load(arena, &format_elf_core, core_finish(core));
}

/* A slim dump for which `kept` bytes were read. */
static struct span slim_of(struct arena *arena, uint64_t kept)
{
	struct image *image = original(arena);
	char *bytes = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&bytes, &size);
	struct span ret;

	assert_non_null(out);
	assert_null(slim_begin(image));
	image_cite(image, START, kept);
	assert_null(slim_write(image, out));
	fclose(out);
	ret = (struct span){memcpy(arena_alloc(arena, size), bytes, size), size};
	free(bytes);
	return ret;
}

static void check_words(struct image *image, uint64_t kept)
{
	for (uint64_t address = START; address < START + SIZE; address += WORD) {
		uint64_t value;

		if (image_u64(image, address, &value) != (address < START + kept))
			fail_msg("%#llx", (unsigned long long)address);
		if (address < START + kept)
			assert_int_equal(value, value_at(address));
	}
}

static void body_large(struct arena *arena)
{
	const struct span slim = slim_of(arena, SIZE);
	struct image *plain = load(arena, &format_elf_core, slim);
	uint64_t value;

	check_words(load(arena, &format_slim, slim), SIZE);
	assert_true(image_u64(plain, START, &value)); /* as a debugger reads it */
	assert_int_equal(value, 0);
	assert_true(image_u64(plain, START + 4 * WORD, &value)); /* too far */
	assert_int_equal(value, value_at(START + 4 * WORD));
}

static void body_small(struct arena *arena)
{
	const struct span slim = slim_of(arena, SIZE / 64);
	uint64_t value;

	check_words(load(arena, &format_slim, slim), SIZE / 64);
	assert_true(image_u64(load(arena, &format_elf_core, slim), START, &value));
	assert_int_equal(value, value_at(START)); /* nothing is left out of a small one */
}

/* Any byte of the record changed: an error, or other words, and no crash. */
static void body_damaged(struct arena *arena)
{
	const struct span slim = slim_of(arena, SIZE);
	const size_t record = span_find(slim, 0, "tornslim", 8);

	for (size_t at = 0; at < 1500; at += 37) {
		uint8_t *copy = memcpy(arena_alloc(arena, slim.size), slim.data, slim.size);
		struct notes notes = {.arena = arena};
		struct image image = {.arena = arena, .notes = &notes, .bytes = {copy, slim.size}, .name = "core"};

		copy[record + 8 + at] ^= 0xff;
		format_slim.load(&image);
	}
}

static void large(void **state)
{
	(void)state;
	scratch_arena((size_t)1 << 30, body_large);
}

static void small(void **state)
{
	(void)state;
	scratch_arena((size_t)1 << 30, body_small);
}

static void damaged(void **state)
{
	(void)state;
	scratch_arena((size_t)4 << 30, body_damaged);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(large), cmocka_unit_test(small), cmocka_unit_test(damaged)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
