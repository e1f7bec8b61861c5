/* test_stores.c: which functions store to a global variable; and who only reads it, takes its address, or stores beside it. */
#include "analyzer/origins/stores.h"
#include "tests/build/go_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define VARIABLE (GO_DATA + 0xe40)

enum { BUDGET = 256 << 20, WORD = 8, SIZE = 16 };

static size_t add(struct go_builder *builder, const char *name, const void *code, size_t size)
{
	return go_add(builder, &(struct go_function){.name = name, .code = code, .size = size});
}

static bool has(const struct go_builder *builder, const struct storers *storers, size_t function)
{
	for (size_t i = 0; i < storers->count; i++)
		if (storers->items[i].at->func->entry == go_entry(builder, function))
			return true;
	return false;
}

/* ---- amd64 ---- */

/* A function of one instruction of `size` bytes, with an operand relative to the pc, and RET. */
static size_t refer(struct go_builder *builder, const char *name, const uint8_t *code, size_t size, uint64_t target)
{
	uint8_t *copy = arena_alloc(builder->arena, size + 1);
	size_t function;

	memcpy(copy, code, size);
	copy[size] = 0xc3;
	function = add(builder, name, copy, size + 1);
	go_refer(builder, function, (uint32_t)size, target);
	return function;
}

static const uint8_t store[] = {0x48, 0x89, 0x05, 0, 0, 0, 0}; /* mov [rip + …], rax */

static void relative_to_pc(struct arena *arena)
{
	static const uint8_t load[] = {0x48, 0x8b, 0x05, 0, 0, 0, 0}, address[] = {0x48, 0x8d, 0x05, 0, 0, 0, 0};
	static const uint8_t byte[] = {0x88, 0x05, 0, 0, 0, 0}; /* mov [rip + …], al */
	struct go_builder *builder = go_new(arena, &arch_amd64, 24, 5);
	struct storers storers;
	const size_t first = refer(builder, "main.first", store, sizeof store, VARIABLE);
	const size_t second = refer(builder, "main.second", store, sizeof store, VARIABLE + WORD);
	const size_t across = refer(builder, "main.across", store, sizeof store, VARIABLE - 4);
	const size_t last = refer(builder, "main.last", byte, sizeof byte, VARIABLE + SIZE - 1);
	const size_t below = refer(builder, "main.below", store, sizeof store, VARIABLE - WORD);
	const size_t above = refer(builder, "main.above", store, sizeof store, VARIABLE + SIZE);
	const size_t reads = refer(builder, "main.reads", load, sizeof load, VARIABLE);
	const size_t takes = refer(builder, "main.takes", address, sizeof address, VARIABLE);

	storers_find(analyze(go_load(builder)), VARIABLE, SIZE, &storers);
	assert_int_equal(storers.count, 4);
	assert_true(has(builder, &storers, first) && has(builder, &storers, second));
	assert_true(has(builder, &storers, across) && has(builder, &storers, last));
	assert_false(has(builder, &storers, below) || has(builder, &storers, above));
	assert_false(has(builder, &storers, reads) || has(builder, &storers, takes));
	assert_false(storers.cut);
	assert_int_equal(storers.items[0].at->pc, go_entry(builder, first));
}

/* Each function once, however often it stores; and no more than there is room for. */
static void many(struct arena *arena)
{
	struct go_builder *builder = go_new(arena, &arch_amd64, 24, 5);
	struct storers storers;

	for (size_t i = 0; i < STORERS_LIMIT + 1; i++)
		refer(builder, arena_printf(arena, "main.store%zu", i), store, sizeof store, VARIABLE);
	storers_find(analyze(go_load(builder)), VARIABLE, SIZE, &storers);
	assert_int_equal(storers.count, STORERS_LIMIT);
	assert_true(storers.cut);
}

static void on_a_stack(struct arena *arena)
{
	struct go_builder *builder = go_new(arena, &arch_amd64, 24, 5);
	const size_t storing = refer(builder, "main.storing", store, sizeof store, VARIABLE);
	const size_t other = refer(builder, "main.other", store, sizeof store, VARIABLE + SIZE);
	struct go_runtime *runtime = go_load(builder);
	struct stack stack = {0};
	struct storers storers;

	storers_find(analyze(runtime), VARIABLE, SIZE, &storers);
	vec_push(arena, &stack.frames, (struct frame){.info = go_pc(runtime, 0x10, true)}); /* no function is there */
	vec_push(arena, &stack.frames, (struct frame){.info = go_pc(runtime, go_entry(builder, other) + 7, true)});
	assert_true(storers_frame(&storers, &stack) == SIZE_MAX);
	vec_push(arena, &stack.frames, (struct frame){.info = go_pc(runtime, go_entry(builder, storing) + 7, true)});
	assert_int_equal(storers_frame(&storers, &stack), 2);
}

/* ---- arm64 ---- */

/* adrp x0, page of the variable; `second`; ret */
static size_t by_page(struct go_builder *builder, const char *name, uint32_t second)
{
	const uint64_t entry = (GO_TEXT + builder->text.count + 15) & ~UINT64_C(15);
	const uint64_t pages = (VARIABLE >> 12) - (entry >> 12);
	uint32_t *code = arena_array(builder->arena, 3, sizeof *code);

	code[0] = 0x90000000 | (uint32_t)(pages & 3) << 29 | (uint32_t)(pages >> 2) << 5;
	code[1] = second;
	code[2] = 0xd65f03c0;
	return add(builder, name, code, 3 * sizeof *code);
}

static uint32_t of_word(uint32_t instruction, uint64_t address)
{
	return instruction | (uint32_t)((address & 0xfff) / WORD) << 10;
}

static void by_pages(struct arena *arena)
{
	const uint32_t str = 0xf9000001, ldr = 0xf9400001; /* str, ldr x1, [x0, #…] */
	struct go_builder *builder = go_new(arena, &arch_arm64, 24, 5);
	struct storers storers;
	const size_t first = by_page(builder, "main.first", of_word(str, VARIABLE));
	const size_t second = by_page(builder, "main.second", of_word(str, VARIABLE + WORD));
	const size_t above = by_page(builder, "main.above", of_word(str, VARIABLE + SIZE));
	const size_t reads = by_page(builder, "main.reads", of_word(ldr, VARIABLE));

	storers_find(analyze(go_load(builder)), VARIABLE, SIZE, &storers);
	assert_int_equal(storers.count, 2);
	assert_true(has(builder, &storers, first) && has(builder, &storers, second));
	assert_false(has(builder, &storers, above) || has(builder, &storers, reads));
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, name);                                                                           \
	}

TEST(relative_to_pc)
TEST(many)
TEST(on_a_stack)
TEST(by_pages)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_relative_to_pc),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_on_a_stack),
		cmocka_unit_test(test_by_pages),
	};

	return cmocka_run_group_tests_name("stores", tests, NULL, NULL);
}
