/* test_pclntab.c: the pc-line table in both layouts, at its boundaries, and damaged in every way that a header, a length
 * or a cut can be. */
#include "tests/build/go_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { BUDGET = 64 << 20 };

static const char *const files[] = {"/src/a.go", "/src/inner.go", "/usr/lib/go/src/runtime/proc.go"};

static const struct go_inline inlines[] = {
	{"main.outer", 3, 0x08}, /* 0: called from the function itself, at 0x08 */
	{"main.inner", 4, 0x14}, /* 1: called where 0x14 is, which is in main.outer */
};

/* Layouts and CPUs; the tests run once for each. */
static const struct target {
	const struct arch *arch;
	int minor;
} targets[] = {{&arch_amd64, 18}, {&arch_amd64, 20}, {&arch_amd64, 26}, {&arch_arm64, 19}, {&arch_arm64, 25}};

enum { FIRST, SECOND, THIRD };

struct program {
	struct go_builder *builder;
	struct span bytes;
	struct pclntab table;
	struct func func[3];
};

static void make(struct arena *arena, const struct target *target, struct program *ret)
{
	static const uint8_t code[0x4000];
	const struct go_function functions[] = {
		{.name = "main.first", .code = code, .size = 0x20, .flags = FUNC_TOP_FRAME, .func_id = 9},
		{.name = "main.second",
		 .code = code,
		 .size = 0x40,
		 .pcsp = {{0, 0}, {8, 70000}, {0x30, 16}, {0x34, 0}, {0x38, -16}},
		 .file = {{0, 0}, {0x10, 1}, {0x20, 0}, {0x28, 2}},
		 .line = {{0, 100}, {8, 7}, {0x10, 1 << 20}, {0x20, 3}},
		 .unsafe_points = {{0, -2}, {0x10, -1}, {0x20, -5}},
		 .inlined = {{0, -1}, {0x10, 1}, {0x14, 0}, {0x20, -1}},
		 .inlines = inlines,
		 .inline_count = 2},
		{.name = "main.(*T).third",
		 .code = code,
		 .size = 0x4000,
		 .pcsp = {{0, 8}, {0x3f00, INT32_MAX}, {0x3f04, INT32_MIN}, {0x3f08, 0}}},
	};

	ret->builder = go_new(arena, target->arch, target->minor, 0);
	ret->builder->files = files;
	ret->builder->file_count = 3;
	for (size_t i = 0; i < 3; i++)
		go_add(ret->builder, &functions[i]);
	ret->bytes = go_pclntab(ret->builder);
	assert_true(pclntab_open(ret->bytes, GO_RODATA, &ret->table));
	ret->table.text = GO_TEXT;
	ret->table.gofunc = go_funcdata(ret->builder);
	for (uint32_t i = 0; i < 3; i++)
		assert_true(pclntab_func(&ret->table, i, &ret->func[i]));
}

struct job {
	struct arena *arena;
	void (*body)(struct arena *arena, const struct target *target);
	const struct target *target;
};

static void run_job(void *context)
{
	struct job *job = context;

	job->body(job->arena, job->target);
}

/* Runs a test for every target, each with a fresh arena. */
static void each(void (*body)(struct arena *arena, const struct target *target))
{
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		struct job job = {arena_new(BUDGET), body, &targets[i]};

		assert_true(arena_run(job.arena, run_job, &job));
		arena_free(job.arena);
	}
}

/* ---- sound tables ---- */

