/* test_elf_file.c: executables: this very program (sections, symbols, DWARF, build-id), stripped and damaged copies of
 * it, and synthetic ones. */
#include "formats/archive/archive.h"
#include "formats/exe/elf.h"
#include "formats/exe/exe.h"
#include "formats/exe/variable.h"
#include "formats/dump/image.h"

#include "tests/build/core_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { E_SHOFF = 40, E_SHNUM = 60 };

static int setup(void **state)
{
	*state = arena_new((size_t)1 << 30);
	return 0;
}

static int teardown(void **state)
{
	arena_free(*state);
	return 0;
}

static struct span own_bytes(struct arena *arena)
{
	struct file_bytes file;

	assert_null(file_map(arena, "/proc/self/exe", NULL, &file));
	return file.bytes;
}

static uint8_t *own_copy(struct arena *arena, size_t *ret_size)
{
	struct span own = own_bytes(arena);
	uint8_t *copy = arena_alloc(arena, own.size);

	memcpy(copy, own.data, own.size);
	*ret_size = own.size;
	return copy;
}

/* A function that the symbol table must know. */
static int __attribute__((noinline)) landmark_function(int x)
{
	return x * 3 + 1;
}

/* A variable of two words. */
static uint64_t landmark_words[2] = {1, 2};

static void names_variables(void **state)
{
	struct arena *arena = *state;
	uint64_t address, offset;
	struct exe *exe;

	assert_null(exe_open(arena, "/proc/self/exe", NULL, &exe));
	assert_true(exe_symbol_address(exe, "landmark_function", &address));
	address += (uint64_t)(uintptr_t)landmark_words - (uint64_t)(uintptr_t)landmark_function; /* wherever it was loaded */
	assert_string_equal(exe_variable(arena, exe, address, &offset), "landmark_words");
	assert_int_equal(offset, 0);
	assert_string_equal(exe_variable(arena, exe, address + 8, &offset), "landmark_words");
	assert_int_equal(offset, 8);
	assert_null(exe_variable(arena, exe, 1, &offset));
}

static void reads_this_program(void **state)
{
	struct arena *arena = *state;
	const struct section *text;
	struct exe *exe;
	uint64_t address;

	assert_int_equal(landmark_function(2), 7);
	assert_null(exe_open(arena, "/proc/self/exe", NULL, &exe));
	assert_string_equal(exe->name, "exe");
	assert_non_null(exe->arch);
	assert_true(exe->has_symbols);
	assert_true(exe->has_dwarf);
	assert_null(exe->go_build_id);
	text = exe_section(exe, ".text");
	assert_non_null(text);
	assert_true(text->bytes.size > 100);
	assert_null(exe_section(exe, ".no such"));
	assert_int_equal(exe_section(exe, ".bss")->bytes.size, 0);
	assert_true(exe->entry >= text->address && exe->entry < text->address + text->bytes.size);
	assert_true(exe_symbol_address(exe, "main", &address));
	assert_false(exe_symbol_address(exe, "no such", &address));
	assert_string_equal(exe_symbol(exe, address)->name, "main");
	assert_string_equal(exe_symbol(exe, address + 1)->name, "main");
	assert_null(exe_symbol(exe, 1));
	assert_memory_equal(exe_view(exe, text->address, 16).data, text->bytes.data, 16);
	assert_int_equal(exe_view(exe, text->address, 16).size, 16);
	assert_int_equal(exe_view(exe, UINT64_MAX, 16).size, 0);
	for (size_t i = 1; i < exe->symbols.count; i++)
		assert_true(exe->symbols.items[i - 1].address <= exe->symbols.items[i].address);
}

static void reads_without_section_headers(void **state)
{
	struct arena *arena = *state;
	size_t size;
	uint8_t *copy = own_copy(arena, &size);
	struct exe *whole, *exe;

	assert_null(exe_from_bytes(arena, "whole", own_bytes(arena), &whole));
	memset(copy + E_SHOFF, 0, 8);
	memset(copy + E_SHNUM, 0, 4); /* and e_shstrndx: what sstrip does */
	assert_null(exe_from_bytes(arena, "stripped", (struct span){copy, size}, &exe));
	assert_int_equal(exe->sections.count, 0);
	assert_false(exe->has_symbols);
	assert_false(exe->has_dwarf);
	assert_int_equal(exe->segments.count, whole->segments.count);
	assert_int_equal(exe->base, whole->base);
	if (whole->build_id) /* the linker's choice */
		assert_string_equal(exe->build_id, whole->build_id);
	assert_int_equal(exe_view(exe, exe->entry, 4).size, 4);
}

