/* test_pe_file.c: PE executables, sound and damaged. */
#include "formats/exe/exe.h"
#include "formats/dump/image.h"

#include "tests/build/pe_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { TEXT = 0x1000, RDATA = 0x2000, DATA = 0x3000, RELOC = 0x4000, LIMIT = 1 << 30 };
static const uint64_t base = 0x140000000;

static struct pe_builder *program(struct arena *arena)
{
	struct pe_builder *pe = pe_new(arena, &arch_amd64, base);

	pe_add_section(pe, ".text", PE_CODE, 0x400);
	pe_add_section(pe, ".rdata", PE_RDATA, 0x800);
	pe_add_section(pe, ".data", (uint32_t)PE_DATA, 0x200);
	pe_add_section(pe, ".reloc", PE_RDATA, 0x20);
	return pe;
}

static struct exe *open_ok(struct arena *arena, struct span bytes)
{
	struct exe *exe = NULL;
	const struct err *err = exe_from_bytes(arena, "C/app.exe", bytes, &exe);

	if (err)
		fail_msg("%s", err_describe(arena, err));
	return exe;
}

static void read_headers(struct arena *arena)
{
	struct pe_builder *pe = program(arena);
	struct exe *exe;

	pe->timestamp = 0x5f000000;
	pe_put(pe, TEXT + 4, 0x1122334455667788, 8);
	exe = open_ok(arena, pe_finish(pe));
	assert_ptr_equal(exe->arch, &arch_amd64);
	assert_int_equal(exe->base, base);
	assert_int_equal(exe->entry, base + TEXT);
	assert_int_equal(exe->image_size, 0x5000);
	assert_int_equal(exe->timestamp, 0x5f000000);
	assert_false(exe->position_independent || exe->has_symbols || exe->has_dwarf);
	assert_int_equal(exe->segments.count, 5);
	assert_int_equal(exe->segments.items[0].flags, SEGMENT_READ); /* the headers */
	assert_int_equal(exe->segments.items[1].flags, SEGMENT_READ | SEGMENT_EXEC);
	assert_int_equal(exe->segments.items[3].flags, SEGMENT_READ | SEGMENT_WRITE);
	assert_int_equal(span_u64(exe_view(exe, base + TEXT + 4, 8), 0), 0x1122334455667788);
	assert_int_equal(exe_section(exe, ".data")->address, base + DATA);
	assert_null(exe->build_id);
	assert_null(exe->go_build_id);
}

static void reads_headers(void **state)
{
	(void)state;
	scratch_arena(LIMIT, read_headers);
}

static void read_symbols(struct arena *arena)
{
	struct pe_builder *pe = program(arena);
	struct exe *exe;

	pe_add_section(pe, ".debug_information", PE_RDATA, 0x10);
	pe_add_section(pe, ".zdebug_info", PE_RDATA, 0x10);
	vec_push(arena, &pe->symbols, (struct pe_symbol){"main.longerThanEight", 0x20, 1});
	vec_push(arena, &pe->symbols, (struct pe_symbol){"short", 0x10, 1});
	vec_push(arena, &pe->symbols, (struct pe_symbol){"variable", 0x10, 3});
	vec_push(arena, &pe->symbols, (struct pe_symbol){"nowhere", 0x10, 99});
	exe = open_ok(arena, pe_finish(pe));
	assert_true(exe->has_symbols && exe->has_dwarf);
	assert_int_equal(exe->symbols.count, 2);
	assert_string_equal(exe_symbol(exe, base + TEXT + 0x1f)->name, "short");
	assert_string_equal(exe_symbol(exe, base + TEXT + 0x20)->name, "main.longerThanEight");
	assert_non_null(exe_section(exe, ".debug_information"));
}

static void reads_coff_symbols_and_long_names(void **state)
{
	(void)state;
	scratch_arena(LIMIT, read_symbols);
}

