/* test_modules.c: programs of more than one module, or with text in more than one place. */
#include "golang/load/load.h"
#include "tests/build/core_builder.h"
#include "tests/build/go_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { BUDGET = 64 << 20, FILE_DYNAMIC = 3 };

#define BIAS UINT64_C(0x7f0000000000)
#define LIBRARY_PATH "/nowhere/plug.so"

static struct go_runtime *load(struct image *image, struct exe *exe)
{
	struct exe_candidate candidate = {.exe = exe, .source = EXE_GIVEN, .bias_known = true};

	return go_runtime_load(image, &candidate);
}

/* The second half of the text was linked 1 MiB further on: functions are looked for where they lie before their
 * instructions are read. */
static void text_sections(struct arena *arena)
{
	struct go_builder *builder = go_new(arena, &arch_arm64, 27, 4);
	uint64_t moved = GO_TEXT + 0x100000;
	uint64_t map = GO_DATA + 0xb00;
	struct go_runtime *runtime;
	uint64_t words[6];
	size_t second;

	go_add_frame(builder, "main.main", 0x40, 0);
	second = go_add_frame(builder, "runtime.allgadd", 0x40, 0);
	words[0] = 0;
	words[1] = words[3] = go_entry(builder, second) - GO_TEXT;
	words[2] = GO_TEXT;
	words[4] = words[3] + 0x1000;
	words[5] = moved;
	go_memory(builder, GO_DATA, GO_DATA_SIZE, SEGMENT_READ | SEGMENT_WRITE);
	go_write(builder, map, words, sizeof words);
	go_put(builder, GO_MODULEDATA + builder->layout->offset[LAYOUT_moduledata_textsectmap], map);
	go_put(builder, GO_MODULEDATA + builder->layout->offset[LAYOUT_moduledata_textsectmap] + 8, 2);
	runtime = load(builder->image, go_exe(builder));
	assert_non_null(runtime->functions[ROLE_ALLGADD]);
	assert_int_equal(runtime->functions[ROLE_ALLGADD]->entry, moved);
	assert_string_equal(go_func_name(go_pc(runtime, moved + 4, true)), "runtime.allgadd");
	assert_string_equal(go_func_name(go_pc(runtime, GO_TEXT, true)), "main.main");
}

/* moduledata.gofunc lies elsewhere than the release's row says: inlined calls are found all the same. */
static void moved_gofunc(struct arena *arena)
{
	static const uint8_t code[16] = {0x90};
	static const struct go_inline inlined[] = {{"main.small", 0, 4}};
	struct go_builder *builder = go_new(arena, &arch_amd64, 27, 4);
	struct inline_frame frames[INLINE_LIMIT];
	const struct pc_info *info;
	struct exe *exe;

	for (size_t i = 0; i < 2; i++)
		go_add(builder, &(struct go_function){.name = i ? "main.big" : "main.first", .code = code, .size = sizeof code,
						      .inlined = {{0, -1}, {8, 0}}, .inlines = inlined, .inline_count = 1});
	exe = go_exe(builder);
	go_put(builder, GO_MODULEDATA + builder->layout->offset[LAYOUT_moduledata_gofunc], GO_RODATA);
	go_put(builder, GO_MODULEDATA + 8 * 50, GO_FUNCDATA);
	info = go_pc(load(builder->image, exe), go_entry(builder, 1) + 8, true);
	assert_int_equal(func_inline_frames(&info->module->pclntab, info->func, info->pc, frames), 2);
	assert_string_equal(frames[0].name, "main.small");
	assert_string_equal(frames[1].name, "main.big");
}

/* ---- a library ---- */

struct library {
	struct go_builder *builder; /* its own program; the dump is of the process that maps it */
	struct exe *exe;            /* as built */
	struct exe *file;           /* as read again */
	const char *folder;         /* where its file lies */
	struct image *image;
};

/* The file of a library that is linked at GO_BASE. */
static void write_library(struct library *library, struct arena *arena)
{
	struct core_builder *file = core_new(arena, library->builder->arch);

	file->type = FILE_DYNAMIC;
	for (size_t i = 0; i < library->exe->segments.count; i++) {
		const struct exe_segment *segment = &library->exe->segments.items[i];

		if (!segment->size)
			continue;
		core_add_segment(file, segment->address, segment->size, segment->flags);
		core_put(file, segment->address, segment->bytes.data, segment->bytes.size);
	}
	assert_null(exe_open(arena, scratch_write(arena, library->folder, "plug.so", core_finish(file)), NULL, &library->file));
}

/* The dump: the library's data, relocated; of its file the kernel tells where it was mapped. */
static void map_library(struct library *library, struct arena *arena)
{
	const struct exe_segment *data = &library->exe->segments.items[4];
	struct go_builder *process = go_new(arena, library->builder->arch, 24, 5);

	go_memory(process, GO_DATA + BIAS, data->size, SEGMENT_READ | SEGMENT_WRITE);
	go_write(process, GO_DATA + BIAS, data->bytes.data, data->bytes.size);
	for (uint64_t i = 0; i < 32; i++) {
		uint64_t word = span_u64(data->bytes, GO_MODULEDATA - GO_DATA + 8 * i);

		if (word > 0x1000)
			go_put(process, GO_MODULEDATA + BIAS + 8 * i, word + BIAS);
	}
	library->image = process->image;
	library->image->path = arena_printf(arena, "%s/core", library->folder);
	library->image->bytes.size = data->size; /* as of a dump that holds it */
	for (size_t i = 0; i < library->file->segments.count; i++) {
		const struct exe_segment *segment = &library->file->segments.items[i];
		uint64_t size = (segment->size + 0xfff) & ~UINT64_C(0xfff);

		vec_push(arena, &library->image->mappings,
			 (struct mapping){.start = segment->address + BIAS, .end = segment->address + BIAS + size,
					  .file_offset = segment->file_offset, .path = LIBRARY_PATH});
	}
}