static void header(struct arena *arena, const struct target *target)
{
	struct program p;

	make(arena, target, &p);
	assert_int_equal(p.table.nfunc, 3);
	assert_int_equal(p.table.quantum, target->arch->quantum);
	assert_int_equal(p.table.has_start_line, target->minor >= 20);
	assert_int_equal(p.table.address, GO_RODATA);
	assert_int_equal(pclntab_min(&p.table), 0);
	assert_int_equal(pclntab_max(&p.table), 0x4060);
	assert_string_equal(pclntab_name(&p.table, p.func[THIRD].name), "main.(*T).third");
	assert_null(pclntab_name(&p.table, (uint32_t)p.table.funcnames.size));
	assert_null(pclntab_name(&p.table, UINT32_MAX));
	assert_null(pclntab_name(&p.table, p.func[THIRD].name + 1)); /* "ain.(*T).third" */
	assert_int_equal(p.func[FIRST].flags, FUNC_TOP_FRAME);
	assert_int_equal(p.func[FIRST].func_id, 9);
	assert_int_equal(p.func[SECOND].start_line, target->minor >= 20 ? 7 : 0);
	assert_int_equal(p.func[SECOND].end, p.func[THIRD].entry);
	assert_false(pclntab_func(&p.table, 3, &p.func[0]));
	assert_false(pclntab_func(&p.table, UINT32_MAX, &p.func[0]));
}

static void lookup(struct arena *arena, const struct target *target)
{
	static const struct {
		uint64_t pc;
		int index; /* -1: none */
	} rows[] = {
		{0, -1},
		{GO_TEXT - 1, -1},
		{GO_TEXT, 0},
		{GO_TEXT + 0x1f, 0},
		{GO_TEXT + 0x20, 1},
		{GO_TEXT + 0x21, 1},
		{GO_TEXT + 0x5f, 1},
		{GO_TEXT + 0x60, 2},
		{GO_TEXT + 0x405f, 2},
		{GO_TEXT + 0x4060, -1},
		{UINT64_MAX, -1},
		{GO_TEXT + (UINT64_C(1) << 32), -1},
	};
	struct program p;

	make(arena, target, &p);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct func func;
		bool found = pclntab_find(&p.table, rows[i].pc, &func);

		assert_int_equal(found, rows[i].index >= 0);
		if (found)
			assert_int_equal(func.index, rows[i].index);
	}
}

static void values(struct arena *arena, const struct target *target)
{
	static const struct {
		int func;
		uint32_t offset;
		int32_t value;
		uint32_t start;
	} rows[] = {
		{0, 0, 0, 0},
		{0, 0x1c, 0, 0},
		{1, 0, 0, 0},
		{1, 4, 0, 0},
		{1, 8, 70000, 8},
		{1, 0x2c, 70000, 8},
		{1, 0x30, 16, 0x30},
		{1, 0x34, 0, 0x34},
		{1, 0x38, -16, 0x38},
		{1, 0x3c, -16, 0x38},
		{2, 0, 8, 0},
		{2, 0x3efc, 8, 0},
		{2, 0x3f00, INT32_MAX, 0x3f00},
		{2, 0x3f04, INT32_MIN, 0x3f04},
		{2, 0x3ffc, 0, 0x3f08},
	};
	struct program p;
	int32_t value;
	uint64_t start;

	make(arena, target, &p);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct func *func = &p.func[rows[i].func];

		assert_true(func_value(&p.table, func, func->pcsp, func->entry + rows[i].offset, &value, &start));
		assert_int_equal(value, rows[i].value);
		assert_int_equal(start, func->entry + rows[i].start);
	}
	value = 77;
	assert_false(func_value(&p.table, &p.func[1], p.func[1].pcsp, p.func[1].entry - 1, &value, NULL));
	assert_false(func_value(&p.table, &p.func[1], p.func[1].pcsp, p.func[1].end, &value, NULL));
	assert_false(func_value(&p.table, &p.func[1], 0, p.func[1].entry, &value, NULL));
	assert_false(func_value(&p.table, &p.func[1], UINT32_MAX, p.func[1].entry, &value, NULL));
	assert_int_equal(value, 77);
}

