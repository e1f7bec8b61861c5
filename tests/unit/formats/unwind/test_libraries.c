/* test_libraries.c: which file serves for code that is not Go's: the one that was mapped, and no other. */
#include "formats/unwind/libraries.h"

#include "formats/locator/paths.h"
#include "tests/build/core_builder.h"
#include "tests/build/library_builder.h"
#include "tests/build/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { BUDGET = 1 << 28, PAGE = 0x1000, DT_DEBUG = 21, AT_SYSINFO_EHDR = 33 };

#define BIAS UINT64_C(0x7f0000000000)

static const char id_a[] = "aaaaaaaaaaaaaaaaaaaa";
static const char id_b[] = "bbbbbbbbbbbbbbbbbbbb";
static const char path[] = "/lib/libsample.so";

/* A dump in which `mapped` was mapped. What of it the kernel saves: */
struct saved {
	bool first_page, code, relocated;
};

static const struct saved default_core = {.first_page = true, .relocated = true};

static void save(struct core_builder *builder, struct span mapped, uint64_t at, uint64_t size, uint32_t flags, bool saved)
{
	struct core_segment *segment = core_add_segment(builder, BIAS + at, size, flags);

	if (!saved)
		segment->saved = 0;
	else
		core_put(builder, BIAS + at, mapped.data + at, size);
}

static void save_library(struct core_builder *builder, struct span mapped, struct saved what)
{
	save(builder, mapped, 0, PAGE, SEGMENT_READ | SEGMENT_EXEC, what.first_page);
	save(builder, mapped, LIBRARY_CODE, PAGE, SEGMENT_READ | SEGMENT_EXEC, what.code);
	save(builder, mapped, LIBRARY_RELOCATED, PAGE, SEGMENT_READ | SEGMENT_WRITE, what.relocated);
	if (what.relocated)
		core_put_u64(builder, BIAS + LIBRARY_RELOCATED, BIAS + LIBRARY_CODE + 8);
}

static struct image *open_core(struct arena *arena, struct core_builder *builder, const char *folder)
{
	struct notes *notes = arena_alloc(arena, sizeof *notes);
	struct image *image;

	notes->arena = arena;
	assert_null(image_open(arena, notes, scratch_write(arena, folder, "core", core_finish(builder)), NULL, &image));
	return image;
}

struct scene {
	struct image *image;
	struct libraries *libraries;
};

/* The dump of a process with `mapped`, on a machine that has `present` at its path (size 0: nothing). */
static struct scene scene_new(struct arena *arena, struct span mapped, struct saved what, struct span present)
{
	const struct mapping mappings[] = {
		{.start = BIAS, .end = BIAS + LIBRARY_CODE_END, .path = path},
		{.start = BIAS + LIBRARY_RELOCATED, .end = BIAS + LIBRARY_RELOCATED + PAGE,
		 .file_offset = LIBRARY_RELOCATED, .path = path},
	};
	struct core_builder *builder = core_new(arena, &arch_amd64);
	const char *folder = scratch_folder(arena);
	struct library_search search = {.sysroot = folder, .tells_paths = true};
	struct scene scene;

	core_add_thread(builder, 1, 6, &(struct registers){0});
	core_add_files(builder, mappings, 2);
	save_library(builder, mapped, what);
	if (present.size)
		scratch_write(arena, folder, path + 1, present);
	scene.image = open_core(arena, builder, folder);
	scene.libraries = libraries_new(scene.image, &search);
	return scene;
}

static bool is_used(const struct scene *scene)
{
	return libraries_row(scene->libraries, BIAS + LIBRARY_FRAME) != NULL;
}

static void assert_refused(const struct scene *scene, const char *why)
{
	assert_false(is_used(scene));
	assert_false(is_used(scene));
	assert_int_equal(scene->image->notes->count, 1); /* one note for a library, however often it is asked for */
	assert_non_null(strstr(scene->image->notes->items[0], why));
	assert_string_equal(libraries_module(scene->libraries, BIAS + LIBRARY_FRAME), "libsample.so");
}