static void read_exports(struct arena *arena)
{
	struct pe_builder *pe = program(arena);
	struct exe *exe;

	pe->directories[0].rva = RDATA;
	pe->directories[0].size = 0x100;
	pe_put(pe, RDATA + 20, 2, 4); /* functions, names */
	pe_put(pe, RDATA + 24, 2, 4);
	pe_put(pe, RDATA + 28, RDATA + 40, 4);
	pe_put(pe, RDATA + 32, RDATA + 48, 4);
	pe_put(pe, RDATA + 36, RDATA + 56, 4);
	pe_put(pe, RDATA + 40, TEXT + 0x30, 4);
	pe_put(pe, RDATA + 44, RDATA + 80, 4); /* elsewhere */
	pe_put(pe, RDATA + 48, RDATA + 64, 4);
	pe_put(pe, RDATA + 52, RDATA + 72, 4);
	pe_put(pe, RDATA + 56, 0x00010000, 4); /* ordinals 0 and 1 */
	pe_put_bytes(pe, RDATA + 64, "Sleep", 6);
	pe_put_bytes(pe, RDATA + 72, "Other", 6);
	pe_put_bytes(pe, RDATA + 80, "NTDLL.X", 8);
	exe = open_ok(arena, pe_finish(pe));
	assert_false(exe->has_symbols);
	assert_int_equal(exe->symbols.count, 1);
	assert_string_equal(exe_symbol(exe, base + TEXT + 0x31)->name, "Sleep");
}

static void reads_exports_where_there_are_no_symbols(void **state)
{
	(void)state;
	scratch_arena(LIMIT, read_exports);
}

/* One block of relocations: words of .rdata at 8 and 0x7fc (which ends beyond the section), one of .data. */
static void add_relocations(struct pe_builder *pe)
{
	pe->directories[5].rva = RELOC;
	pe->directories[5].size = 0x20;
	pe_put(pe, RELOC, RDATA, 4);
	pe_put(pe, RELOC + 4, 16, 4);
	pe_put(pe, RELOC + 8, 0xa7fc, 2);
	pe_put(pe, RELOC + 10, 0xa008, 2);
	pe_put(pe, RELOC + 12, 0x3010, 2); /* of another type */
	pe_put(pe, RELOC + 16, DATA, 4);
	pe_put(pe, RELOC + 20, 10, 4);
	pe_put(pe, RELOC + 24, 0xa000, 2);
	pe_put(pe, RDATA + 8, base + TEXT, 8);
	pe_put(pe, RDATA + 0x7fc, 0xffffffff, 4);
}

static void relocate(struct arena *arena)
{
	struct pe_builder *pe = program(arena);
	const struct exe_segment *rdata;
	struct exe *exe;
	struct span loaded;

	add_relocations(pe);
	exe = open_ok(arena, pe_finish(pe));
	assert_true(exe->position_independent);
	assert_int_equal(exe->relocations.count, 2);
	rdata = &exe->segments.items[2];
	assert_int_equal(rdata->address, base + RDATA);
	assert_ptr_equal(exe_loaded_bytes(arena, exe, rdata, 0).data, rdata->bytes.data);
	assert_ptr_equal(exe_loaded_bytes(arena, exe, &exe->segments.items[1], 0x10000).data,
			 exe->segments.items[1].bytes.data);
	loaded = exe_loaded_bytes(arena, exe, rdata, 0x7ff500000000);
	assert_int_equal(loaded.size, rdata->bytes.size);
	assert_int_equal(span_u64(loaded, 8), base + TEXT + 0x7ff500000000);
	assert_int_equal(span_u64(loaded, 16), 0);
	assert_int_equal(span_u64(rdata->bytes, 8), base + TEXT);
}

static void relocates_what_is_read_only(void **state)
{
	(void)state;
	scratch_arena(LIMIT, relocate);
}

static void split_imports(struct arena *arena)
{
	struct pe_builder *pe = program(arena);
	struct exe *exe;

	pe->directories[12].rva = RDATA + 0x100;
	pe->directories[12].size = 0x40;
	exe = open_ok(arena, pe_finish(pe));
	assert_int_equal(exe->segments.count, 7);
	assert_int_equal(exe->segments.items[2].size, 0x100);
	assert_int_equal(exe->segments.items[3].flags, SEGMENT_READ | SEGMENT_WRITE);
	assert_int_equal(exe->segments.items[3].size, 0x40);
	assert_int_equal(exe->segments.items[4].address, base + RDATA + 0x140);
	assert_int_equal(exe->segments.items[4].flags, SEGMENT_READ);
}

static void imported_addresses_are_not_read_only(void **state)
{
	(void)state;
	scratch_arena(LIMIT, split_imports);
}