static void pcdata(struct arena *arena, const struct target *target)
{
	struct program p;

	make(arena, target, &p);
	assert_int_equal(func_pcdata(&p.table, &p.func[1], PCDATA_UNSAFE_POINT, p.func[1].entry), -2);
	assert_int_equal(func_pcdata(&p.table, &p.func[1], PCDATA_UNSAFE_POINT, p.func[1].entry + 0x10), -1);
	assert_int_equal(func_pcdata(&p.table, &p.func[1], PCDATA_UNSAFE_POINT, p.func[1].entry + 0x3c), -5);
	assert_int_equal(func_pcdata(&p.table, &p.func[1], 1, p.func[1].entry), -1); /* offset 0: no table */
	assert_int_equal(func_pcdata(&p.table, &p.func[1], 3, p.func[1].entry), -1);
	assert_int_equal(func_pcdata(&p.table, &p.func[0], PCDATA_UNSAFE_POINT, p.func[0].entry), -1);
	assert_int_equal(func_pcdata(&p.table, &p.func[1], UINT32_MAX, p.func[1].entry), -1);
}

static void lines(struct arena *arena, const struct target *target)
{
	static const struct {
		uint32_t offset;
		const char *file;
		int32_t line;
	} rows[] = {{0, "/src/a.go", 100},
		    {8, "/src/a.go", 7},
		    {0x10, "/src/inner.go", 1 << 20},
		    {0x20, "/src/a.go", 3},
		    {0x28, "/usr/lib/go/src/runtime/proc.go", 3}};
	struct program p;
	const char *file;
	int32_t line;

	make(arena, target, &p);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		func_line(&p.table, &p.func[1], p.func[1].entry + rows[i].offset, &file, &line);
		assert_string_equal(file, rows[i].file);
		assert_int_equal(line, rows[i].line);
	}
	func_line(&p.table, &p.func[1], p.func[1].end, &file, &line);
	assert_null(file);
	assert_int_equal(line, 0);
	p.func[1].cu_offset = UINT32_MAX; /* damaged: far outside cutab */
	func_line(&p.table, &p.func[1], p.func[1].entry, &file, &line);
	assert_null(file);
	assert_int_equal(line, 100);
}

static void inlining(struct arena *arena, const struct target *target)
{
	struct inline_frame frames[INLINE_LIMIT];
	struct program p;

	make(arena, target, &p);
	assert_int_equal(func_inline_frames(&p.table, &p.func[1], p.func[1].entry, frames), 1);
	assert_string_equal(frames[0].name, "main.second");
	assert_false(frames[0].inlined);
	assert_int_equal(func_inline_frames(&p.table, &p.func[1], p.func[1].entry + 0x14, frames), 2);
	assert_string_equal(frames[0].name, "main.outer");
	assert_int_equal(frames[0].func_id, 3);
	assert_true(frames[0].inlined);
	assert_int_equal(frames[1].line, 7);
	assert_int_equal(func_inline_frames(&p.table, &p.func[1], p.func[1].entry + 0x10, frames), 3);
	assert_string_equal(frames[0].name, "main.inner");
	assert_string_equal(frames[0].file, "/src/inner.go");
	assert_int_equal(frames[0].line, 1 << 20);
	assert_string_equal(frames[1].name, "main.outer");
	assert_string_equal(frames[2].name, "main.second");
	assert_false(frames[2].inlined);
	p.table.gofunc = (struct span){0};
	assert_int_equal(func_inline_frames(&p.table, &p.func[1], p.func[1].entry + 0x10, frames), 1);
	assert_string_equal(frames[0].name, "main.second");
}

/* An inline tree whose calls are their own parents. */
static void inline_cycle(struct arena *arena, const struct target *target)
{
	struct inline_frame frames[INLINE_LIMIT];
	struct program p;
	uint8_t *tree;

	make(arena, target, &p);
	tree = arena_alloc(arena, p.table.gofunc.size);
	memcpy(tree, p.table.gofunc.data, p.table.gofunc.size);
	tree[p.table.has_start_line ? 16 + 8 : 20 + 16] = 0x10;
	p.table.gofunc.data = tree;
	assert_int_equal(func_inline_frames(&p.table, &p.func[1], p.func[1].entry + 0x10, frames), INLINE_LIMIT);
	for (size_t cut = 0; cut < p.table.gofunc.size; cut++) {
		struct pclntab table = p.table;

		table.gofunc = span_slice(table.gofunc, 0, cut);
		assert_int_in_range(func_inline_frames(&table, &p.func[1], p.func[1].entry + 0x10, frames), 1,
				    INLINE_LIMIT);
	}
}

