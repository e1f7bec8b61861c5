/* test_heap.c: what golang/heap says of addresses, in programs with a heap made by hand, as releases of both forms of mspan have
 * it; and that records which contradict themselves are told and not followed. Real heaps: tests/live/heap.py. */
#include "golang/heap/heap.h"
#include "tests/build/go_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MHEAP (GO_DATA + 0xf00)
#define SECOND UINT64_C(0x7f0000000000)  /* the second level of mheap_.arenas */
#define ARENA UINT64_C(0x7f1000000000)   /* the heapArena of GO_HEAP */
#define RECORDS UINT64_C(0x7f2000000000) /* mspans, bitmaps, special records */

enum {
	BUDGET = 128 << 20,
	PAGE = 0x2000,
	OBJECTS = 4,  /* page of the span with objects that the tests ask for */
	STACKS = 512, /* page of GO_STACKS */
	OBJECT_COUNT = 126,
	SPAN_SIZE = 0x100,
	BITS = 0x1000,
	SPECIALS = 0x1800,
};

struct scene {
	struct go_builder *builder;
	const struct layout *layout;
	struct go_runtime *runtime;
	uint64_t in_use; /* of the first pages: that a span with objects begins there */
};

struct span_words {
	uint64_t page, pages, elemsize, nelems, freeindex, bits;
	uint8_t class, state;
};

static void put(struct scene *s, uint64_t object, enum layout_field field, uint64_t value, size_t size)
{
	go_write(s->builder, object + s->layout->offset[field], &value, size);
}

/* Number `index` of the records; every page of it leads to it. */
static uint64_t add_span(struct scene *s, uint64_t index, const struct span_words *w)
{
	const uint64_t record = RECORDS + index * SPAN_SIZE;
	const size_t width = s->layout->offset[LAYOUT_mspan_nelems] - s->layout->offset[LAYOUT_mspan_freeindex];

	put(s, record, LAYOUT_mspan_startAddr, GO_HEAP + w->page * PAGE, 8);
	put(s, record, LAYOUT_mspan_npages, w->pages, 8);
	put(s, record, LAYOUT_mspan_elemsize, w->elemsize, 8);
	put(s, record, LAYOUT_mspan_freeindex, w->freeindex, width);
	put(s, record, LAYOUT_mspan_nelems, w->nelems, width);
	put(s, record, LAYOUT_mspan_spanclass, w->class, 1);
	put(s, record, LAYOUT_mspan_state, w->state, 1);
	put(s, record, LAYOUT_mspan_sweepgen, 6, 4);
	put(s, record, LAYOUT_mspan_allocBits, RECORDS + BITS + index * 8, 8);
	put(s, record, LAYOUT_mspan_limit, GO_HEAP + w->page * PAGE + w->elemsize * w->nelems, 8);
	put(s, record, LAYOUT_mspan_allocCount, w->freeindex + (uint64_t)__builtin_popcountll(w->bits >> w->freeindex), 2);
	go_put(s->builder, RECORDS + BITS + index * 8, w->bits);
	for (uint64_t i = 0; i < w->pages; i++)
		go_put(s->builder, ARENA + s->layout->offset[LAYOUT_heapArena_spans] + 8 * (w->page + i), record);
	if (w->state == SPAN_IN_USE)
		put(s, ARENA, LAYOUT_heapArena_pageInUse, s->in_use |= UINT64_C(1) << w->page, 8);
	return record;
}

/* runtime.mallocinit: lea rax, [rip + mheap_]; ret. */
static void add_mallocinit(struct go_builder *builder)
{
	uint8_t *code = arena_alloc(builder->arena, 8);
	const uint32_t distance = (uint32_t)(MHEAP - (GO_TEXT + 7));

	memcpy(code, "\x48\x8d\x05", 3);
	memcpy(code + 3, &distance, sizeof distance);
	code[7] = 0xc3;
	go_add(builder, &(struct go_function){.name = "runtime.mallocinit", .code = code, .size = 8});
}

static void add_memory(struct scene *s)
{
	const uint64_t arenas = MHEAP + s->layout->offset[LAYOUT_mheap_arenas];
	const uint64_t index = (GO_HEAP + UINT64_C(0x800000000000)) >> 26;
	const uint64_t spans = ARENA + s->layout->offset[LAYOUT_heapArena_spans];

	go_memory(s->builder, (MHEAP + s->layout->offset[LAYOUT_mheap_sweepgen]) & ~UINT64_C(0xfff), 0x2000, SEGMENT_READ | SEGMENT_WRITE);
	go_memory(s->builder, (SECOND + 8 * index) & ~UINT64_C(0xfff), 0x1000, SEGMENT_READ | SEGMENT_WRITE);
	go_memory(s->builder, spans & ~UINT64_C(0xfff), 0x4000, SEGMENT_READ | SEGMENT_WRITE);
	go_memory(s->builder, (ARENA + s->layout->offset[LAYOUT_heapArena_pageInUse]) & ~UINT64_C(0xfff), 0x1000,
		  SEGMENT_READ | SEGMENT_WRITE);
	go_memory(s->builder, RECORDS, 0x2000, SEGMENT_READ | SEGMENT_WRITE);
	go_put(s->builder, arenas, SECOND);
	go_put(s->builder, SECOND + 8 * index, ARENA);
	put(s, MHEAP, LAYOUT_mheap_sweepgen, 6, 4);
}