static void reads_notes_of_go(void **state)
{
	struct arena *arena = *state;
	struct core_builder *builder = core_new(arena, &arch_arm64);
	struct exe *exe;

	builder->type = FILE_EXECUTABLE;
	builder->entry = 0x11000;
	core_add_note(builder, "Go", 3, "no", 2);
	core_add_note(builder, "Go", 4, "abc/def", 7);
	core_add_note(builder, "GNU", 3, "\x01\xaf\x00\x10", 4);
	core_add_segment(builder, 0x20000, 0x2000, 6)->saved = 0x1000;
	core_add_segment(builder, 0x11000, 0x1000, 5);
	assert_null(exe_from_bytes(arena, "dir/app", core_finish(builder), &exe));
	assert_string_equal(exe->name, "app");
	assert_string_equal(exe->go_build_id, "abc/def");
	assert_string_equal(exe->build_id, "01af0010");
	assert_false(exe->position_independent);
	assert_int_equal(exe->base, 0x11000); /* sorted */
	assert_int_equal(exe->segments.items[1].size, 0x2000);
	assert_int_equal(exe->segments.items[1].bytes.size, 0x1000);
	assert_int_equal(exe->segments.items[0].flags, SEGMENT_READ | SEGMENT_EXEC);
	assert_int_equal(exe_view(exe, 0x20ff8, 100).size, 8);
	assert_int_equal(exe_view(exe, 0x21000, 8).size, 0);
}

static void check_refused(struct arena *arena, struct span bytes, enum err_code code, const char *says)
{
	struct exe *exe = NULL;
	const struct err *err = exe_from_bytes(arena, "file", bytes, &exe);

	assert_non_null(err);
	assert_int_equal(err->code, code);
	assert_non_null(strstr(err_describe(arena, err), says));
	assert_null(exe);
}

static void refuses_other_files(void **state)
{
	struct arena *arena = *state;
	struct core_builder *builder = core_new(arena, &arch_amd64);

	check_refused(arena, (struct span){0}, ERR_BAD_DATA, "empty");
	check_refused(arena, (struct span){(const uint8_t *)"#!/bin/sh", 9}, ERR_BAD_DATA, "not an executable");
	check_refused(arena, (struct span){(const uint8_t *)"\x7f" "ELF\2\1", 6}, ERR_CUT_SHORT, "header");
	core_add_segment(builder, 0x1000, 0x1000, 6);
	check_refused(arena, core_finish(builder), ERR_UNSUPPORTED, "a core");
	builder->type = FILE_RELOCATABLE;
	check_refused(arena, core_finish(builder), ERR_UNSUPPORTED, "not an executable");
	builder->type = FILE_EXECUTABLE;
	builder->machine = 22;
	check_refused(arena, core_finish(builder), ERR_OTHER_CPU, "s390x");
}

static void use(const struct exe *exe)
{
	for (size_t i = 0; i < exe->sections.count; i++)
		if (exe->sections.items[i].bytes.size)
			assert_non_null(exe->sections.items[i].bytes.data);
	for (size_t i = 0; i < exe->segments.count; i++) {
		const struct exe_segment *s = &exe->segments.items[i];

		assert_true(s->bytes.size <= s->size);
		exe_view(exe, s->address, s->size);
		exe_symbol(exe, s->address);
	}
	for (size_t i = 0; i < exe->symbols.count; i++)
		assert_true(strlen(exe->symbols.items[i].name) > 0);
}