/* Text in two parts: the second function lies 1 MiB further on than its offset says. */
static void sections(struct arena *arena, const struct target *target)
{
	struct program p;
	struct func func;
	int32_t value;

	make(arena, target, &p);
	vec_push(arena, &p.table.sections, (struct text_section){0, 0x20, GO_TEXT});
	vec_push(arena, &p.table.sections, (struct text_section){0x20, 0x4060, GO_TEXT + 0x100020});
	assert_true(pclntab_find(&p.table, GO_TEXT + 0x1f, &func));
	assert_int_equal(func.index, 0);
	assert_false(pclntab_find(&p.table, GO_TEXT + 0x20, &func));
	assert_false(pclntab_find(&p.table, GO_TEXT + 0x10001f, &func));
	assert_true(pclntab_find(&p.table, GO_TEXT + 0x100020, &func));
	assert_int_equal(func.index, 1);
	assert_int_equal(func.entry, GO_TEXT + 0x100020);
	assert_int_equal(func.end, GO_TEXT + 0x100060);
	assert_true(func_value(&p.table, &func, func.pcsp, func.entry + 8, &value, NULL));
	assert_int_equal(value, 70000);
	assert_true(pclntab_find(&p.table, GO_TEXT + 0x10405f, &func));
	assert_false(pclntab_find(&p.table, GO_TEXT + 0x104060, &func));
}

/* ---- damage ---- */

/* Every question that can be asked of a table, at many pcs; what it answers does not matter here. */
static void ask_everything(const struct pclntab *table)
{
	for (uint32_t i = 0; i < table->nfunc && i < 8; i++) {
		struct inline_frame frames[INLINE_LIMIT];
		struct func func;

		if (!pclntab_func(table, i, &func))
			continue;
		pclntab_name(table, func.name);
		for (uint64_t offset = 0; offset < 0x60; offset += 4) {
			uint64_t start;
			int32_t value;

			func_value(table, &func, func.pcsp, func.entry + offset, &value, &start);
			func_pcdata(table, &func, PCDATA_UNSAFE_POINT, func.entry + offset);
			func_inline_frames(table, &func, func.entry + offset, frames);
		}
	}
	for (uint64_t pc = GO_TEXT - 8; pc < GO_TEXT + 0x100; pc += 4) {
		struct func func;

		if (pclntab_find(table, pc, &func))
			assert_true(pc >= func.entry && pc < func.end);
	}
}

static bool open_copy(const struct program *p, struct span bytes)
{
	uint8_t *copy = malloc(bytes.size + !bytes.size); /* of that very size: a read past it is caught */
	struct pclntab table;
	bool opened;

	assert_non_null(copy);
	if (bytes.size)
		memcpy(copy, bytes.data, bytes.size);
	opened = pclntab_open((struct span){copy, bytes.size}, GO_RODATA, &table);
	if (opened) {
		table.text = GO_TEXT;
		table.gofunc = p->table.gofunc;
		ask_everything(&table);
	}
	free(copy);
	return opened;
}

static void cut(struct arena *arena, const struct target *target)
{
	uint64_t functab;
	struct program p;

	make(arena, target, &p);
	functab = span_u64(p.bytes, 64);
	for (size_t size = 0; size <= p.bytes.size; size++) {
		bool whole = size >= functab + 3 * 8 + 4;

		assert_int_equal(open_copy(&p, (struct span){p.bytes.data, size}), whole);
	}
}

static void flipped(struct arena *arena, const struct target *target)
{
	struct program p;
	uint8_t *bytes;

	make(arena, target, &p);
	bytes = arena_alloc(arena, p.bytes.size);
	memcpy(bytes, p.bytes.data, p.bytes.size);
	for (size_t at = 0; at < p.bytes.size; at++) {
		static const uint8_t masks[] = {1, 0x80, 0xff};

		for (size_t i = 0; i < sizeof masks; i++) {
			bytes[at] ^= masks[i];
			open_copy(&p, (struct span){bytes, p.bytes.size});
			bytes[at] ^= masks[i];
		}
	}
}