static struct library library_new(struct arena *arena)
{
	struct library library = {.builder = go_new(arena, &arch_amd64, 24, 5), .folder = scratch_folder(arena)};

	go_add_frame(library.builder, "main.exported", 0x40, 0);
	library.exe = go_exe(library.builder);
	write_library(&library, arena);
	map_library(&library, arena);
	return library;
}

/* A program that is not Go's: an ELF file with one page of something. */
static struct exe *c_program(struct arena *arena)
{
	struct core_builder *file = core_new(arena, &arch_amd64);
	struct exe *exe;

	file->type = FILE_DYNAMIC;
	core_add_segment(file, 0x1000, 0x1000, SEGMENT_READ | SEGMENT_EXEC);
	assert_null(exe_from_bytes(arena, "program", core_finish(file), &exe));
	return exe;
}

static bool noted(const struct go_runtime *runtime, const char *part)
{
	for (size_t i = 0; i < runtime->notes->count; i++)
		if (strstr(runtime->notes->items[i], part))
			return true;
	return false;
}

/* A C program with a library made by -buildmode=c-shared: the library's file names the functions. */
static void shared_library(struct arena *arena)
{
	struct library library = library_new(arena);
	struct go_runtime *runtime = load(library.image, c_program(arena));

	assert_int_equal(runtime->modules.count, 1);
	assert_non_null(runtime->modules.items[0].exe);
	assert_string_equal(go_func_name(go_pc(runtime, GO_TEXT + BIAS + 4, true)), "main.exported");
	assert_int_equal(image_view(library.image, GO_TEXT + BIAS, 4).size, 4); /* its code is served */
	assert_false(noted(runtime, "plug.so"));
}

/* Another build of it, even one that differs in a word: it is not used, and that is said. */
static void another_library(struct arena *arena)
{
	struct library library = library_new(arena);
	struct go_runtime *runtime;
	uint64_t ebss;

	assert_true(image_u64(library.image, GO_MODULEDATA + BIAS + 8 * 31, &ebss));
	ebss += 0x20;
	memcpy((uint8_t *)image_segment(library.image, GO_DATA + BIAS)->saved.data + (GO_MODULEDATA - GO_DATA) + 8 * 31,
	       &ebss, sizeof ebss);
	runtime = load(library.image, c_program(arena));
	assert_int_equal(runtime->modules.count, 1);
	assert_null(runtime->modules.items[0].exe);
	assert_null(go_pc(runtime, GO_TEXT + BIAS + 4, true)->func);
	assert_int_equal(library.image->backing.count, 1); /* the C program's own */
	assert_true(noted(runtime, "plug.so was not found as it ran"));
}

/* Not in the dump's folder: in a file that was given, or in the symbols folder. */
static void library_elsewhere(struct arena *arena)
{
	struct library library = library_new(arena);
	const char *given[] = {arena_printf(arena, "%s/plug.so", library.folder), NULL};
	const struct exe_search searches[] = {{.given = given}, {.symbols_dir = library.folder}, {0}};

	for (size_t i = 0; i < 3; i++) {
		struct exe_candidate candidate = {
			.exe = c_program(arena), .source = EXE_GIVEN, .bias_known = true, .search = searches[i]};

		library.image->path = "/nowhere/core";
		library.image->backing.count = 0;
		assert_int_equal(go_pc(go_runtime_load(library.image, &candidate), GO_TEXT + BIAS, true)->func != NULL,
				 i < 2);
	}
}

/* A plugin: its moduledata follows the program's, its functions come from its own file, and both have names. */
static void plugin(struct arena *arena)
{
	struct library library = library_new(arena);
	struct go_builder *host = go_new(arena, &arch_amd64, 24, 5);
	struct go_runtime *runtime;
	struct exe *exe;
	size_t main_main = go_add_frame(host, "main.main", 0x40, 0);

	go_memory(host, GO_DATA + BIAS, GO_DATA_SIZE, SEGMENT_READ | SEGMENT_WRITE);
	go_write(host, GO_DATA + BIAS, image_segment(library.image, GO_DATA + BIAS)->saved.data, GO_DATA_SIZE);
	host->image->mappings.items = library.image->mappings.items;
	host->image->mappings.count = library.image->mappings.count;
	host->image->path = library.image->path;
	exe = go_exe(host);
	go_put(host, GO_MODULEDATA + host->layout->offset[LAYOUT_moduledata_next], GO_MODULEDATA + BIAS);
	runtime = load(host->image, exe);
	assert_int_equal(runtime->modules.count, 2);
	assert_string_equal(go_func_name(go_pc(runtime, go_entry(host, main_main), true)), "main.main");
	assert_string_equal(go_func_name(go_pc(runtime, GO_TEXT + BIAS, true)), "main.exported");
	assert_ptr_equal(go_pc(runtime, GO_TEXT + BIAS, true)->func, go_pc(runtime, GO_TEXT + BIAS + 1, true)->func);
}

#define TEST(name)                                                                                                     \
	static void test_##name(void **state)                                                                          \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(2 * BUDGET, name);                                                                       \
	}

TEST(text_sections)
TEST(moved_gofunc)
TEST(shared_library)
TEST(another_library)
TEST(library_elsewhere)
TEST(plugin)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_sections),	 cmocka_unit_test(test_moved_gofunc),
		cmocka_unit_test(test_shared_library),
		cmocka_unit_test(test_another_library), cmocka_unit_test(test_library_elsewhere),
		cmocka_unit_test(test_plugin),
	};

	return cmocka_run_group_tests_name("modules", tests, NULL, NULL);
}