static void read_build(struct arena *arena)
{
	struct pe_builder *pe = program(arena);
	const struct section *note;
	struct exe *exe;
	uint32_t codeview = RDATA + 0x200;

	pe_put_bytes(pe, TEXT, "\xff Go build ID: \"ab/cd\"\n \xff", 25);
	pe->directories[6].rva = RDATA;
	pe->directories[6].size = 28;
	pe_put(pe, RDATA + 12, 2, 4);
	pe_put(pe, RDATA + 16, 30, 4);
	pe_put(pe, RDATA + 24, 0x800 + 0x200, 4); /* file offset: .rdata lies at 0x800 */
	pe_put_bytes(pe, codeview, "RSDS", 4);
	for (uint32_t i = 0; i < 16; i++)
		pe_put(pe, codeview + 4 + i, i, 1);
	pe_put(pe, codeview + 20, 2, 4);
	exe = open_ok(arena, pe_finish(pe));
	assert_string_equal(exe->build_id, "030201000504070608090a0b0c0d0e0f2");
	assert_string_equal(exe->go_build_id, "ab/cd");
	note = exe_section(exe, ".note.go.buildid");
	assert_int_equal(note->address, base + TEXT);
	assert_int_equal(note->bytes.size, 25);
}

static void reads_what_names_the_build(void **state)
{
	(void)state;
	scratch_arena(LIMIT, read_build);
}

static void refuse(struct arena *arena)
{
	struct pe_builder *pe = program(arena);
	struct span file = pe_finish(pe);
	uint8_t *bytes = (uint8_t *)(uintptr_t)file.data;
	struct exe *exe;
	const struct err *err;

	bytes[0x84] = 0x4c; /* IMAGE_FILE_MACHINE_I386 */
	bytes[0x85] = 0x01;
	err = exe_from_bytes(arena, "app.exe", file, &exe);
	assert_non_null(err);
	assert_int_equal(err->code, ERR_OTHER_CPU);
	assert_non_null(strstr(err_describe(arena, err), "it is for 386"));
	err = exe_from_bytes(arena, "app.exe", span_slice(file, 0, 0x90), &exe);
	assert_non_null(err);
	assert_int_equal(err->code, ERR_BAD_DATA);
}

static void refuses_other_cpus_and_fragments(void **state)
{
	(void)state;
	scratch_arena(LIMIT, refuse);
}

static void touch(struct arena *arena, struct span bytes)
{
	struct exe *exe;

	if (exe_from_bytes(arena, "app.exe", bytes, &exe))
		return;
	for (size_t i = 0; i < exe->segments.count; i++)
		exe_loaded_bytes(arena, exe, &exe->segments.items[i], 0x1000);
	exe_symbol(exe, base + TEXT);
}

static struct span hostile;

static void touch_hostile(struct arena *arena)
{
	touch(arena, hostile);
}

static void damage(struct arena *arena)
{
	struct pe_builder *pe = program(arena);
	struct span file;

	add_relocations(pe);
	pe->directories[0].rva = RDATA;
	pe->directories[0].size = 0x100;
	pe_put(pe, RDATA + 20, 0xffffffff, 4);
	pe_put(pe, RDATA + 24, 0xffffffff, 4);
	pe->directories[6].rva = RDATA + 0x100;
	pe->directories[6].size = 56;
	pe->directories[12].rva = RDATA + 0x300;
	pe->directories[12].size = 8;
	vec_push(arena, &pe->symbols, (struct pe_symbol){"main.longerThanEight", 0x20, 1});
	file = pe_finish(pe);
	for (size_t size = 0; size < file.size; size += size < 0x400 ? 1 : 7) {
		hostile = (struct span){memcpy(arena_alloc(arena, size + 1), file.data, size), size};
		scratch_arena(LIMIT, touch_hostile);
	}
	hostile = file;
	for (size_t at = 0; at < file.size; at += at < 0x300 ? 1 : 3)
		for (unsigned mask = 1; mask < 256; mask = mask << 3 | 7) {
			((uint8_t *)(uintptr_t)file.data)[at] ^= (uint8_t)mask;
			scratch_arena(LIMIT, touch_hostile);
			((uint8_t *)(uintptr_t)file.data)[at] ^= (uint8_t)mask;
		}
}

static void cuts_and_changed_bytes(void **state)
{
	(void)state;
	scratch_arena(LIMIT, damage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_headers),
		cmocka_unit_test(reads_coff_symbols_and_long_names),
		cmocka_unit_test(reads_exports_where_there_are_no_symbols),
		cmocka_unit_test(relocates_what_is_read_only),
		cmocka_unit_test(imported_addresses_are_not_read_only),
		cmocka_unit_test(reads_what_names_the_build),
		cmocka_unit_test(refuses_other_cpus_and_fragments),
		cmocka_unit_test(cuts_and_changed_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
