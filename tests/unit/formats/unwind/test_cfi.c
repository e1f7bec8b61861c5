/* test_cfi.c: rows of unwind tables, what they do to registers, and tables that mean harm. */
#include "formats/unwind/cfi.h"

#include "tests/build/core_builder.h"
#include "tests/build/library_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { BUDGET = 1 << 28, STACK = 0x7000, DAMAGED_FILES = 40, DAMAGED_BYTES = 12 };

enum { RBX = 1, RDX = 3, RBP = 6, RSP = 7 }; /* as in arch_amd64.c */

static struct notes *notes_new(struct arena *arena)
{
	struct notes *notes = arena_alloc(arena, sizeof *notes);

	notes->arena = arena;
	return notes;
}

static struct cfi_table *table_of(struct arena *arena, struct notes *notes, struct span bytes)
{
	struct exe *exe;

	return exe_from_bytes(arena, "library.so", bytes, &exe) ? NULL : cfi_table_new(arena, notes, exe);
}

/* A dump with one page of stack, whose words are their own addresses. */
static struct image *stack_image(struct arena *arena)
{
	struct core_builder *builder = core_new(arena, &arch_amd64);
	const char *folder = scratch_folder(arena);
	struct image *image;

	core_add_thread(builder, 1, 6, &(struct registers){0});
	core_add_segment(builder, STACK, 0x1000, SEGMENT_READ | SEGMENT_WRITE);
	for (uint64_t at = STACK; at < STACK + 0x1000; at += 8)
		core_put_u64(builder, at, at);
	assert_null(image_open(arena, notes_new(arena), scratch_write(arena, folder, "core", core_finish(builder)), NULL,
			       &image));
	return image;
}

static struct registers registers_at(uint64_t pc, uint64_t sp, uint64_t fp)
{
	struct registers registers = {0};

	reg_set(&registers, arch_amd64.pc, pc);
	reg_set(&registers, arch_amd64.sp, sp);
	reg_set(&registers, arch_amd64.fp, fp);
	return registers;
}

static uint64_t value_of(const struct registers *registers, uint8_t reg)
{
	uint64_t value = 0;

	assert_true(reg_get(registers, reg, &value));
	return value;
}

static void check_rows(struct arena *arena)
{
	struct notes *notes = notes_new(arena);
	struct cfi_table *table = table_of(arena, notes, library_build(arena, NULL, 0x90));
	const struct cfi_row *row = cfi_table_row(table, LIBRARY_FRAME);

	assert_non_null(row);
	assert_int_equal(row->low, LIBRARY_FRAME);
	assert_int_equal(row->high, LIBRARY_FRAME + 0x100);
	assert_int_equal(row->cfa.kind, CFI_OFFSET);
	assert_int_equal(row->cfa.column, 7);
	assert_int_equal(row->cfa.offset, 8);
	assert_int_equal(row->rules[16].kind, CFI_OFFSET);
	assert_int_equal(row->rules[16].offset, -8);
	assert_int_equal(row->rules[6].kind, CFI_SAME);
	row = cfi_table_row(table, LIBRARY_FRAME + 1);
	assert_int_equal(row->cfa.offset, 16);
	assert_int_equal(row->rules[6].kind, CFI_OFFSET);
	assert_int_equal(row->rules[6].offset, -16);
	row = cfi_table_row(table, LIBRARY_FRAME + 0xff);
	assert_int_equal(row->cfa.column, 6);
	assert_false(row->signal);
	assert_true(cfi_table_row(table, LIBRARY_SIGNAL)->signal);
	assert_ptr_equal(row, cfi_table_row(table, LIBRARY_FRAME + 0xff)); /* asked once */
	assert_null(cfi_table_row(table, LIBRARY_BARE));
	assert_null(cfi_table_row(table, 0));
	assert_int_equal(notes->count, 0);
}

static void check_steps(struct arena *arena)
{
	struct cfi_table *table = table_of(arena, notes_new(arena), library_build(arena, NULL, 0x90));
	struct image *image = stack_image(arena);
	struct registers registers = registers_at(LIBRARY_FRAME + 8, STACK, STACK + 0x100);
	struct cfi_step step;
	uint64_t unknown;

	reg_set(&registers, RBX, 11);
	reg_set(&registers, RDX, 12);
	assert_int_equal(cfi_step(image, cfi_table_row(table, LIBRARY_FRAME + 8), &registers, &step), CFI_STEPPED);
	assert_int_equal(step.cfa, STACK + 0x110);
	assert_int_equal(step.return_slot, STACK + 0x108);
	assert_int_equal(value_of(&registers, arch_amd64.pc), STACK + 0x108);
	assert_int_equal(value_of(&registers, arch_amd64.sp), STACK + 0x110);
	assert_int_equal(value_of(&registers, RBP), STACK + 0x100);
	assert_int_equal(value_of(&registers, RBX), 11); /* functions preserve it */
	assert_false(reg_get(&registers, RDX, &unknown));
	assert_int_equal(cfi_step(image, cfi_table_row(table, LIBRARY_START), &registers, &step), CFI_OUTERMOST);
}

