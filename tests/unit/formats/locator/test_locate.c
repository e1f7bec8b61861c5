/* test_locate.c: finding the executable, refusing the wrong one, and where it was loaded. */
#include "formats/locator/locate.h"
#include "formats/locator/program.h"

#include "formats/exe/elf.h"
#include "tests/build/core_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

enum { AT_PHDR = 3, AT_ENTRY = 9, AT_EXECFN = 31 };

#define HEAP UINT64_C(0xc000000000)
#define PIE_BASE UINT64_C(0x55550000a000)

struct fixture {
	struct arena *arena;
	struct notes notes;
	const char *folder; /* of the dump */
	const char *bin;    /* another one */
	struct core_builder *core;
};

static int setup(void **state)
{
	struct arena *arena = arena_new((size_t)1 << 28);
	struct fixture *f = arena_alloc(arena, sizeof *f);

	f->arena = arena;
	f->notes.arena = arena;
	f->folder = scratch_folder(arena);
	f->bin = scratch_folder(arena);
	f->core = core_new(arena, &arch_amd64);
	core_add_thread(f->core, 1, 6, NULL);
	core_add_segment(f->core, HEAP, 0x1000, 6);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	arena_free(((struct fixture *)*state)->arena);
	return 0;
}

/* An executable whose first segment is at `base` with the entry 0x20 into it; build IDs may be NULL. */
static struct span make_exe(struct fixture *f, bool pie, uint64_t base, const char *id, const char *go_id)
{
	struct core_builder *builder = core_new(f->arena, &arch_amd64);

	builder->type = pie ? FILE_DYNAMIC : FILE_EXECUTABLE;
	builder->entry = base + 0x1020;
	if (id)
		core_add_note(builder, "GNU", 3, id, strlen(id));
	if (go_id)
		core_add_note(builder, "Go", 4, go_id, strlen(go_id));
	core_add_segment(builder, base + 0x1000, 0x1000, SEGMENT_READ | SEGMENT_EXEC);
	core_put_u64(builder, base + 0x1020, 0x9090909090909090);
	return core_finish(builder);
}

/* What Linux leaves of a program in a core: its first page, the auxiliary vector, the list of files. */
static void add_program(struct fixture *f, struct span exe, uint64_t base, const char *path)
{
	const struct auxv_entry auxv[] = {{AT_PHDR, base + 0x40}, {AT_ENTRY, base + 0x1020}, {AT_EXECFN, HEAP + 0x100}};
	const struct mapping files[] = {
		{.start = base, .end = base + 0x1000, .path = path ? path : ""},
		{.start = base + 0x1000, .end = base + 0x2000, .file_offset = 0x1000, .path = path ? path : ""},
	};

	core_add_segment(f->core, base, 0x1000, SEGMENT_READ);
	core_put(f->core, base, exe.data, 0x1000);
	core_add_auxv(f->core, auxv, 3);
	if (path)
		core_add_files(f->core, files, 2);
}

static void set_exec_name(struct fixture *f, const char *name)
{
	core_put(f->core, HEAP + 0x100, name, strlen(name) + 1);
}

static struct image *open_dump(struct fixture *f)
{
	const char *path = scratch_write(f->arena, f->folder, "core", core_finish(f->core));
	struct image *image;

	assert_null(image_open(f->arena, &f->notes, path, NULL, &image));
	return image;
}

static struct exe_candidate locate(struct fixture *f, const char *symbols)
{
	const struct exe_search search = {.symbols_dir = symbols, .tells_paths = true};
	struct exe_candidate found;

	assert_null(locate_exe(open_dump(f), &search, &found));
	return found;
}

static bool noted(const struct fixture *f, const char *part)
{
	for (size_t i = 0; i < f->notes.count; i++)
		if (strstr(f->notes.items[i], part))
			return true;
	return false;
}