static void check_same_build_id(struct arena *arena)
{
	struct span library = library_build(arena, id_a, 0x90);
	struct scene scene = scene_new(arena, library, default_core, library);
	uint8_t byte;

	assert_false(image_u8(scene.image, BIAS + LIBRARY_FRAME, &byte));
	assert_true(is_used(&scene));
	assert_true(image_u8(scene.image, BIAS + LIBRARY_FRAME, &byte)); /* code comes from the file now */
	assert_int_equal(byte, 0x90);
	assert_int_equal(scene.image->notes->count, 0);
}

/* As a crash is handed on: the library in the dump's folder, not at its path. */
static void check_beside_dump(struct arena *arena)
{
	struct span library = library_build(arena, id_a, 0x90);
	struct scene scene = scene_new(arena, library, default_core, (struct span){0});

	scratch_write(arena, path_folder(arena, scene.image->path), path_base_name(path), library);
	assert_true(is_used(&scene));
	assert_int_equal(scene.image->notes->count, 0);
}

static void check_other_build_id(struct arena *arena)
{
	struct scene scene = scene_new(arena, library_build(arena, id_a, 0x90), default_core,
				       library_build(arena, id_b, 0x90));

	assert_refused(&scene, "another build");
}

static void check_absent(struct arena *arena)
{
	struct scene scene = scene_new(arena, library_build(arena, id_a, 0x90), default_core, (struct span){0});

	assert_refused(&scene, "no such file");
}

static void check_garbage(struct arena *arena)
{
	static const uint8_t garbage[] = "\177ELF and nothing else";
	struct scene scene = scene_new(arena, library_build(arena, id_a, 0x90), default_core,
				       (struct span){garbage, sizeof garbage});

	assert_refused(&scene, "");
}

/* Without a build-id in the dump, what was saved must be the file's. */
static void check_saved_bytes(struct arena *arena)
{
	const struct saved code = {.code = true};
	const struct saved relocated = {.relocated = true};
	const struct saved nothing = {0};
	struct span mapped = library_build(arena, NULL, 0x90);
	struct span other = library_build(arena, NULL, 0xcc);
	struct scene scene = scene_new(arena, mapped, code, mapped);

	assert_true(is_used(&scene));
	scene = scene_new(arena, mapped, code, other);
	assert_refused(&scene, "another build");
	scene = scene_new(arena, mapped, relocated, mapped);
	assert_true(is_used(&scene));
	scene = scene_new(arena, mapped, nothing, mapped);
	assert_refused(&scene, "nothing that tells");
}

static void check_relocated_word(struct arena *arena)
{
	const struct saved relocated = {.relocated = true};
	struct span mapped = library_build(arena, NULL, 0x90);
	struct span other = library_build(arena, NULL, 0x90);
	struct scene scene;

	((uint8_t *)(uintptr_t)other.data)[0x300 + 16] ^= 0x40; /* the addend */
	scene = scene_new(arena, mapped, relocated, other);
	assert_refused(&scene, "another build");
}

static void check_names(struct arena *arena)
{
	struct span library = library_build(arena, id_a, 0x90);
	struct scene scene = scene_new(arena, library, default_core, library);
	struct c_function function;

	assert_true(libraries_function(scene.libraries, BIAS + LIBRARY_FRAME + 0xff, &function));
	assert_string_equal(function.name, "framed");
	assert_int_equal(function.entry, BIAS + LIBRARY_FRAME);
	assert_false(libraries_function(scene.libraries, BIAS + LIBRARY_STUB, &function)); /* behind the end of framed */
	assert_true(libraries_function(scene.libraries, BIAS + LIBRARY_SIGNAL + 9, &function));
	assert_string_equal(function.name, "restore"); /* has no size: as far as its table goes */
	assert_false(libraries_function(scene.libraries, BIAS + LIBRARY_SIGNAL + 0x20, &function));
	assert_true(libraries_function(scene.libraries, BIAS + LIBRARY_BARE + 1, &function));
	assert_string_equal(function.name, "bare"); /* without its version */
}

