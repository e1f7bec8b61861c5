/* test_layout_fit.c: a runtime whose structures are not those of its row must be noticed, not read as nonsense. */
#include "golang/load/load.h"
#include "tests/build/go_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { BUDGET = 128 << 20, GOROUTINES = 6, STACK = 0x1000 };

/* runtime.allgadd, as the first function: it loads the three words of allgs; mov rax, [rip+n]. */
static void add_allgadd(struct go_builder *builder)
{
	enum { INSN = 7, WORDS = 3 };
	uint8_t *code = arena_alloc(builder->arena, INSN * WORDS + 1);

	for (uint32_t i = 0; i < WORDS; i++) {
		uint32_t distance = (uint32_t)(GO_ALLGS + 8 * i - (GO_TEXT + INSN * (i + 1)));

		memcpy(code + INSN * i, "\x48\x8b\x05", 3);
		memcpy(code + INSN * i + 3, &distance, sizeof distance);
	}
	code[INSN * WORDS] = 0xc3;
	go_add(builder, &(struct go_function){.name = "runtime.allgadd", .code = code, .size = INSN * WORDS + 1});
}

/* A program with goroutines at rest, whose runtime.g has all fields from `first` on moved by that many bytes. The one
 * that executes is a release with a row; what lies in the dump is not. */
static struct go_builder *program(struct arena *arena, enum layout_field first, uint32_t shift, size_t damaged)
{
	struct go_builder *builder = go_new(arena, &arch_amd64, 26, 8);
	struct layout *layout = arena_alloc(arena, sizeof *layout);
	size_t main_main;

	*layout = *builder->layout;
	for (int field = LAYOUT_g_size; field <= LAYOUT_g_waiting; field++)
		if (layout->offset[field] != LAYOUT_ABSENT && layout->offset[field] >= layout->offset[first])
			layout->offset[field] = layout->offset[field] + shift;
	builder->layout = layout;
	add_allgadd(builder);
	main_main = go_add_frame(builder, "main.main", 0x40, 0);
	for (size_t i = 0; i < GOROUTINES; i++) {
		uint64_t lo = GO_STACKS + STACK * i;
		struct goroutine g = {.id = i + 1, .status = G_WAITING, .stack_lo = lo, .stack_hi = lo + STACK,
				      .sched_sp = i < damaged ? 8 : lo + 0x800, .sched_pc = go_entry(builder, main_main) + 8,
				      .startpc = go_entry(builder, main_main)};
		uint64_t address = go_goroutine(builder, &g, true);

		go_put(builder, address + layout->offset[LAYOUT_g_sched_g], address);
	}
	return builder;
}

static struct go_runtime *load(struct go_builder *builder)
{
	struct exe_candidate candidate = {.exe = go_exe(builder), .source = EXE_GIVEN, .bias_known = true};

	return go_runtime_load(builder->image, &candidate);
}

static bool noted(const struct go_runtime *runtime, const char *part)
{
	for (size_t i = 0; i < runtime->notes->count; i++)
		if (strstr(runtime->notes->items[i], part))
			return true;
	return false;
}

static void right_row(struct arena *arena)
{
	struct go_runtime *runtime = load(program(arena, LAYOUT_g_stack_lo, 0, 0));

	assert_int_equal(runtime->layout_source, LAYOUT_SOURCE_TABLE);
	assert_int_equal(runtime->goroutines.count, GOROUTINES);
	assert_false(noted(runtime, "do not fit"));
}

/* Fields moved up by 8, from any field on that the model reads of a goroutine at rest: from the first one, the gobuf, the
 * status, the start. */
static void shifted(struct arena *arena)
{
	static const enum layout_field firsts[] = {LAYOUT_g_stack_lo, LAYOUT_g_sched_sp, LAYOUT_g_atomicstatus,
						   LAYOUT_g_startpc};

	for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
		struct go_runtime *runtime = load(program(arena, firsts[i], 8, 0));

		assert_int_equal(runtime->goroutines.count, 0);
		assert_true(runtime->goroutines_incomplete);
		assert_int_equal(runtime->layout_source, LAYOUT_SOURCE_NONE);
		assert_null(runtime->layout);
		assert_true(noted(runtime, "structure offsets for go1.26.8 do not fit"));
	}
}

/* Goroutines of which some are damaged are no reason to distrust the row. */
static void damaged_goroutines(struct arena *arena)
{
	struct go_runtime *runtime = load(program(arena, LAYOUT_g_stack_lo, 0, GOROUTINES / 2));

	assert_int_equal(runtime->layout_source, LAYOUT_SOURCE_TABLE);
	assert_int_equal(runtime->goroutines.count, GOROUTINES);
}

/* Sets a field of every goroutine. */
static void set_each(struct go_builder *builder, enum layout_field field, uint64_t value)
{
	for (uint64_t i = 0; i < GOROUTINES; i++)
		go_put(builder, go_get(builder, GO_HEAP + 8 * i) + builder->layout->offset[field], value);
}

/* Goroutines of threads that C made were begun by no go statement; a program may have few others. */
static void c_threads(struct arena *arena)
{
	struct go_builder *builder = program(arena, LAYOUT_g_stack_lo, 0, 0);

	set_each(builder, LAYOUT_g_startpc, 0);
	set_each(builder, LAYOUT_g_lockedm, GO_HEAP);
	assert_int_equal(load(builder)->goroutines.count, GOROUTINES);
}

/* … nor are there functions for code of a plugin whose moduledata is lost; data is no code. */
static void unknown_code(struct arena *arena)
{
	static const uint8_t flags[] = {SEGMENT_READ | SEGMENT_EXEC, SEGMENT_READ};

	for (size_t i = 0; i < 2; i++) {
		struct go_builder *builder = program(arena, LAYOUT_g_stack_lo, 0, 0);

		go_memory(builder, 0x7f0000000000, 0x1000, flags[i]);
		set_each(builder, LAYOUT_g_startpc, 0x7f0000000100);
		assert_int_equal(load(builder)->goroutines.count, i ? 0 : GOROUTINES);
	}
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, name);                                                                           \
	}

TEST(right_row)
TEST(shifted)
TEST(damaged_goroutines)
TEST(c_threads)
TEST(unknown_code)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right_row),
		cmocka_unit_test(test_shifted),
		cmocka_unit_test(test_damaged_goroutines),
		cmocka_unit_test(test_c_threads),
		cmocka_unit_test(test_unknown_code),
	};

	return cmocka_run_group_tests_name("layout_fit", tests, NULL, NULL);
}
