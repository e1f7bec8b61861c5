/* program.c: see program.h. */
#include "formats/locator/program.h"

#include "formats/exe/elf.h"
#include "formats/locator/paths.h"

#include <string.h>
#include <strings.h>

enum { AT_PHDR = 3, AT_PHNUM = 5, AT_ENTRY = 9, AT_EXECFN = 31 };

enum { PAGE = 4096, FIRST_BYTES = 1 << 16, PATH_LIMIT = 4096 };

static bool elf_at(struct image *image, uint64_t address)
{
	return elf_magic(image_view(image, address, 4));
}

/* The auxiliary vector speaks of the dynamic linker where that was started with the program as its argument
 * (`ld-linux-x86-64.so.2 ./program`; ld-musl). */
static bool started_by_loader(const struct image *image)
{
	const struct mapping *mapping;
	uint64_t entry;

	if (!image_auxv(image, AT_ENTRY, &entry))
		return false;
	mapping = image_mapping(image, entry);
	return mapping && (!strncmp(path_base_name(mapping->path), "ld-", 3) ||
			   !strncmp(path_base_name(mapping->path), "ld.so", 5));
}

/* What the auxiliary vector says of the program itself. */
static bool program_auxv(const struct image *image, uint64_t type, uint64_t *ret)
{
	return image_auxv(image, type, ret) && !started_by_loader(image);
}

/* The run-time address of the program's first page. AT_PHDR lies in it, behind the ELF header. */
static bool find_first_page(struct image *image, const struct mapping *mapping, uint64_t *ret)
{
	uint64_t headers;

	if (program_auxv(image, AT_PHDR, &headers) && elf_at(image, headers & ~(uint64_t)(PAGE - 1))) {
		*ret = headers & ~(uint64_t)(PAGE - 1);
		return true;
	}
	if (!mapping || mapping->file_offset || !elf_at(image, mapping->start))
		return false;
	*ret = mapping->start;
	return true;
}

static const struct mapping *lowest_of_file(const struct image *image, const struct mapping *of)
{
	for (size_t i = 0; i < image->mappings.count; i++)
		if (!strcmp(image->mappings.items[i].path, of->path))
			return &image->mappings.items[i];
	return of;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text);
	size_t size = strlen(end);

	return length >= size && !strcasecmp(text + length - size, end);
}

/* For dumps without an auxiliary vector. A shared library begins as a position independent executable does; its name
 * tells. */
static bool looks_like_program(const struct image *image, const struct mapping *mapping)
{
	const char *name = path_base_name(mapping->path);

	if (mapping->file_offset)
		return false;
	if (image->os == OS_WINDOWS)
		return ends_with(name, ".exe");
	return *mapping->path == '/' && !strstr(name, ".so") && strncmp(name, "ld-", 3) != 0;
}

static const struct mapping *main_mapping(struct image *image)
{
	static const uint64_t entries[] = {AT_PHDR, AT_ENTRY};
	const struct mapping *mapping;
	uint64_t address;

	for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
		if (!program_auxv(image, entries[i], &address))
			continue;
		mapping = image_mapping(image, address);
		if (mapping)
			return lowest_of_file(image, mapping);
	}
	for (size_t i = 0; i < image->mappings.count; i++)
		if (looks_like_program(image, &image->mappings.items[i]))
			return &image->mappings.items[i];
	return NULL;
}

static const char *string_at(struct image *image, uint64_t address)
{
	struct span view = image_view(image, address, PATH_LIMIT);
	const char *text = span_string(view, 0, PATH_LIMIT);

	return text && *text ? arena_strdup(image->arena, text) : NULL;
}

/* The first page is the beginning of an ELF file: it is read as one. */
static const struct exe *program_in_memory(struct image *image, const struct mapping *mapping)
{
	struct exe *exe;
	uint64_t page;

	if (!find_first_page(image, mapping, &page))
		return NULL;
	return exe_from_bytes(image->arena, "the program in memory", image_view(image, page, FIRST_BYTES), &exe) ? NULL
														 : exe;
}

struct program_record program_of_image(struct image *image)
{
	struct program_record program = {.mapping = main_mapping(image)};
	const struct exe *memory = program_in_memory(image, program.mapping);
	uint64_t name;

	if (program.mapping)
		program.path = path_without_deleted(image->arena, program.mapping->path);
	if (program_auxv(image, AT_EXECFN, &name))
		program.exec_name = string_at(image, name);
	program.entry_known = program_auxv(image, AT_ENTRY, &program.entry);
	program.headers_known = program_auxv(image, AT_PHDR, &program.headers) &&
				program_auxv(image, AT_PHNUM, &program.header_count);
	if (program.mapping)
		program.build_id = program.mapping->build_id;
	if (image->record) {
		program.build_id = image->said.build_id;
		program.exec_name = image->said.name;
	}
	if (memory) {
		program.build_id = memory->build_id;
		program.go_build_id = memory->go_build_id;
		program.notes_seen = memory->notes_whole;
	}
	return program;
}