static void build_id_is_read_from_memory(void **state)
{
	struct fixture *f = *state;

	assert_null(program_of_image(open_dump(f)).build_id);
	add_program(f, make_exe(f, false, 0x400000, "\x12\xab", NULL), 0x400000, NULL);
	assert_string_equal(program_of_image(open_dump(f)).build_id, "12ab");
}

static void finds_by_mapped_path(void **state)
{
	struct fixture *f = *state;
	struct span exe = make_exe(f, false, 0x400000, "id", NULL);
	const char *path = scratch_write(f->arena, f->bin, "app", exe);
	struct exe_candidate found;

	add_program(f, exe, 0x400000, arena_printf(f->arena, "%s (deleted)", path));
	found = locate(f, NULL);
	assert_int_equal(found.source, EXE_FOUND);
	assert_string_equal(found.exe->path, path);
	assert_true(found.bias_known);
	assert_int_equal(found.bias, 0);
	assert_int_equal(f->notes.count, 0);
}

static void finds_by_exec_name(void **state)
{
	struct fixture *f = *state;
	struct span exe = make_exe(f, false, 0x400000, "id", NULL);
	const char *path = scratch_write(f->arena, f->bin, "app", exe);

	add_program(f, exe, 0x400000, NULL);
	set_exec_name(f, path);
	assert_string_equal(locate(f, NULL).exe->path, path);
}

static void finds_beside_the_dump(void **state)
{
	struct fixture *f = *state;
	struct span exe = make_exe(f, false, 0x400000, "id", NULL);

	add_program(f, exe, 0x400000, "/gone/away/app");
	assert_int_equal(locate(f, NULL).source, EXE_NONE);
	scratch_write(f->arena, f->folder, "exe.zst", exe); /* the name is only a name */
	assert_non_null(strstr(locate(f, NULL).exe->path, "/exe.zst"));
	scratch_write(f->arena, f->folder, "app", exe);
	assert_non_null(strstr(locate(f, NULL).exe->path, "/app"));
}

static void finds_in_the_symbols_folder(void **state)
{
	struct fixture *f = *state;
	struct span exe = make_exe(f, false, 0x400000, "\x01\x02\x03", NULL);

	add_program(f, exe, 0x400000, "/gone/app");
	scratch_write(f->arena, f->bin, "app", exe);
	assert_non_null(strstr(locate(f, f->bin).exe->path, "/app"));
	scratch_write(f->arena, f->bin, ".build-id/01/0203.debug", exe);
	assert_non_null(strstr(locate(f, f->bin).exe->path, "/.build-id/01/0203.debug"));
}

static void passes_over_another_build(void **state)
{
	struct fixture *f = *state;
	struct span exe = make_exe(f, false, 0x400000, "id", NULL);
	const char *path = scratch_write(f->arena, f->bin, "app", make_exe(f, false, 0x400000, "other", NULL));

	add_program(f, exe, 0x400000, path);
	assert_int_equal(locate(f, NULL).source, EXE_NONE);
	assert_true(noted(f, "build-id"));
	scratch_write(f->arena, f->folder, "exe", exe);
	assert_non_null(strstr(locate(f, NULL).exe->path, "/exe"));
}

static void passes_over_another_go_build(void **state)
{
	struct fixture *f = *state;
	const char *path = scratch_write(f->arena, f->bin, "app", make_exe(f, false, 0x400000, NULL, "a/b"));

	add_program(f, make_exe(f, false, 0x400000, NULL, "c/d"), 0x400000, path);
	assert_int_equal(locate(f, NULL).source, EXE_NONE);
	assert_true(noted(f, "Go build ID"));
}

static void passes_over_another_entry_point(void **state)
{
	struct fixture *f = *state;
	const char *path = scratch_write(f->arena, f->bin, "app", make_exe(f, false, 0x500000, NULL, NULL));

	add_program(f, make_exe(f, false, 0x400000, NULL, NULL), 0x400000, path);
	assert_int_equal(locate(f, NULL).source, EXE_NONE);
	assert_true(noted(f, "entry point"));
}

