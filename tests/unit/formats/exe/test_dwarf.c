/* test_dwarf.c: reading structure layouts from DWARF: this program's own, and that of the Go programs among the
 * fixtures, which must agree with the tables; and damaged files, which must end in an error value or in answers, never
 * in a crash. */
#include "formats/exe/dwarf.h"

#include "golang/layout.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { DAMAGED_FILES = 24, DAMAGED_BYTES = 64 };

struct sample_inner {
	uint64_t first;
	uint32_t second;
};

typedef struct sample_inner sample_alias;

struct sample_outer {
	char letter;
	sample_alias alias;
	const struct sample_outer *pointer;
	struct {
		uint16_t a, b;
	} nested;
	uint8_t array[12];
};

/* Used, so that compilers describe the types. */
volatile struct sample_outer sample = {.letter = 'a'};
static volatile struct {
	int32_t x, y;
} nameless = {1, 2};

static struct dwarf_query queries[] = {
	{.type = "sample_outer"},
	{.type = "sample_outer", .field = "letter"},
	{.type = "sample_outer", .field = "alias.second"},
	{.type = "sample_outer", .field = "pointer"},
	{.type = "sample_outer", .field = "nested.b"},
	{.type = "sample_outer", .field = "array"},
	{.type = "nameless", .field = "y"},
	{.type = "sample_outer", .field = "missing"},
	{.type = "sample_outer", .field = "letter.deeper"},
	{.type = "no_such_structure", .field = "x"},
};

static const struct {
	bool found;
	uint64_t offset, size;
} expected[] = {
	{true, 0, sizeof(struct sample_outer)},
	{true, offsetof(struct sample_outer, letter), 1},
	{true, offsetof(struct sample_outer, alias) + offsetof(struct sample_inner, second), 4},
	{true, offsetof(struct sample_outer, pointer), 8},
	{true, offsetof(struct sample_outer, nested) + 2, 2},
	{true, offsetof(struct sample_outer, array), 0}, /* C arrays have no DW_AT_byte_size */
	{true, 4, 4},
	{false, 0, 0},
	{false, 0, 0},
	{false, 0, 0},
};

enum { QUERIES = sizeof queries / sizeof *queries };

static struct exe *own_exe(struct arena *arena)
{
	struct exe *exe;
	const struct err *err = exe_open(arena, "/proc/self/exe", NULL, &exe);

	assert_null(err);
	return exe;
}

static void check_own(void *context)
{
	struct exe *exe = own_exe(context);
	struct dwarf_query asked[QUERIES];

	if (!exe->has_dwarf)
		return; /* built without -g */
	assert_int_equal(sample.letter + nameless.y, 'a' + 2);
	memcpy(asked, queries, sizeof asked);
	assert_null(dwarf_resolve(context, exe, asked, QUERIES));
	for (size_t i = 0; i < QUERIES; i++) {
		assert_int_equal(asked[i].found, expected[i].found);
		assert_int_equal(asked[i].offset, expected[i].offset);
		assert_int_equal(asked[i].size, expected[i].size);
	}
}

/* The bytes of `exe` with some of those of its DWARF changed, the same ones at every run. */
static struct span damaged(struct arena *arena, const struct exe *exe, uint32_t seed)
{
	static const char *const names[] = {".debug_info", ".debug_abbrev", ".debug_str"};
	uint8_t *bytes = arena_alloc(arena, exe->bytes.size);

	memcpy(bytes, exe->bytes.data, exe->bytes.size);
	for (int i = 0; i < DAMAGED_BYTES; i++) {
		const struct section *section = exe_section(exe, names[seed % 3]);

		seed = seed * 1664525 + 1013904223;
		if (section && section->bytes.size)
			bytes[(size_t)(section->bytes.data - exe->bytes.data) + (seed >> 4) % section->bytes.size] ^=
				(uint8_t)(1 + (seed >> 24) % 255);
	}
	return (struct span){bytes, exe->bytes.size};
}

static void check_damaged(void *context)
{
	struct exe *exe = own_exe(context);

	for (uint32_t seed = 0; seed < DAMAGED_FILES; seed++) {
		struct exe copy = {.path = "damaged", .bytes = damaged(context, exe, seed)};
		struct dwarf_query asked[QUERIES];

		memcpy(asked, queries, sizeof asked);
		(void)dwarf_resolve(context, &copy, asked, QUERIES);
	}
}

static void check_cut(void *context)
{
	struct exe *exe = own_exe(context);

	for (size_t eighths = 0; eighths < 8; eighths++) {
		struct exe copy = {.path = "cut"};
		struct dwarf_query asked[QUERIES];
		const struct err *err;

		copy.bytes = span_slice(exe->bytes, 0, exe->bytes.size / 8 * eighths);
		memcpy(asked, queries, sizeof asked);
		err = dwarf_resolve(context, &copy, asked, QUERIES);
		assert_true(err || !asked[0].found);
	}
}

/* The version of a Go program, from its build information (debug/buildinfo): at +32, length and text. */
static bool version_of(struct arena *arena, const struct exe *exe, struct go_version *ret)
{
	const struct section *section = exe_section(exe, ".go.buildinfo");
	struct reader reader;
	uint32_t length;
	struct span text;

	if (!section)
		return false;
	reader = reader_of(span_from(section->bytes, 32));
	length = read_uvarint32(&reader);
	text = read_bytes(&reader, length);
	return !reader.failed && go_version_parse(arena, (const char *)text.data, text.size, ret);
}

/* A program may lack the DWARF of what it does not use; what it has must be what the table says. */
static void compare(const char *path, const struct layout *table, const struct layout *dwarf)
{
	for (int field = 0; field < LAYOUT_FIELD_COUNT; field++)
		if (dwarf->offset[field] != LAYOUT_ABSENT && dwarf->offset[field] != table->offset[field])
			fail_msg("%s: %s is %u, table says %u", path, layout_field_name((enum layout_field)field),
				 (unsigned)dwarf->offset[field], (unsigned)table->offset[field]);
}

static void check_fixture(struct arena *arena, const char *path)
{
	struct exe *exe;
	struct go_version version;
	const struct layout *table;
	struct layout *dwarf;
	bool exact;

	assert_null(exe_open(arena, path, NULL, &exe));
	if (!exe->has_dwarf || !version_of(arena, exe, &version))
		return;
	table = layout_of_version(OS_LINUX, exe->arch->id, &version, &exact);
	if (!table || !exact)
		return;
	if (layout_of_dwarf(arena, exe, &dwarf))
		return; /* sections of a program that has no runtime.g, such as one with C's DWARF only */
	compare(path, table, dwarf);
}

static void check_fixtures(void *context)
{
	glob_t found;

	if (glob("fixtures/cases/*/exe.zst", 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		check_fixture(context, found.gl_pathv[i]);
	globfree(&found);
}

static void run(void (*body)(void *))
{
	struct arena *arena = arena_new((size_t)1 << 32);

	assert_non_null(arena);
	assert_true(arena_run(arena, body, arena));
	arena_free(arena);
}

static void own_structures_are_found(void **state)
{
	(void)state;
	run(check_own);
}

static void damaged_files_do_no_harm(void **state)
{
	(void)state;
	run(check_damaged);
}

static void cut_files_are_refused(void **state)
{
	(void)state;
	run(check_cut);
}

static void fixtures_agree_with_the_tables(void **state)
{
	(void)state;
	run(check_fixtures);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_structures_are_found),
		cmocka_unit_test(damaged_files_do_no_harm),
		cmocka_unit_test(cut_files_are_refused),
		cmocka_unit_test(fixtures_agree_with_the_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