static void check_stub(struct arena *arena)
{
	struct cfi_table *table = table_of(arena, notes_new(arena), library_build(arena, NULL, 0x90));
	struct image *image = stack_image(arena);
	struct cfi_step step;

	for (uint64_t pc = LIBRARY_STUB; pc < LIBRARY_STUB + 0x20; pc++) {
		struct registers registers = registers_at(pc, STACK + 0x20, 0);

		assert_int_equal(cfi_step(image, cfi_table_row(table, pc), &registers, &step), CFI_STEPPED);
		assert_int_equal(step.cfa, STACK + 0x28 + (pc % 16 >= 11 ? 8 : 0));
	}
}

static void check_signal(struct arena *arena)
{
	struct cfi_table *table = table_of(arena, notes_new(arena), library_build(arena, NULL, 0x90));
	struct image *image = stack_image(arena);
	struct registers registers = registers_at(LIBRARY_SIGNAL, STACK, 0);
	struct cfi_step step;

	assert_int_equal(cfi_step(image, cfi_table_row(table, LIBRARY_SIGNAL), &registers, &step), CFI_STEPPED);
	assert_int_equal(step.cfa, STACK + 160);
	assert_int_equal(step.return_slot, STACK + 168);
	assert_int_equal(value_of(&registers, arch_amd64.pc), STACK + 168);
	assert_int_equal(value_of(&registers, RBX), STACK + 128);
	assert_int_equal(value_of(&registers, RDX), 5);
}

/* A CFA by expression, in a row made by hand. */
static enum cfi_result evaluate(struct image *image, const uint8_t *bytes, size_t size, uint64_t *ret)
{
	struct cfi_row row = {.cfa = {.kind = CFI_VALUE_EXPRESSION, .size = (uint16_t)size}, .return_column = 16};
	struct registers registers = registers_at(1, STACK + 0x10, 0);
	struct cfi_step step;
	enum cfi_result result;

	memcpy(row.expressions, bytes, size);
	row.rules[16].kind = CFI_VALUE_OFFSET;
	result = cfi_step(image, &row, &registers, &step);
	*ret = step.cfa;
	return result;
}

static const struct {
	uint8_t bytes[16];
	size_t size;
	uint64_t value;
} expressions[] = {
	{{0x08, 200}, 2, 200},
	{{0x09, 200}, 2, (uint64_t)-56},
	{{0x0a, 1, 0x80}, 3, 0x8001},
	{{0x0b, 1, 0x80}, 3, 0xffffffffffff8001},
	{{0x0c, 1, 0, 0, 0x80}, 5, 0x80000001},
	{{0x0d, 1, 0, 0, 0x80}, 5, 0xffffffff80000001},
	{{0x0e, 1, 0, 0, 0, 0, 0, 0, 0x80}, 9, 0x8000000000000001},
	{{0x10, 0xe5, 0x8e, 0x26}, 4, 624485},
	{{0x11, 0xc0, 0xbb, 0x78}, 4, (uint64_t)-123456},
	{{0x32, 0x35, 0x12, 0x1e, 0x1e}, 5, 50},       /* lit2 lit5 dup mul mul */
	{{0x37, 0x32, 0x16, 0x1c}, 4, (uint64_t)-5},   /* lit7 lit2 swap minus */
	{{0x31, 0x32, 0x33, 0x17, 0x13, 0x1c}, 6, 2},  /* lit1 lit2 lit3 rot (3 1 2) drop minus */
	{{0x31, 0x39, 0x14, 0x15, 1, 0x22, 0x22}, 7, 19}, /* lit1 lit9 over (1) pick 1 (9) plus plus */
	{{0x09, 0x80, 0x33, 0x1b}, 4, (uint64_t)-42},  /* -128 / 3 */
	{{0x3a, 0x33, 0x1d}, 3, 1},
	{{0x09, 0xf8, 0x31, 0x26}, 4, (uint64_t)-4},   /* shra */
	{{0x09, 0xf8, 0x1f}, 3, 8},
	{{0x09, 0xf8, 0x19}, 3, 8},
	{{0x30, 0x20}, 2, ~UINT64_C(0)},
	{{0x3c, 0x3a, 0x27}, 3, 6},
	{{0x09, 0xff, 0x31, 0x2d}, 4, 1},              /* -1 < 1 */
	{{0x77, 0x08, 0x06}, 3, STACK + 0x18},         /* breg7 8; deref */
	{{0x77, 0x08, 0x94, 1}, 4, 0x18},
	{{0x92, 7, 0}, 3, STACK + 0x10},
	{{0x31, 0x28, 1, 0, 0x96, 0x37}, 6, 7},        /* lit1; bra +1: over a nop */
	{{0x2f, 1, 0, 0xff, 0x34}, 5, 4},              /* skip over what is no operation */
	{{0x34, 0x23, 0x80, 1}, 4, 132},
};

static void check_expressions(struct arena *arena)
{
	struct image *image = stack_image(arena);

	for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++) {
		uint64_t value = 0;

		assert_int_equal(evaluate(image, expressions[i].bytes, expressions[i].size, &value), CFI_STEPPED);
		assert_int_equal(value, expressions[i].value);
	}
}