static void any_cut_is_survived(void **state)
{
	struct arena *arena = *state;
	struct span own = own_bytes(arena);

	for (size_t size = 0; size < own.size; size += size < 2048 ? 7 : own.size / 97) {
		struct arena *inner = arena_new(1 << 26);
		struct exe *exe;

		if (!exe_from_bytes(inner, "cut", span_slice(own, 0, size), &exe))
			use(exe);
		arena_free(inner);
	}
}

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* Damage to the headers at both ends of the file, undone after each round. */
static void random_damage_is_survived(void **state)
{
	uint32_t seed = 20261123;
	size_t size;
	uint8_t *copy = own_copy(*state, &size);
	uint64_t sections = span_u64((struct span){copy, size}, E_SHOFF);

	for (int round = 0; round < 300; round++) {
		struct arena *arena = arena_new(1 << 26);
		size_t at[4];
		uint8_t was[4];
		struct exe *exe;

		for (size_t i = 0; i < 4; i++) {
			uint32_t pick = next_random(&seed);

			at[i] = pick & 1 ? 4 + (pick >> 8) % 1000
					 : (size_t)(sections + (pick >> 8) % (size - sections));
			was[i] = copy[at[i]];
			copy[at[i]] = (uint8_t)(next_random(&seed) >> 5);
		}
		if (!exe_from_bytes(arena, "damaged", (struct span){copy, size}, &exe))
			use(exe);
		for (size_t i = 4; i-- > 0;)
			copy[at[i]] = was[i];
		arena_free(arena);
	}
}

static void symbol_lookup_respects_sizes(void **state)
{
	struct symbol symbols[] = {{"a", 0x1000, 0x10}, {"b", 0x1020, 0}, {"c", 0x1040, 0}, {"d", 0x1040, 8}};
	struct exe exe = {.symbols = {symbols, 4, 4}};

	(void)state;
	assert_null(exe_symbol(&exe, 0xfff));
	assert_string_equal(exe_symbol(&exe, 0x100f)->name, "a");
	assert_null(exe_symbol(&exe, 0x1010));
	assert_string_equal(exe_symbol(&exe, 0x103f)->name, "b");
	assert_string_equal(exe_symbol(&exe, 0x1040)->name, "d");
	assert_null(exe_symbol(&exe, 0x1048));
}

struct seen {
	size_t count;
	uint32_t last;
};

static bool count_note(void *context, const struct elf_note *note)
{
	struct seen *seen = context;

	seen->last = note->type;
	return ++seen->count < 3;
}

static void notes_are_walked(void **state)
{
	struct arena *arena = *state;
	struct core_builder *builder = core_new(arena, &arch_amd64);
	struct elf_view view;
	struct elf_program program;
	struct seen seen = {0};

	core_add_note(builder, "A", 1, "x", 1);
	core_add_note(builder, "LONGER", 2, "12345", 5);
	assert_null(elf_view_open(arena, core_finish(builder), &view));
	program = elf_view_program(&view, 0);
	assert_int_equal(program.type, PROGRAM_NOTE);
	assert_true(elf_view_notes(&view, program.offset, program.file_size, 4, count_note, &seen));
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.last, 2);
	assert_false(elf_view_notes(&view, program.offset, program.file_size - 4, 4, count_note, &(struct seen){0}));
	assert_false(elf_view_notes(&view, UINT64_MAX, 8, 4, count_note, &(struct seen){0}));
	assert_int_equal(elf_view_program(&view, 1).type, 0);
}

static void opens_files(void **state)
{
	struct arena *arena = *state;
	const char *path = scratch_write(arena, scratch_folder(arena), "app.gz", own_bytes(arena));
	struct exe *exe;

	assert_null(exe_open(arena, path, NULL, &exe));
	assert_string_equal(exe->name, "app.gz"); /* not compressed: the name is its own */
	assert_string_equal(exe->path, path);
	assert_int_equal(exe_open(arena, "/nonexistent", NULL, &exe)->code, ERR_IO);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(names_variables),
		TEST(reads_this_program),
		TEST(reads_without_section_headers),
		TEST(reads_notes_of_go),
		TEST(refuses_other_files),
		TEST(any_cut_is_survived),
		TEST(random_damage_is_survived),
		TEST(symbol_lookup_respects_sizes),
		TEST(notes_are_walked),
		TEST(opens_files),
	};

	return cmocka_run_group_tests_name("elf_file", tests, NULL, NULL);
}