static void put64(uint8_t *at, uint64_t value)
{
	for (size_t i = 0; i < 8; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

/* One header field at a time, set to what no table has. */
static void bad_header(struct arena *arena, const struct target *target)
{
	static const struct {
		size_t at, size;
		uint64_t value;
	} rows[] = {
		{0, 1, 0xfa},        {0, 1, 0xfb},    {0, 1, 0xf2},        {1, 1, 0xfe},
		{3, 1, 0x7f},        {4, 1, 1},       {5, 1, 1},           {6, 1, 0},
		{6, 1, 2},           {6, 1, 8},       {7, 1, 4},           {7, 1, 0},
		{8, 8, 0},           {8, 8, 1 << 24}, {8, 8, UINT64_MAX},  {8, 8, UINT64_C(1) << 61},
		{32, 8, 0},          {32, 8, 71},     {32, 8, UINT64_MAX}, {40, 8, 0},
		{40, 8, UINT64_MAX}, {48, 8, 0},      {48, 8, UINT64_MAX}, {56, 8, 0},
		{56, 8, UINT64_MAX}, {64, 8, 0},      {64, 8, UINT64_MAX}, {64, 8, UINT64_MAX - 8},
	};
	struct program p;

	make(arena, target, &p);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t *bytes = arena_alloc(arena, p.bytes.size);

		memcpy(bytes, p.bytes.data, p.bytes.size);
		if (rows[i].size == 8)
			put64(bytes + rows[i].at, rows[i].value);
		else
			bytes[rows[i].at] = (uint8_t)rows[i].value;
		assert_false(open_copy(&p, (struct span){bytes, p.bytes.size}));
	}
	/* function table not ascending */
	for (size_t i = 0; i < 3; i++) {
		uint8_t *bytes = arena_alloc(arena, p.bytes.size);

		memcpy(bytes, p.bytes.data, p.bytes.size);
		bytes[span_u64(p.bytes, 64) + 8 * i + 3] = 0x80;
		assert_false(open_copy(&p, (struct span){bytes, p.bytes.size}));
	}
}

/* A pcvalue table of endless steps, of steps that go nowhere, and of varints that never end. */
static void bad_values(struct arena *arena, const struct target *target)
{
	struct program p;
	uint8_t *pctab;
	int32_t value;

	make(arena, target, &p);
	pctab = arena_alloc(arena, p.table.pctab.size);
	p.table.pctab.data = pctab;
	for (int fill = 0; fill < 256; fill++) {
		memset(pctab, fill, p.table.pctab.size);
		func_value(&p.table, &p.func[1], p.func[1].pcsp, p.func[1].entry + 0x3c, &value, NULL);
		ask_everything(&p.table);
	}
	memset(pctab, 0, p.table.pctab.size); /* value -1 for no pcs, then the end */
	assert_false(func_value(&p.table, &p.func[1], p.func[1].pcsp, p.func[1].entry, &value, NULL));
	memset(pctab, 0xff, p.table.pctab.size);
	assert_false(func_value(&p.table, &p.func[1], p.func[1].pcsp, p.func[1].entry, &value, NULL));
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		each(name);                                                                                            \
	}

TEST(header)
TEST(lookup)
TEST(values)
TEST(pcdata)
TEST(lines)
TEST(inlining)
TEST(inline_cycle)
TEST(sections)
TEST(cut)
TEST(flipped)
TEST(bad_header)
TEST(bad_values)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),       cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_values),       cmocka_unit_test(test_pcdata),
		cmocka_unit_test(test_lines),        cmocka_unit_test(test_inlining),
		cmocka_unit_test(test_inline_cycle), cmocka_unit_test(test_sections),
		cmocka_unit_test(test_cut),          cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_bad_header),   cmocka_unit_test(test_bad_values),
	};

	return cmocka_run_group_tests_name("pclntab", tests, NULL, NULL);
}
