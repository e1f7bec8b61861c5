/* test_labels.c: labels of goroutines, as releases of both forms keep them, and such as cannot be. */
#include "golang/labels.h"
#include "tests/build/go_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define LABELS UINT64_C(0x7f0000000000)
#define TEXTS (LABELS + 0x8000)

enum { BUDGET = 64 << 20, STRING = 16, HEADER = 0x40, BUCKET = 8 + 8 * 2 * STRING + 8 };

struct scene {
	struct go_builder *builder;
	struct go_runtime *runtime;
	uint64_t text;
};

static struct scene scene_of(struct arena *arena, int minor)
{
	struct scene s = {.builder = go_new(arena, &arch_amd64, minor, 1), .text = TEXTS};
	const struct goroutine g = {.id = 7, .status = G_WAITING, .stack_lo = GO_STACKS, .stack_hi = GO_STACKS + 0x1000, .machine = -1};

	go_add_goexit(s.builder);
	go_memory(s.builder, GO_STACKS, 0x1000, SEGMENT_WRITE);
	go_memory(s.builder, LABELS, 0x10000, SEGMENT_WRITE);
	go_put(s.builder, go_goroutine(s.builder, &g, true) + s.builder->layout->offset[LAYOUT_g_labels], LABELS);
	return s;
}

static void put_string(struct scene *s, uint64_t address, const char *text)
{
	go_write(s->builder, s->text, text, strlen(text));
	go_put(s->builder, address, s->text);
	go_put(s->builder, address + 8, strlen(text));
	s->text += strlen(text);
}

static size_t read_all(struct scene *s, struct goroutine_label found[static LABELS_MOST])
{
	s->runtime = go_load(s->builder);
	return goroutine_labels(s->runtime, s->runtime->arena, goroutine_labels_address(s->runtime, &s->runtime->goroutines.items[0]), found);
}

static void put_slice(struct scene *s, uint64_t count)
{
	go_put(s->builder, LABELS, LABELS + HEADER);
	go_put(s->builder, LABELS + 8, count);
	put_string(s, LABELS + HEADER, "user");
	put_string(s, LABELS + HEADER + STRING, "x");
	put_string(s, LABELS + HEADER + 2 * STRING, "request");
	put_string(s, LABELS + HEADER + 3 * STRING, "");
}

static void slice(struct arena *arena)
{
	struct scene s = scene_of(arena, 24);
	struct goroutine_label found[LABELS_MOST];

	put_slice(&s, 2);
	assert_int_equal(read_all(&s, found), 2);
	assert_string_equal(found[0].key, "request");
	assert_string_equal(found[0].value, "");
	assert_string_equal(found[1].key, "user");
	assert_string_equal(found[1].value, "x");
}

/* What cannot be read is left out, and what is endless ends. */
static void slice_absurd(struct arena *arena)
{
	struct scene s = scene_of(arena, 27);
	struct goroutine_label found[LABELS_MOST];

	put_slice(&s, UINT64_MAX);
	go_put(s.builder, LABELS + HEADER + 8, UINT64_MAX); /* the first key's length */
	assert_int_in_range(read_all(&s, found), 1, LABELS_MOST);
}

/* A map of one bucket, with one key there and one in the bucket that overflows it; `chain` leads from that on. */
static void put_map(struct scene *s, uint64_t chain)
{
	const uint64_t map = LABELS + HEADER, bucket = map + HEADER;

	go_put(s->builder, LABELS, map);
	go_put(s->builder, map + 16, bucket);
	for (int i = 0; i < 2; i++) {
		const uint64_t at = bucket + (uint64_t)i * BUCKET;

		go_write(s->builder, at + 3, "\x80", 1);
		put_string(s, at + 8 + 3 * STRING, i ? "a" : "b");
		put_string(s, at + 8 + 8 * STRING + 3 * STRING, i ? "1" : "2");
		go_put(s->builder, at + BUCKET - 8, i ? chain : at + BUCKET);
	}
}

static void map(struct arena *arena)
{
	struct scene s = scene_of(arena, 23);
	struct goroutine_label found[LABELS_MOST];

	put_map(&s, 0);
	assert_int_equal(read_all(&s, found), 2);
	assert_string_equal(found[0].key, "a");
	assert_string_equal(found[0].value, "1");
	assert_string_equal(found[1].key, "b");
}

/* Buckets in a circle, and more of them than any map of labels has. */
static void map_absurd(struct arena *arena)
{
	struct scene s = scene_of(arena, 18);
	struct goroutine_label found[LABELS_MOST];

	put_map(&s, LABELS + 2 * HEADER);
	assert_int_equal(read_all(&s, found), LABELS_MOST);
	go_write(s.builder, LABELS + HEADER + 9, "\xff", 1);
	assert_int_equal(read_all(&s, found), 0);
}

static void none(struct arena *arena)
{
	struct scene s = scene_of(arena, 26);
	struct goroutine_label found[LABELS_MOST];

	go_put(s.builder, LABELS, 8);
	assert_int_equal(read_all(&s, found), 0);
	assert_int_equal(goroutine_labels(s.runtime, arena, 0, found), 0);
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, name);                                                                           \
	}

TEST(slice)
TEST(slice_absurd)
TEST(map)
TEST(map_absurd)
TEST(none)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slice),	   cmocka_unit_test(test_slice_absurd), cmocka_unit_test(test_map),
		cmocka_unit_test(test_map_absurd), cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
