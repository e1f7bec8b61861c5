/* test_heap_damage.c: what the runtime throws about its heap and which of its functions are the heap's; values in memory and what
 * lies around them; names of system calls. */
#include "formats/cpu/system_calls.h"
#include "heuristics/heap/part.h"
#include "heuristics/heap/memory_search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { BASE = 0x10000, WORDS = 64, OTHER = 0x20000 };

struct fixture {
	struct arena *arena;
	struct image image;
	uint64_t words[WORDS], other[WORDS];
};

static void add(struct fixture *f, uint64_t address, uint64_t *words, uint64_t size, uint8_t flags)
{
	vec_push(f->arena, &f->image.segments,
		 (struct segment){.address = address, .size = size, .promised = size, .flags = flags,
				  .saved = {(uint8_t *)words, WORDS * sizeof *words}});
}

static int setup(void **state)
{
	struct arena *arena = arena_new(1 << 24);
	struct fixture *f = arena_alloc(arena, sizeof *f);

	f->arena = arena;
	f->image.arena = arena;
	add(f, BASE, f->words, sizeof f->words, SEGMENT_READ | SEGMENT_WRITE);
	add(f, OTHER, f->other, sizeof f->other, SEGMENT_READ);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_free(f->arena);
	return 0;
}

static void messages_name_a_part(void **state)
{
	(void)state;
	assert_int_equal(heap_part_of_line("fatal error: sweep increased allocation count"), PART_SPAN);
	assert_int_equal(heap_part_of_line("fatal error: workbuf is empty"), PART_WORK);
	assert_int_equal(heap_part_of_line("fatal error: index out of range"), PART_BY_FUNCTION);
	assert_int_equal(heap_part_of_line("fatal error: workbuf is empt"), PART_NONE);
	assert_int_equal(heap_part_of_line("fatal error: workbuf is empty now"), PART_NONE);
	assert_int_equal(heap_part_of_line("panic: workbuf is empty"), PART_NONE);
	assert_int_equal(heap_part_of_line("fatal error: concurrent map writes"), PART_NONE);
	assert_int_equal(heap_part_of_line(NULL), PART_NONE);
}

static void functions_name_a_part(void **state)
{
	(void)state;
	assert_int_equal(heap_part_of_function("runtime.scanobject"), PART_OBJECT);
	assert_int_equal(heap_part_of_function("runtime.(*mspan).typePointersOfUnchecked"), PART_TYPES);
	assert_int_equal(heap_part_of_function("runtime.(*mspan).reportZombies"), PART_SPAN);
	assert_int_equal(heap_part_of_function("runtime.(*gcWork).tryGetFast"), PART_WORK);
	assert_int_equal(heap_part_of_function("runtime.(*timers).run"), PART_TIMERS);
	assert_int_equal(heap_part_of_function("runtime.runtimer"), PART_TIMERS);
	assert_int_equal(heap_part_of_function("time.(*Timer).Reset"), PART_NONE);
	/* What is given addresses by the program is not the heap's. */
	assert_int_equal(heap_part_of_function("runtime.memmove"), PART_NONE);
	assert_int_equal(heap_part_of_function("runtime.growslice"), PART_NONE);
	assert_int_equal(heap_part_of_function("runtime.bulkBarrierPreWrite"), PART_NONE);
	assert_int_equal(heap_part_of_function("main.scanobject"), PART_NONE);
}

static void every_part_has_words(void **state)
{
	(void)state;
	for (int part = 0; part < PART_BY_FUNCTION; part++) {
		const struct heap_part_text *text = heap_part_text((enum heap_part)part);

		assert_true(*text->what && *text->usual && text->usual[strlen(text->usual) - 1] == '.');
	}
}

static void values_are_found(void **state)
{
	struct fixture *f = *state;
	struct memory_search search = {.first = 0x4000, .last = 0x40ff};

	f->words[3] = 0x4000;
	f->words[4] = 0x40ff;
	f->words[5] = 0x4100;
	f->other[3] = 0x4000; /* cannot be written: nobody keeps an address there */
	memory_search(&f->image, &search);
	assert_int_equal(search.count, 2);
	assert_true(search.complete);
	assert_int_equal(search.found[0].address, BASE + 3 * 8);
	assert_int_equal(search.found[1].value, 0x40ff);

	search.skip = &(struct address_range){BASE + 3 * 8, BASE + 4 * 8};
	search.skip_count = 1;
	memory_search(&f->image, &search);
	assert_int_equal(search.count, 1);
	assert_int_equal(search.found[0].address, BASE + 4 * 8);
}

static void a_search_keeps_count(void **state)
{
	struct fixture *f = *state;
	struct memory_search search = {.first = 7, .last = 7};

	for (size_t i = 0; i < WORDS; i++)
		f->words[i] = 7;
	f->image.segments.items[0].size *= 2; /* the rest was not saved */
	memory_search(&f->image, &search);
	assert_int_equal(search.count, WORDS);
	assert_false(search.complete);
}

static void runs_look_alike(void **state)
{
	struct fixture *f = *state;
	struct word_run run;

	memcpy(&f->words[8], "GET /metrics HTTP/1.1 \r\n", 24);
	run = word_run_at(f->arena, &f->image, BASE + 9 * 8);
	assert_int_equal(run.start, BASE + 8 * 8);
	assert_int_equal(run.end, BASE + 11 * 8);
	assert_string_equal(run.shape, "text");
	assert_string_equal(run.text, "\"GET /metrics HTTP/1.1 \r\n\"");

	for (size_t i = 20; i < 29; i++)
		f->words[i] = UINT64_C(0x100000001) * i;
	run = word_run_at(f->arena, &f->image, BASE + 24 * 8);
	assert_int_equal(run.start, BASE + 20 * 8);
	assert_int_equal(run.end, BASE + 29 * 8);

	f->words[WORDS - 1] = UINT64_C(0x5252525252525252); /* at the end of memory */
	run = word_run_at(f->arena, &f->image, BASE + (WORDS - 1) * 8);
	assert_int_equal(run.end, BASE + WORDS * 8);

	f->words[40] = 0xc000012345;
	assert_null(word_run_at(f->arena, &f->image, BASE + 40 * 8).shape);
	assert_null(word_run_at(f->arena, &f->image, BASE + 41 * 8).shape);
	assert_null(word_run_at(f->arena, &f->image, 0x90000).shape);
}

static void calls_have_names(void **state)
{
	(void)state;
	assert_string_equal(system_call_name(&arch_amd64, 149), "mlock");
	assert_string_equal(system_call_name(&arch_arm64, 228), "mlock");
	assert_string_equal(system_call_name(&arch_amd64, 0), "read");
	assert_string_equal(system_call_name(&arch_arm64, 0), "io_setup");
	assert_string_equal(system_call_name(&arch_arm64, 435), "clone3");
	assert_null(system_call_name(&arch_arm64, 1000));
	assert_null(system_call_name(&arch_amd64, UINT32_MAX));
	assert_string_equal(arch_amd64.reg_names[arch_amd64.system_call], "rax");
	assert_string_equal(arch_arm64.reg_names[arch_arm64.system_call], "x8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_name_a_part),
		cmocka_unit_test(functions_name_a_part),
		cmocka_unit_test(every_part_has_words),
		cmocka_unit_test_setup_teardown(values_are_found, setup, teardown),
		cmocka_unit_test_setup_teardown(a_search_keeps_count, setup, teardown),
		cmocka_unit_test_setup_teardown(runs_look_alike, setup, teardown),
		cmocka_unit_test(calls_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