/* One goroutine, whose g is the second slot of the first span; objects, stacks and runtime memory behind it. */
static struct scene scene(struct arena *arena, int minor, int patch)
{
	struct scene s = {.builder = go_new(arena, &arch_amd64, minor, patch)};
	struct goroutine g = {.id = 1, .status = G_WAITING, .stack_lo = GO_STACKS, .stack_hi = GO_STACKS + 0x1000};
	uint64_t address;

	s.layout = s.builder->layout;
	add_mallocinit(s.builder);
	address = go_goroutine(s.builder, &g, true);
	add_memory(&s);
	add_span(&s, 0, &(struct span_words){.pages = 1, .elemsize = address - GO_HEAP, .nelems = PAGE / (address - GO_HEAP), .freeindex = 2,
					     .state = SPAN_IN_USE, .class = 50});
	add_span(&s, 1, &(struct span_words){.page = OBJECTS, .pages = 1, .elemsize = 64, .nelems = OBJECT_COUNT, .freeindex = 3,
					     .bits = 0x24, .state = SPAN_IN_USE, .class = 5 << 1 | 1});
	add_span(&s, 2, &(struct span_words){.page = STACKS, .pages = 4, .elemsize = 0x800, .state = SPAN_MANUAL});
	add_span(&s, 3, &(struct span_words){.page = STACKS + 8, .pages = 4, .state = SPAN_MANUAL});
	return s;
}

static enum heap_kind find(struct scene *s, uint64_t address, struct heap_place *place)
{
	if (!s->runtime)
		s->runtime = go_load(s->builder);
	return heap_find(s->runtime, address, place);
}

static void places(struct arena *arena, int minor, int patch)
{
	const uint64_t objects = GO_HEAP + OBJECTS * PAGE;
	struct scene s = scene(arena, minor, patch);
	struct heap_place place;

	assert_int_equal(find(&s, objects + 2 * 64 + 9, &place), HEAP_OBJECT);
	assert_int_equal(place.start, objects + 2 * 64);
	assert_int_equal(place.size, 64);
	assert_int_equal(place.index, 2);
	assert_int_equal(place.state, SLOT_ALLOCATED); /* below freeindex */
	assert_true(place.span.noscan);
	assert_int_equal(place.span.size_class, 5);
	assert_int_equal(place.span.sweep, SWEEP_DONE);
	assert_int_equal(find(&s, objects + 3 * 64, &place), HEAP_OBJECT);
	assert_int_equal(place.state, SLOT_FREE);
	assert_int_equal(find(&s, objects + 5 * 64, &place), HEAP_OBJECT);
	assert_int_equal(place.state, SLOT_ALLOCATED); /* by its bit */
	assert_int_equal(find(&s, objects + OBJECT_COUNT * 64, &place), HEAP_TAIL);
	assert_int_equal(find(&s, objects + PAGE, &place), HEAP_UNUSED);
	assert_int_equal(find(&s, GO_STACKS + 0x900, &place), HEAP_STACK);
	assert_int_equal(place.start, GO_STACKS + 0x800);
	assert_int_equal(find(&s, GO_STACKS + 8 * PAGE, &place), HEAP_MANUAL);
	assert_int_equal(find(&s, GO_HEAP + (64 << 20), &place), HEAP_OUTSIDE);
	assert_int_equal(find(&s, UINT64_MAX, &place), HEAP_UNKNOWN); /* another part of the index, which is not in the dump */
}

static void both_forms_of_mspan(struct arena *arena)
{
	places(arena, 18, 10);
	places(arena, 21, 13);
	places(arena, 22, 12);
	places(arena, 27, 4);
}

/* An entry that is left over from a span that has been freed since, and whose record is another's by now. */
static void stale_entries(struct arena *arena)
{
	struct scene s = scene(arena, 26, 8);
	struct heap_place place;

	go_put(s.builder, ARENA + s.layout->offset[LAYOUT_heapArena_spans] + 8 * 20, RECORDS + SPAN_SIZE);
	put(&s, RECORDS + 3 * SPAN_SIZE, LAYOUT_mspan_state, SPAN_DEAD, 1);
	assert_int_equal(find(&s, GO_HEAP + 20 * PAGE, &place), HEAP_FREE);
	assert_int_equal(find(&s, GO_STACKS + 8 * PAGE, &place), HEAP_FREE);
}