/* Paths in a dump are whatever the attacker likes. */
static void never_opens_what_is_no_file(void **state)
{
	struct fixture *f = *state;
	const char *fifo = arena_printf(f->arena, "%s/fifo", f->bin);

	assert_int_equal(mkfifo(fifo, 0600), 0);
	add_program(f, make_exe(f, false, 0x400000, NULL, NULL), 0x400000, fifo);
	set_exec_name(f, "/dev/zero");
	assert_int_equal(locate(f, NULL).source, EXE_NONE);
}

static void bias_of_a_pie_follows_from_its_entry(void **state)
{
	struct fixture *f = *state;
	struct span exe = make_exe(f, true, 0, "id", NULL);
	struct exe_candidate found;

	add_program(f, exe, PIE_BASE, scratch_write(f->arena, f->bin, "app", exe));
	found = locate(f, NULL);
	assert_true(found.bias_known);
	assert_true(found.bias == PIE_BASE);
}

static void bias_without_auxv_follows_from_the_mapping(void **state)
{
	struct fixture *f = *state;
	struct span exe = make_exe(f, true, 0x400000, "id", NULL);
	const char *path = scratch_write(f->arena, f->bin, "app", exe);
	const struct mapping files[] = {
		{.start = PIE_BASE, .end = PIE_BASE + 0x1000, .file_offset = 0x1000, .path = path},
		{.start = PIE_BASE + 0x10000, .end = PIE_BASE + 0x20000, .path = "/lib/libc.so.6"},
	};
	const char *given[] = {path, NULL};
	const struct exe_search search = {.given = given};
	struct exe_candidate found;

	core_add_files(f->core, files, 2);
	assert_null(locate_exe(open_dump(f), &search, &found));
	assert_false(found.bias_known); /* no mapping of offset 0 that looks like a program */
	f->core->notes.count = 0;
	core_add_thread(f->core, 1, 6, NULL);
	core_add_files(f->core, &(struct mapping){.start = PIE_BASE, .end = PIE_BASE + 0x1000, .path = path}, 1);
	assert_null(locate_exe(open_dump(f), &search, &found));
	assert_true(found.bias_known);
	assert_true(found.bias == PIE_BASE - 0x401000); /* its lowest segment */
}

/* ---- given files ---- */

static const struct err *locate_given(struct fixture *f, const char *first, const char *second,
				      struct exe_candidate *ret)
{
	const char *given[] = {first, second, NULL};
	const struct exe_search search = {.given = given};

	return locate_exe(open_dump(f), &search, ret);
}

static void the_given_file_that_is_proved_wins(void **state)
{
	struct fixture *f = *state;
	struct span exe = make_exe(f, false, 0x400000, "id", NULL);
	const char *wrong = scratch_write(f->arena, f->bin, "wrong", make_exe(f, false, 0x400000, "no", NULL));
	const char *right = scratch_write(f->arena, f->bin, "right", exe);
	struct exe_candidate found;

	add_program(f, exe, 0x400000, "/gone");
	assert_null(locate_given(f, wrong, right, &found));
	assert_string_equal(found.exe->path, right);
	assert_int_equal(found.source, EXE_GIVEN);
	assert_null(locate_given(f, wrong, NULL, &found)); /* taken as said; identity will speak up */
	assert_string_equal(found.exe->path, wrong);
}

static void a_given_file_must_open(void **state)
{
	struct fixture *f = *state;
	struct core_builder *builder = core_new(f->arena, &arch_arm64);
	struct exe_candidate found = {.source = EXE_MEMORY};
	struct span text = {(const uint8_t *)"hi", 2};

	builder->type = FILE_EXECUTABLE;
	core_add_segment(builder, 0x10000, 0x1000, 5);
	assert_int_equal(locate_given(f, "/nonexistent", NULL, &found)->code, ERR_IO);
	assert_int_equal(
		locate_given(f, scratch_write(f->arena, f->bin, "arm", core_finish(builder)), NULL, &found)->code,
		ERR_OTHER_CPU);
	assert_int_equal(locate_given(f, scratch_write(f->arena, f->bin, "text", text), NULL, &found)->code,
			 ERR_BAD_DATA);
	assert_int_equal(found.source, EXE_MEMORY); /* untouched */
}

