/* seeds.c: what the fuzzer starts from: small sound inputs of each target, written to FOLDER/TARGET/NAME. */
#include "tests/build/core_builder.h"
#include "tests/build/go_scene.h"
#include "tests/build/library_builder.h"
#include "tests/build/minidump_builder.h"
#include "tests/build/pe_builder.h"
#include "tests/build/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BUDGET = 256 << 20 };

static const char *folder;

static void write_seed(struct arena *arena, const char *target, const char *name, struct span bytes)
{
	const char *inner = arena_printf(arena, "%s/%s", folder, target);
	const char *path = arena_printf(arena, "%s/%s", inner, name);
	FILE *file;

	mkdir(inner, 0777); /* may exist */
	file = fopen(path, "wb");
	if (!file || fwrite(bytes.data, 1, bytes.size, file) != bytes.size || fclose(file)) {
		perror(path);
		exit(1);
	}
}

static void write_text(struct arena *arena, const char *target, const char *name, const char *text)
{
	write_seed(arena, target, name, (struct span){(const uint8_t *)text, strlen(text)});
}

/* ---- dumps ---- */

static struct core_builder *core(struct arena *arena, const struct arch *arch)
{
	static const struct auxv_entry auxv[] = {{3, 0x400040}, {5, 9}, {9, 0x401000}, {31, 0x7f10}};
	static const struct mapping files[] = {{.start = 0x400000, .end = 0x401000, .path = "/app/server"},
					       {.start = 0x7000, .end = 0x8000, .file_offset = 0x1000, .path = "/lib/libc.so"}};
	struct core_builder *builder = core_new(arena, arch);
	struct registers registers = {0};

	reg_set(&registers, arch->pc, 0x401010);
	reg_set(&registers, arch->sp, 0x7100);
	core_add_thread(builder, 7, 11, &registers);
	core_add_process(builder, 7, "server", "/app/server -v ");
	core_add_siginfo(builder, 11, 1, 0x10);
	core_add_auxv(builder, auxv, sizeof auxv / sizeof *auxv);
	core_add_files(builder, files, sizeof files / sizeof *files);
	core_add_thread(builder, 8, 0, &registers);
	return builder;
}

/* For 0x40 times 16 bytes of it. */
static struct span with_room(struct arena *arena, struct span core)
{
	uint8_t *bytes = arena_alloc(arena, core.size + 2);

	bytes[0] = 0x40;
	memcpy(bytes + 2, core.data, core.size);
	return (struct span){bytes, core.size + 2};
}

static void core_seeds(struct arena *arena, const struct arch *arch)
{
	struct core_builder *builder = core(arena, arch);
	uint8_t *notes = arena_alloc(arena, builder->notes.count + 1);

	notes[0] = arch == &arch_arm64;
	memcpy(notes + 1, builder->notes.items, builder->notes.count);
	write_seed(arena, "notes", arch->name, (struct span){notes, builder->notes.count + 1});
	builder->page = 16;
	core_add_segment(builder, 0x7000, 0x200, SEGMENT_READ | SEGMENT_WRITE);
	core_add_segment(builder, 0x400000, 0x100, SEGMENT_READ | SEGMENT_EXEC)->saved = 0x40;
	write_seed(arena, "elf_core", arch->name, core_finish(builder));
	write_seed(arena, "core_intake", arch->name, with_room(arena, core_finish(builder)));
}

static void minidump_seeds(struct arena *arena, const struct arch *arch)
{
	for (int memory64 = 0; memory64 < 2; memory64++) {
		struct minidump_builder *builder = minidump_new(arena, arch);
		struct registers registers = {0};
		static const uint64_t information[] = {0, 0x10};

		reg_set(&registers, arch->pc, 0x140001010);
		reg_set(&registers, arch->sp, 0x7080);
		builder->memory64 = memory64;
		builder->aligned = memory64;
		minidump_add_memory(builder, 0x7000, 0x100);
		minidump_add_thread(builder, 4, 0x7ff000, &registers);
		minidump_add_thread_stack(builder, 8, 0x8000, 0x80, 1);
		minidump_add_thread_name(builder, 4, "worker");
		minidump_add_thread_info(builder, 4, 0, 0x140001000);
		minidump_add_module(builder, 0x140000000, 0x10000, "C:\\app\\server.exe", 5, 1);
		minidump_add_unloaded(builder, 0x150000000, 0x1000, "C:\\gone.dll");
		minidump_add_region(builder, 0x7000, 0x1000, 0x1000, 4);
		minidump_add_region(builder, 0x9000, 0x1000, 0x10000, 1);
		minidump_add_exception(builder, 4, 0xc0000005, information, 2, &registers);
		minidump_add_pid(builder, 77);
		minidump_add_comment(builder, "a comment");
		write_seed(arena, "minidump", arena_printf(arena, "%s-%d", arch->name, memory64), minidump_finish(builder));
	}
}

/* ---- executables ---- */

