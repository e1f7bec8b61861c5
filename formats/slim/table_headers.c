/* table_headers.c: what says of a dump that has taken code and tables of its executable in that it did: program headers of a core, a list of
 * memory of a minidump. References: elf(5), Elf64_Ehdr, Elf64_Phdr; minidumpapiset.h. */
#include "formats/slim/tables.h"

#include <string.h>

enum { PHDR = 56, PHOFF = 32, PHNUM = 56 };
enum { STREAMS = 8, DIRECTORY = 12, ENTRY = 12, ENTRIES_MOST = 4096, MEMORY_LIST = 5, DESCRIPTOR = 16, COUNT = 4 };

struct made {
	uint64_t position, count; /* of what was adopted; count 0: nothing */
};

/* Behind what was adopted. */
static struct made made_of(const struct image *image)
{
	struct made ret = {0};

	for (size_t i = 0; i < image->segments.count; i++) {
		const struct segment *segment = &image->segments.items[i];
		const uint64_t end = segment->position + (segment->saved.size + SLIM_PAGE - 1) / SLIM_PAGE * SLIM_PAGE;

		if (!segment->position)
			continue;
		ret.count++;
		ret.position = end > ret.position ? end : ret.position;
	}
	return ret;
}

/* Numbers of the old file's header that lead elsewhere now. */
static void edit(struct layout_plan *plan, uint64_t original, uint64_t value, unsigned size)
{
	uint8_t *bytes = arena_alloc(plan->image->arena, size);
	uint8_t *at = bytes;

	append_number(&at, value, size);
	layout_edit(plan, original, size, bytes);
}

/* ---- cores ---- */

static uint64_t core_headers_size(const struct image *image, const struct made *made)
{
	return (span_u16(image->bytes, PHNUM) + made->count) * PHDR;
}

static void put_program(uint8_t **at, const struct segment *segment)
{
	append_number(at, PROGRAM_LOAD, 4);
	append_number(at, segment->flags, 4);
	append_number(at, segment->position, 8);
	append_number(at, segment->address, 8);
	append_number(at, 0, 8);
	append_number(at, segment->saved.size, 8);
	append_number(at, segment->size, 8);
	append_number(at, SLIM_PAGE, 8);
}

/* An old header that is none any more: PT_NULL. */
static bool is_replaced(const struct layout_plan *plan, const struct elf_program *program)
{
	const struct segment *segment = program->type == PROGRAM_LOAD ? image_segment(plan->image, program->address) : NULL;

	return segment && segment->position && segment->address == program->address;
}

struct piece tables_headers(struct layout_plan *plan, const struct elf_view *elf)
{
	const struct made made = made_of(plan->image);
	const uint64_t size = core_headers_size(plan->image, &made);
	uint8_t *bytes, *at;

	if (!made.count)
		return (struct piece){0};
	bytes = at = arena_alloc(plan->image->arena, (size_t)size);
	for (uint64_t i = 0; i < span_u16(plan->image->bytes, PHNUM); i++, at += PHDR) {
		const struct elf_program program = i < elf->program_count ? elf_view_program(elf, i) : (struct elf_program){0};
		const struct span old = span_slice(plan->image->bytes, elf->program_offset + i * PHDR, PHDR);

		if (old.size && !is_replaced(plan, &program))
			memcpy(at, old.data, PHDR);
	}
	for (size_t i = 0; i < plan->image->segments.count; i++)
		if (plan->image->segments.items[i].position)
			put_program(&at, &plan->image->segments.items[i]);
	edit(plan, PHOFF, made.position, 8);
	edit(plan, PHNUM, size / PHDR, 2);
	return (struct piece){.original = made.position, .size = size, .bytes = bytes};
}

/* ---- minidumps ---- */

static uint64_t entries_of(struct span file)
{
	const uint64_t count = span_u32(file, STREAMS), held = span_from(file, span_u32(file, DIRECTORY)).size / ENTRY;
	const uint64_t most = count < held ? count : held;

	return most < ENTRIES_MOST ? most : ENTRIES_MOST;
}

static struct span entry_at(struct span file, uint64_t index)
{
	return span_slice(file, span_u32(file, DIRECTORY) + index * ENTRY, ENTRY);
}

/* The descriptors of the old MINIDUMP_MEMORY_LIST, some writers align them (minidump_list_of in formats/dump/minidump_streams.c); empty: there is none. */
static struct span old_descriptors(struct span file)
{
	for (uint64_t i = 0; i < entries_of(file); i++) {
		const struct span entry = entry_at(file, i), rest = span_from(file, span_u32(entry, 8));
		const struct span stream = span_slice(rest, 0, span_u32(entry, 4) < rest.size ? span_u32(entry, 4) : rest.size);
		const uint64_t size = (uint64_t)span_u32(stream, 0) * DESCRIPTOR;

		if (span_u32(entry, 0) == MEMORY_LIST)
			return span_slice(stream, stream.size == 2 * COUNT + size ? 2 * COUNT : COUNT, size);
	}
	return (struct span){0};
}

static uint64_t list_size(const struct image *image, const struct made *made)
{
	return COUNT + old_descriptors(image->bytes).size + made->count * DESCRIPTOR;
}

/* The list, and a directory that names it. */
static uint64_t minidump_lists_size(const struct image *image, const struct made *made)
{
	return list_size(image, made) + (entries_of(image->bytes) + 1) * ENTRY;
}

static void put_list(uint8_t **at, const struct image *image, const struct made *made)
{
	const struct span old = old_descriptors(image->bytes);

	append_number(at, old.size / DESCRIPTOR + made->count, COUNT);
	if (old.size)
		memcpy(*at, old.data, old.size);
	*at += old.size;
	for (size_t i = 0; i < image->segments.count; i++) {
		const struct segment *segment = &image->segments.items[i];

		if (!segment->position)
			continue;
		append_number(at, segment->address, 8);
		append_number(at, segment->saved.size, 4);
		append_number(at, segment->position, 4);
	}
}

static void put_directory(uint8_t **at, const struct image *image, const struct made *made)
{
	for (uint64_t i = 0; i < entries_of(image->bytes); i++, *at += ENTRY) {
		const struct span entry = entry_at(image->bytes, i);

		if (entry.size && span_u32(entry, 0) != MEMORY_LIST) /* else unused: type 0 */
			memcpy(*at, entry.data, ENTRY);
	}
	append_number(at, MEMORY_LIST, 4);
	append_number(at, list_size(image, made), 4);
	append_number(at, made->position, 4);
}

struct piece tables_lists(struct layout_plan *plan)
{
	const struct made made = made_of(plan->image);
	const uint64_t size = minidump_lists_size(plan->image, &made);
	uint8_t *bytes, *at;

	if (!made.count)
		return (struct piece){0};
	bytes = at = arena_alloc(plan->image->arena, (size_t)size);
	put_list(&at, plan->image, &made);
	put_directory(&at, plan->image, &made);
	edit(plan, STREAMS, entries_of(plan->image->bytes) + 1, 4);
	edit(plan, DIRECTORY, made.position + list_size(plan->image, &made), 4);
	return (struct piece){.original = made.position, .size = size, .bytes = bytes};
}

uint64_t tables_end(const struct image *image)
{
	const struct made made = made_of(image);

	if (!made.count)
		return image->bytes.size;
	return made.position + (elf_magic(image->bytes) ? core_headers_size(image, &made) : minidump_lists_size(image, &made));
}
