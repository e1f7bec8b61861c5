/* exe.c: looks things up in an executable. */
#include "formats/exe/exe.h"

#include "base/steps.h"

#include <stdlib.h>
#include <string.h>

enum { SHARED = 2 }; /* segments share pages of the file where they meet, not more */

static int compare_segments(const void *left, const void *right)
{
	const struct exe_segment *a = left;
	const struct exe_segment *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return a->file_offset < b->file_offset ? -1 : a->file_offset > b->file_offset;
}

/* The loader maps one segment after the other: what is behind it is mapped over the end of one whose size is damaged. */
static void end_before(struct exe_segment *segment, uint64_t next)
{
	if (next - segment->address >= segment->size)
		return;
	segment->size = next - segment->address;
	if (segment->bytes.size > segment->size)
		segment->bytes = span_slice(segment->bytes, 0, segment->size);
}

void exe_order_segments(struct exe *exe)
{
	struct exe_segment *items = exe->segments.items;
	uint64_t held = 0;
	size_t kept = 0;

	if (exe->segments.count)
		qsort(items, exe->segments.count, sizeof *items, compare_segments);
	for (size_t i = 0; i < exe->segments.count; i++) {
		if ((kept && items[i].address == items[kept - 1].address) || items[i].bytes.size > SHARED * exe->bytes.size - held)
			continue;
		held += items[i].bytes.size;
		if (kept) {
			held -= items[kept - 1].bytes.size;
			end_before(&items[kept - 1], items[i].address);
			held += items[kept - 1].bytes.size;
		}
		items[kept++] = items[i];
	}
	exe->segments.count = kept;
}

const struct section *exe_section(const struct exe *exe, const char *name)
{
	for (size_t i = 0; i < exe->sections.count; i++)
		if (!strcmp(exe->sections.items[i].name, name))
			return &exe->sections.items[i];
	return NULL;
}

const struct exe_segment *exe_segment(const struct exe *exe, uint64_t address)
{
	size_t low = 0;
	size_t high = exe->segments.count; /* the answer is the last one that does not begin above address */
	const struct exe_segment *segment;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (exe->segments.items[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	segment = &exe->segments.items[low - 1];
	return address - segment->address < segment->size ? segment : NULL;
}

struct span exe_view(const struct exe *exe, uint64_t address, uint64_t size)
{
	const struct exe_segment *segment = exe_segment(exe, address);
	struct span rest;

	if (!segment)
		return (struct span){0};
	rest = span_from(segment->bytes, address - segment->address);
	return span_slice(rest, 0, size < rest.size ? size : rest.size);
}

/* Index of the first relocation at or above an address. */
static size_t first_relocation(const struct exe *exe, uint64_t address)
{
	size_t low = 0;
	size_t high = exe->relocations.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (exe->relocations.items[middle] < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void set_word(uint8_t *bytes, size_t size, uint64_t at, uint64_t word)
{
	for (uint64_t b = 0; b < 8 && at + b < size; b++)
		bytes[at + b] = (uint8_t)(word >> 8 * b);
}

static uint8_t *copy_of(struct arena *arena, struct span bytes)
{
	return memcpy(arena_alloc(arena, bytes.size), bytes.data, bytes.size);
}

static struct span loaded_pe(struct arena *arena, const struct exe *exe, const struct exe_segment *segment, uint64_t bias)
{
	uint64_t end = segment->address + segment->bytes.size;
	size_t i = first_relocation(exe, segment->address);
	uint8_t *copy;

	if (!bias || i == exe->relocations.count || exe->relocations.items[i] >= end)
		return segment->bytes;
	copy = copy_of(arena, segment->bytes);
	for (; i < exe->relocations.count && exe->relocations.items[i] < end; i++) {
		uint64_t at = exe->relocations.items[i] - segment->address;

		set_word(copy, segment->bytes.size, at, span_u64(segment->bytes, at) + bias);
	}
	return (struct span){copy, segment->bytes.size};
}

/* Read-only segments of ELF files have relocations where a program was not linked as position independent and is loaded as such
 * (DT_TEXTREL: Go with cgo and the linker's own -pie). Elf64_Rela: offset, type, symbol, addend. */
static struct span loaded_elf(struct arena *arena, const struct exe *exe, const struct exe_segment *segment, uint64_t bias)
{
	enum { RELOCATION = 24 };
	const struct section *table = segment->flags & SEGMENT_WRITE ? NULL : exe_section(exe, ".rela.dyn");
	uint8_t *copy = NULL;

	if (!steps_take(exe->sections.count + (table ? table->bytes.size / RELOCATION : 0)))
		return segment->bytes;

	for (uint64_t at = 0; table && at + RELOCATION <= table->bytes.size; at += RELOCATION) {
		uint64_t offset = span_u64(table->bytes, at) - segment->address;

		if (offset >= segment->bytes.size || span_u32(table->bytes, at + 8) != exe->arch->relocation_relative)
			continue;
		copy = copy ? copy : copy_of(arena, segment->bytes);
		set_word(copy, segment->bytes.size, offset, span_u64(table->bytes, at + 16) + bias);
	}
	return copy ? (struct span){copy, segment->bytes.size} : segment->bytes;
}

struct span exe_loaded_bytes(struct arena *arena, const struct exe *exe, const struct exe_segment *segment, uint64_t bias)
{
	return (exe->windows ? loaded_pe : loaded_elf)(arena, exe, segment, bias);
}

const struct symbol *exe_symbol(const struct exe *exe, uint64_t address)
{
	size_t low = 0;
	size_t high = exe->symbols.count; /* the answer is the last one that does not begin above address */
	const struct symbol *symbol;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (exe->symbols.items[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	symbol = &exe->symbols.items[low - 1];
	return !symbol->size || address - symbol->address < symbol->size ? symbol : NULL;
}

bool exe_symbol_address(const struct exe *exe, const char *name, uint64_t *ret)
{
	for (size_t i = 0; i < exe->symbols.count; i++)
		if (!strcmp(exe->symbols.items[i].name, name)) {
			*ret = exe->symbols.items[i].address;
			return true;
		}
	return false;
}