static void pe_seeds(struct arena *arena, const struct arch *arch)
{
	struct pe_builder *builder = pe_new(arena, arch, 0x140000000);

	pe_add_section(builder, ".text", PE_CODE, 0x100);
	pe_add_section(builder, ".pdata", PE_RDATA, 0x40);
	pe_add_section(builder, ".data", (uint32_t)PE_DATA, 0x40);
	vec_push(arena, &builder->symbols, (struct pe_symbol){"main.main", 0x10, 1});
	vec_push(arena, &builder->symbols, (struct pe_symbol){"a_longer_name", 0x20, 1});
	builder->directories[3].rva = 0x2000;
	builder->directories[3].size = 12;
	write_seed(arena, "pe_exe", arch->name, pe_finish(builder));
}

static void library_seeds(struct arena *arena)
{
	write_seed(arena, "elf_exe", "library", library_build(arena, "0123456789abcdefghij", 0x90));
}

/* ---- Go's tables ---- */

static void table_seeds(struct arena *arena, const struct arch *arch)
{
	static const uint8_t program[] = {0}, other[] = {3, 0, 0, 1, 7, 0, 0, 0, 0, 0, 0, 0};
	static const int releases[] = {18, 24};

	for (size_t i = 0; i < sizeof releases / sizeof *releases; i++) {
		const struct scene_options options = {.arch = arch, .minor = releases[i], .unsafe_point = true};
		struct go_scene scene = scene_new(arena, &options);

		write_seed(arena, "pclntab", arena_printf(arena, "%s-%d", arch->name, releases[i]), go_pclntab(scene.builder));
	}
	write_seed(arena, "moduledata", "program", (struct span){program, sizeof program});
	write_seed(arena, "moduledata", "other", (struct span){other, sizeof other});
	write_seed(arena, "inline_tree", "program", (struct span){program, sizeof program});
}

/* ---- frames ---- */

static void frame_seeds(struct arena *arena)
{
	static const uint8_t amd64[] = {0, 0, 0, 8, 0, 4, 72, 0, 7, 8, 0, 0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x40, 0x90,
					0x48, 0x83, 0xc4, 0x40, 0x5d, 0xc3};
	static const uint8_t arm64[] = {1, 0, 0, 32, 0, 0, 0, 0, 9, 0, 0, 0xff, 0x83, 0x00, 0xd1, 0xfd, 0x7b, 0xbf, 0xa9,
					0xff, 0x83, 0x00, 0x91, 0xc0, 0x03, 0x5f, 0xd6};
	static const uint8_t pdata_amd64[] = {2, 6, 0, 12, 0, 0x10, 0, 0, 0x12, 0x10, 0, 0, 0, 0x30, 0, 0, 12, 1, 6, 3, 0, 6, 0x42,
					      2, 0x60, 1, 0x30, 0, 0, 0x53, 0x56, 0x48, 0x83, 0xec, 0x28, 0xe8, 0, 0, 0, 0,
					      0x48, 0x83, 0xc4, 0x28, 0x5e, 0x5b, 0xc3};
	static const uint8_t pdata_arm64[] = {3, 4, 0, 16, 0, 0x10, 0, 0, 0x41, 0, 0x20, 1, 0x40, 0x10, 0, 0, 0, 0x30, 0, 0, 8, 4, 0,
					      0x20, 0x10, 0x81, 0x41, 0xe4, 0xe3, 0xfd, 0x7b, 0xbf, 0xa9};
	const uint8_t row[1400] = {0};

	write_seed(arena, "tear", "amd64", (struct span){amd64, sizeof amd64});
	write_seed(arena, "tear", "arm64", (struct span){arm64, sizeof arm64});
	write_seed(arena, "pdata", "amd64", (struct span){pdata_amd64, sizeof pdata_amd64});
	write_seed(arena, "pdata", "arm64", (struct span){pdata_arm64, sizeof pdata_arm64});
	write_seed(arena, "cfi", "nothing", (struct span){row, sizeof row});
}

/* Each case as it is. */
static void write_pipeline(struct arena *arena)
{
	static const char *const names[] = {
#define FIXTURE(name) name,
#include "tests/fuzz/fixtures.def"
#undef FIXTURE
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		write_text(arena, "pipeline", names[i], arena_printf(arena, "%s json\n", names[i]));
}

static void write_all(struct arena *arena)
{
	library_seeds(arena);
	frame_seeds(arena);
	write_text(arena, "conditions", "all", "2h30m\n1,3-9\nmain.\nwaiting\n");
	write_pipeline(arena);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: seeds FOLDER\n");
		return 2;
	}
	folder = argv[1];
	scratch_arena(BUDGET, write_all);
	scratch_each_arch(BUDGET, core_seeds);
	scratch_each_arch(BUDGET, minidump_seeds);
	scratch_each_arch(BUDGET, pe_seeds);
	scratch_each_arch(BUDGET, table_seeds);
	return 0;
}