static void damaged_records(struct arena *arena)
{
	static const struct {
		enum layout_field field;
		uint64_t value;
		size_t size;
	} damages[] = {
		{LAYOUT_mspan_elemsize, 0, 8},	       {LAYOUT_mspan_elemsize, UINT64_MAX, 8}, {LAYOUT_mspan_nelems, 0xffff, 2},
		{LAYOUT_mspan_freeindex, 0x7fff, 2}, {LAYOUT_mspan_state, 7, 1},
		/* each of these is a value that another span may have */
		{LAYOUT_mspan_elemsize, 48, 8},	       {LAYOUT_mspan_elemsize, 63, 8},	       {LAYOUT_mspan_nelems, 100, 2},
		{LAYOUT_mspan_limit, GO_HEAP, 8},      {LAYOUT_mspan_state, SPAN_DEAD, 1},     {LAYOUT_mspan_state, SPAN_MANUAL, 1},
		{LAYOUT_mspan_startAddr, GO_HEAP + (OBJECTS + 1) * PAGE, 8}, {LAYOUT_mspan_npages, 2, 8}, {LAYOUT_mspan_npages, 0, 8},
		{LAYOUT_mspan_spanclass, 1, 1},
	};
	struct heap_place place;

	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		struct scene s = scene(arena, 26, 8);

		put(&s, RECORDS + SPAN_SIZE, damages[i].field, damages[i].value, damages[i].size);
		assert_int_equal(find(&s, GO_HEAP + OBJECTS * PAGE, &place), HEAP_DAMAGED);
	}
}

/* Bits or a freeindex that say less than the span's own count: whether a slot is free is not known then. */
static void wrong_counts(struct arena *arena)
{
	static const struct {
		enum layout_field field;
		uint64_t value;
		enum slot_state state;
	} counts[] = {
		{LAYOUT_mspan_allocCount, 4, SLOT_FREE}, {LAYOUT_mspan_allocCount, 3, SLOT_FREE}, /* stopped amid an allocation */
		{LAYOUT_mspan_allocCount, 6, SLOT_UNKNOWN}, {LAYOUT_mspan_allocCount, 1, SLOT_UNKNOWN},
		{LAYOUT_mspan_freeindex, 0, SLOT_UNKNOWN},
	};
	struct heap_place place;

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		struct scene s = scene(arena, 26, 8);

		put(&s, RECORDS + SPAN_SIZE, counts[i].field, counts[i].value, 2);
		assert_int_equal(find(&s, GO_HEAP + OBJECTS * PAGE + 3 * 64, &place), HEAP_OBJECT);
		assert_int_equal(place.state, counts[i].state);
	}
}

/* Pages without end, a record nowhere, specials in a circle. */
static void hostile_records(struct arena *arena)
{
	struct scene s = scene(arena, 26, 8);
	const uint64_t special = RECORDS + SPECIALS;
	struct heap_special specials[8];
	struct heap_place place;

	put(&s, RECORDS + SPAN_SIZE, LAYOUT_mspan_specials, special, 8);
	put(&s, special, LAYOUT_special_next, special, 8);
	put(&s, special, LAYOUT_special_kind, 2, 1);
	put(&s, special, LAYOUT_special_offset, 128, 8);
	put(&s, RECORDS + 3 * SPAN_SIZE, LAYOUT_mspan_npages, UINT64_MAX, 8);
	go_put(s.builder, ARENA + s.layout->offset[LAYOUT_heapArena_spans] + 8 * 30, 0x1234);
	assert_int_equal(find(&s, GO_HEAP + OBJECTS * PAGE, &place), HEAP_OBJECT);
	assert_int_equal(heap_specials(s.runtime, &place.span, specials, 8), 8);
	assert_string_equal(specials[0].name, "finalizer");
	assert_int_equal(specials[0].object, GO_HEAP + OBJECTS * PAGE + 128);
	assert_int_equal(find(&s, GO_STACKS + 8 * PAGE, &place), HEAP_DAMAGED);
	assert_int_equal(find(&s, GO_HEAP + 30 * PAGE, &place), HEAP_UNKNOWN);
}

/* What mallocinit names is no heap when goroutines are not found in it. */
static void no_heap(struct arena *arena)
{
	struct scene s = scene(arena, 26, 8);
	struct heap_place place;

	put(&s, RECORDS, LAYOUT_mspan_state, SPAN_MANUAL, 1);
	assert_int_equal(find(&s, GO_HEAP + OBJECTS * PAGE, &place), HEAP_UNKNOWN);
	assert_false(heap_known(s.runtime));
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, name);                                                                           \
	}

TEST(both_forms_of_mspan)
TEST(stale_entries)
TEST(damaged_records)
TEST(wrong_counts)
TEST(hostile_records)
TEST(no_heap)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_forms_of_mspan),
		cmocka_unit_test(test_stale_entries),
		cmocka_unit_test(test_damaged_records),
		cmocka_unit_test(test_wrong_counts),
		cmocka_unit_test(test_hostile_records),
		cmocka_unit_test(test_no_heap),
	};

	return cmocka_run_group_tests_name("heap", tests, NULL, NULL);
}
