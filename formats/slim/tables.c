/* tables.c: see tables.h. */
#include "formats/slim/tables.h"

#include <stdlib.h>
#include <string.h>

enum { HEADERS_MOST = 0xf000, RESERVE = 1 << 24 };

/* Copies what of a segment of the executable lies in [address, address + size). */
static size_t copy_overlap(struct span bytes, uint64_t start, uint64_t address, uint64_t size, uint8_t *ret)
{
	const uint64_t from = start > address ? start : address;
	const uint64_t to = start + bytes.size < address + size ? start + bytes.size : address + size;

	if (from >= to)
		return 0;
	memcpy(ret + (from - address), bytes.data + (from - start), (size_t)(to - from));
	return (size_t)(to - from);
}

/* What the executable has of a segment, and over it what the dump saved; NULL: nothing. */
static uint8_t *bytes_for(struct image *image, const struct exe *exe, uint64_t bias, const struct segment *segment)
{
	uint8_t *bytes = NULL;
	size_t copied = 0;

	for (size_t i = 0; i < exe->segments.count; i++) {
		const struct exe_segment *part = &exe->segments.items[i];
		const uint64_t start = part->address + bias;

		if (part->flags & SEGMENT_WRITE || start >= segment->address + segment->size || start + part->size <= segment->address)
			continue;
		if (!bytes)
			bytes = arena_alloc(image->arena, (size_t)segment->size);
		copied += copy_overlap(exe_loaded_bytes(image->arena, exe, part, bias), start, segment->address, segment->size, bytes);
	}
	if (copied && segment->saved.size)
		memcpy(bytes, segment->saved.data, segment->saved.size);
	return copied ? bytes : NULL;
}

static uint64_t whole_pages(uint64_t size)
{
	return (size + SLIM_PAGE - 1) / SLIM_PAGE * SLIM_PAGE;
}

struct adoption {
	struct image *image;
	const struct exe *exe;
	uint64_t bias;
	uint64_t end; /* of the dump with what was adopted */
};

static void adopt(struct adoption *adoption, struct segment *segment)
{
	uint8_t *bytes = bytes_for(adoption->image, adoption->exe, adoption->bias, segment);

	if (!bytes)
		return;
	segment->saved = (struct span){bytes, (size_t)segment->size};
	segment->promised = segment->size;
	segment->position = adoption->end;
	adoption->end += whole_pages(segment->size);
	adoption->image->adopted += segment->size;
}

/* How far from an address on the executable has segments that are not written, one behind the other; the address: it has none. */
static uint64_t constant_until(const struct adoption *adoption, uint64_t address)
{
	for (size_t i = 0; i < adoption->exe->segments.count; i++) { /* ascending */
		const struct exe_segment *part = &adoption->exe->segments.items[i];
		const uint64_t start = part->address + adoption->bias, end = whole_pages(start + part->size);

		if (!(part->flags & SEGMENT_WRITE) && address >= start && address < end)
			address = end;
	}
	return address;
}

/* Some minidumps do not tell what may be written; the executable does. */
static bool is_constant(const struct adoption *adoption, const struct segment *segment)
{
	return !(segment->flags & SEGMENT_WRITE) ||
	       (adoption->image->os == OS_WINDOWS && constant_until(adoption, segment->address) >= segment->address + segment->size);
}

/* Not of what claims to be larger than the file: its end is zeros, of which there may be any number. */
static bool is_wanted(const struct adoption *adoption, const struct segment *segment)
{
	return is_constant(adoption, segment) && segment->saved.size < segment->size &&
	       segment->size <= adoption->exe->bytes.size + SLIM_PAGE && segment->promised <= segment->saved.size;
}

static int compare(const void *left, const void *right)
{
	const struct segment *a = left;
	const struct segment *b = right;

	return a->address < b->address ? -1 : a->address > b->address;
}

static bool is_free(const struct image *image, uint64_t address, uint64_t size)
{
	for (size_t i = 0; i < image->segments.count; i++)
		if (image->segments.items[i].address < address + size &&
		    address < image->segments.items[i].address + image->segments.items[i].size)
			return false;
	return true;
}

/* gdb's gcore leaves mappings of files out, with their program headers. */
static void adopt_left_out(struct adoption *adoption)
{
	struct image *image = adoption->image;

	for (size_t i = 0; i < adoption->exe->segments.count; i++) {
		const struct exe_segment *part = &adoption->exe->segments.items[i];
		const uint64_t start = (part->address + adoption->bias) / SLIM_PAGE * SLIM_PAGE;
		struct segment segment = {.address = start, .flags = part->flags};

		segment.size = whole_pages(part->address + adoption->bias + part->bytes.size - start);
		if (part->flags & SEGMENT_WRITE || !part->bytes.size || !is_free(image, start, segment.size))
			continue;
		adopt(adoption, &segment);
		if (segment.position)
			vec_push(image->arena, &image->segments, segment);
	}
	qsort(image->segments.items, image->segments.count, sizeof *image->segments.items, compare);
}

/* Headers and lists have room for more. */
static bool can_say(const struct image *image, const struct exe *exe)
{
	struct elf_view elf;

	if (image->truncated)
		return false;
	if (!elf_magic(image->bytes)) /* a minidump: RVAs are of 32 bits */
		return image->os == OS_WINDOWS && image->bytes.size + 2 * exe->bytes.size + RESERVE < UINT32_MAX;
	return !elf_view_open(image->arena, image->bytes, &elf) && elf.program_count <= HEADERS_MOST && !elf.program_lost;
}

bool tables_adopt(struct image *image, const struct exe *exe, uint64_t bias)
{
	struct adoption adoption = {.image = image, .exe = exe, .bias = bias, .end = whole_pages(image->bytes.size)};

	if (!can_say(image, exe))
		return false;
	for (size_t i = 0; i < image->segments.count; i++)
		if (is_wanted(&adoption, &image->segments.items[i]))
			adopt(&adoption, &image->segments.items[i]);
	adopt_left_out(&adoption);
	return image->adopted != 0;
}