static void check_vdso(struct arena *arena)
{
	const struct auxv_entry auxv[] = {{AT_SYSINFO_EHDR, BIAS}};
	struct span library = library_build(arena, id_a, 0x90);
	struct core_builder *builder = core_new(arena, &arch_amd64);
	struct library_search search = {0};
	struct libraries *libraries;

	core_add_thread(builder, 1, 6, &(struct registers){0});
	core_add_auxv(builder, auxv, 1);
	core_add_segment(builder, BIAS, library.size, SEGMENT_READ | SEGMENT_EXEC);
	core_put(builder, BIAS, library.data, library.size);
	libraries = libraries_new(open_core(arena, builder, scratch_folder(arena)), &search);
	assert_non_null(libraries_row(libraries, BIAS + LIBRARY_FRAME));
	assert_null(libraries_row(libraries, BIAS - 1));
	assert_string_equal(libraries_module(libraries, BIAS + LIBRARY_FRAME), "[vdso]");
}

/* A program whose .dynamic leads to a list of one library, or to `next`. */
static struct scene linked_scene(struct arena *arena, uint64_t next)
{
	enum { DYNAMIC = 0x20000, DEBUG = 0x20100, MAP = 0x20200, NAME = 0x20300 };
	struct span library = library_build(arena, NULL, 0x90);
	struct core_builder *builder = core_new(arena, &arch_amd64);
	const char *folder = scratch_folder(arena);
	struct library_search search = {.sysroot = folder};
	struct exe *program = arena_alloc(arena, sizeof *program);
	struct scene scene;

	program->name = "program";
	program->arch = &arch_amd64;
	vec_push(arena, &program->sections, (struct section){.name = ".dynamic", .address = DYNAMIC});
	vec_push(arena, &program->segments, (struct exe_segment){.address = DYNAMIC, .size = PAGE});
	core_add_thread(builder, 1, 6, &(struct registers){0});
	core_add_segment(builder, DYNAMIC, PAGE, SEGMENT_READ | SEGMENT_WRITE);
	core_put_u64(builder, DYNAMIC, 5);
	core_put_u64(builder, DYNAMIC + 16, DT_DEBUG);
	core_put_u64(builder, DYNAMIC + 24, DEBUG);
	core_put_u64(builder, DEBUG + 8, MAP);
	core_put_u64(builder, MAP, BIAS);
	core_put_u64(builder, MAP + 8, NAME);
	core_put_u64(builder, MAP + 24, next ? MAP : 0);
	core_put(builder, NAME, path, sizeof path);
	save_library(builder, library, default_core);
	scratch_write(arena, folder, path + 1, library);
	scene.image = open_core(arena, builder, folder);
	scene.libraries = libraries_new(scene.image, &search);
	libraries_add_program(scene.libraries, program, 0);
	return scene;
}

static void check_link_map(struct arena *arena)
{
	struct scene scene = linked_scene(arena, 0);

	assert_true(is_used(&scene));
	scene = linked_scene(arena, 1); /* a list that never ends */
	assert_true(is_used(&scene));
	assert_null(libraries_row(scene.libraries, BIAS + LIBRARY_END + PAGE));
}

#define TEST(name, body)                                                                                               \
	static void name(void **state)                                                                                 \
	{                                                                                                              \
		(void)state;                                                                                           \
		scratch_arena(BUDGET, body);                                                                           \
	}

TEST(a_file_with_the_build_id_is_used, check_same_build_id)
TEST(a_library_beside_the_dump_is_used, check_beside_dump)
TEST(a_file_with_another_build_id_is_not, check_other_build_id)
TEST(a_file_that_is_not_there_is_said, check_absent)
TEST(a_file_that_is_none_is_said, check_garbage)
TEST(without_a_build_id_saved_bytes_decide, check_saved_bytes)
TEST(without_a_build_id_relocated_words_decide, check_relocated_word)
TEST(symbols_name_what_they_cover, check_names)
TEST(the_vdso_lies_in_memory, check_vdso)
TEST(the_loaders_list_serves_without_mapped_files, check_link_map)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_with_the_build_id_is_used),
		cmocka_unit_test(a_library_beside_the_dump_is_used),
		cmocka_unit_test(a_file_with_another_build_id_is_not),
		cmocka_unit_test(a_file_that_is_not_there_is_said),
		cmocka_unit_test(a_file_that_is_none_is_said),
		cmocka_unit_test(without_a_build_id_saved_bytes_decide),
		cmocka_unit_test(without_a_build_id_relocated_words_decide),
		cmocka_unit_test(symbols_name_what_they_cover),
		cmocka_unit_test(the_vdso_lies_in_memory),
		cmocka_unit_test(the_loaders_list_serves_without_mapped_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