static const struct {
	uint8_t bytes[16];
	size_t size;
	enum cfi_result result;
} lost[] = {
	{{0}, 0, CFI_LOST},                       /* nothing */
	{{0x2f, 0xfd, 0xff}, 3, CFI_LOST},        /* skip to itself */
	{{0x31, 0x12, 0x2f, 0xfc, 0xff}, 5, CFI_LOST}, /* dup for ever */
	{{0x2f, 0x00, 0x80}, 3, CFI_LOST},        /* skip to before the start */
	{{0x2f, 0xff, 0x7f}, 3, CFI_LOST},
	{{0x13}, 1, CFI_LOST},                    /* drop of nothing */
	{{0x31, 0x16}, 2, CFI_LOST},
	{{0x31, 0x15, 9}, 3, CFI_LOST},
	{{0x31, 0x30, 0x1b}, 3, CFI_LOST},        /* / 0 */
	{{0x31, 0x30, 0x1d}, 3, CFI_LOST},
	{{0xff}, 1, CFI_LOST},
	{{0x70, 0}, 2, CFI_LOST},                 /* rax is not known */
	{{0x92, 0xff, 0x7f, 0}, 4, CFI_LOST},
	{{0x0e, 1, 2}, 3, CFI_LOST},              /* cut */
	{{0x10, 0x80, 0x80, 0x80}, 4, CFI_LOST},
	{{0x30, 0x06}, 2, CFI_UNREADABLE},
	{{0x77, 0, 0x94, 9}, 4, CFI_LOST},
};

static void check_lost(struct arena *arena)
{
	struct image *image = stack_image(arena);

	for (size_t i = 0; i < sizeof lost / sizeof *lost; i++) {
		uint64_t value;

		assert_int_equal(evaluate(image, lost[i].bytes, lost[i].size, &value), lost[i].result);
	}
}

/* Rows come from a process that may have been taken over: any bytes at all. */
static void check_hostile_rows(struct arena *arena)
{
	struct image *image = stack_image(arena);
	uint32_t seed = 1;

	for (int i = 0; i < 2000; i++) {
		struct registers registers = registers_at(1, STACK + 0x10, STACK + 0x40);
		struct cfi_row row;
		struct cfi_step step;

		for (size_t at = 0; at < sizeof row; at++) {
			seed = seed * 1664525 + 1013904223;
			((uint8_t *)&row)[at] = (uint8_t)(seed >> 24) & (i % 2 ? 0xff : 0x07);
		}
		(void)cfi_step(image, &row, &registers, &step);
	}
}

static void ask_all(struct cfi_table *table)
{
	for (uint64_t pc = LIBRARY_CODE; table && pc < LIBRARY_CODE + 0x500; pc += 0x41)
		(void)cfi_table_row(table, pc);
}

static void check_damaged(struct arena *arena)
{
	static const uint32_t lengths[] = {0, 1, 0xffffffff, 0xfffffff0, 0x7fffffff, 0x400};

	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		struct span bytes = library_build(arena, NULL, 0x90);

		memcpy((uint8_t *)(uintptr_t)bytes.data + LIBRARY_TABLES, &lengths[i], 4);
		ask_all(table_of(arena, notes_new(arena), bytes));
	}
	for (uint32_t seed = 1, i = 0; i < DAMAGED_FILES; i++) {
		struct span bytes = library_build(arena, NULL, 0x90);

		for (int j = 0; j < DAMAGED_BYTES; j++) {
			seed = seed * 1664525 + 1013904223;
			((uint8_t *)(uintptr_t)bytes.data)[LIBRARY_TABLES + (seed >> 4) % 0x120] ^= (uint8_t)(seed >> 24);
		}
		ask_all(table_of(arena, notes_new(arena), bytes));
	}
	for (size_t size = 0; size < 0x5000; size += 0x333)
		ask_all(table_of(arena, notes_new(arena), span_slice(library_build(arena, NULL, 0x90), 0, size)));
}

#define TEST(name, body)                                                                                               \
	static void name(void **state)                                                                                 \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, body);                                                                           \
	}

TEST(rows_are_those_of_the_table, check_rows)
TEST(a_row_leads_to_the_caller, check_steps)
TEST(the_cfa_of_a_stub_depends_on_its_pc, check_stub)
TEST(a_signal_trampoline_restores_registers, check_signal)
TEST(expressions_are_computed, check_expressions)
TEST(expressions_without_sense_are_lost, check_lost)
TEST(hostile_rows_do_no_harm, check_hostile_rows)
TEST(damaged_tables_do_no_harm, check_damaged)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_those_of_the_table),
		cmocka_unit_test(a_row_leads_to_the_caller),
		cmocka_unit_test(the_cfa_of_a_stub_depends_on_its_pc),
		cmocka_unit_test(a_signal_trampoline_restores_registers),
		cmocka_unit_test(expressions_are_computed),
		cmocka_unit_test(expressions_without_sense_are_lost),
		cmocka_unit_test(hostile_rows_do_no_harm),
		cmocka_unit_test(damaged_tables_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