/* The next one in the order, behind those that were judged not to be it. */
static void others_are_offered(void **state)
{
	struct fixture *f = *state;
	struct span exe = make_exe(f, false, 0x400000, NULL, NULL);
	const char *path = scratch_write(f->arena, f->bin, "app", exe);
	const char *beside = scratch_write(f->arena, f->folder, "exe", exe);
	const char *rejected[] = {path, NULL, NULL};
	const struct exe_search search = {.rejected = rejected};
	struct exe_candidate found;

	add_program(f, exe, 0x400000, path);
	locate_other_exe(open_dump(f), &search, &found);
	assert_string_equal(found.exe->path, beside);
	rejected[1] = beside;
	locate_other_exe(open_dump(f), &search, &found);
	assert_null(found.exe);
	assert_int_equal(found.source, EXE_NONE);
}

static void says_where_it_looked(void **state)
{
	struct fixture *f = *state;
	struct exe_candidate found;

	add_program(f, make_exe(f, false, 0x400000, "id", NULL), 0x400000, "/nowhere/bin/app");
	found = locate(f, f->bin);
	assert_null(found.exe);
	assert_non_null(strstr(found.looked, "/nowhere/bin/app"));
	assert_non_null(strstr(found.looked, arena_printf(f->arena, "%s/app", f->folder)));
	assert_non_null(strstr(found.looked, arena_printf(f->arena, "%s/exe", f->folder)));
	assert_non_null(strstr(found.looked, arena_printf(f->arena, "%s/.build-id/69/64", f->bin)));
}

/* `ld-linux.so ./app`: the auxiliary vector is the dynamic linker's. */
static void started_by_the_loader(void **state)
{
	struct fixture *f = *state;
	struct span exe = make_exe(f, true, 0, NULL, NULL);
	const char *path = scratch_write(f->arena, f->bin, "app", exe);
	const struct auxv_entry auxv[] = {{AT_PHDR, 0x7f0000000040}, {AT_ENTRY, 0x7f0000001230}};
	const struct mapping files[] = {
		{.start = PIE_BASE, .end = PIE_BASE + 0x1000, .path = path},
		{.start = 0x7f0000000000, .end = 0x7f0000002000, .path = "/lib64/ld-linux-x86-64.so.2"},
	};
	struct exe_candidate found;

	core_add_segment(f->core, PIE_BASE, 0x1000, SEGMENT_READ);
	core_put(f->core, PIE_BASE, exe.data, 0x1000);
	core_add_auxv(f->core, auxv, 2);
	core_add_files(f->core, files, 2);
	found = locate(f, NULL);
	assert_non_null(found.exe);
	assert_true(found.bias_known);
	assert_int_equal(found.bias, PIE_BASE - 0x1000);
	assert_false(program_of_image(open_dump(f)).entry_known);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(build_id_is_read_from_memory),
		TEST(finds_by_mapped_path),
		TEST(finds_by_exec_name),
		TEST(finds_beside_the_dump),
		TEST(finds_in_the_symbols_folder),
		TEST(passes_over_another_build),
		TEST(passes_over_another_go_build),
		TEST(passes_over_another_entry_point),
		TEST(never_opens_what_is_no_file),
		TEST(bias_of_a_pie_follows_from_its_entry),
		TEST(bias_without_auxv_follows_from_the_mapping),
		TEST(the_given_file_that_is_proved_wins),
		TEST(a_given_file_must_open),
		TEST(others_are_offered),
		TEST(says_where_it_looked),
		TEST(started_by_the_loader),
	};

	return cmocka_run_group_tests_name("locate", tests, NULL, NULL);
}
