/* exe_image.c: see exe_image.h. Relocations: System V gABI, "Relocation"; Elf64_Rela is offset, info, addend. Most
 * linkers leave the addend in the word as well, GNU ld on arm64 does not. */
#include "formats/dump/exe_image.h"

#include <string.h>

enum { RELOCATION = 24, WORD = 8 };

static struct segment *segment_at(struct image *image, uint64_t address)
{
	return (struct segment *)(uintptr_t)image_segment(image, address);
}

static void store(uint8_t *at, uint64_t value)
{
	append_number(&at, value, WORD);
}

/* Sets one word, in a copy of its segment: the file is mapped read-only. */
static void relocate(struct image *image, bool *copied, uint64_t address, uint64_t value)
{
	struct segment *segment = segment_at(image, address);
	uint64_t offset = segment ? address - segment->address : 0;
	size_t index = segment ? (size_t)(segment - image->segments.items) : 0;

	if (!segment || segment->saved.size < WORD || offset > segment->saved.size - WORD ||
	    span_u64(segment->saved, offset) == value)
		return;
	if (!copied[index])
		segment->saved.data = memcpy(arena_alloc(image->arena, segment->saved.size), segment->saved.data,
					     segment->saved.size);
	copied[index] = true;
	store((uint8_t *)(uintptr_t)segment->saved.data + offset, value);
}

static void relocate_all(struct image *image, const struct exe *exe)
{
	const struct section *table = exe_section(exe, ".rela.dyn");
	bool *copied = arena_array(image->arena, image->segments.count + 1, sizeof *copied);

	for (uint64_t at = 0; table && at + RELOCATION <= table->bytes.size; at += RELOCATION)
		if (span_u32(table->bytes, at + 8) == image->arch->relocation_relative)
			relocate(image, copied, span_u64(table->bytes, at), span_u64(table->bytes, at + 16));
}

struct image *image_of_exe(struct arena *arena, struct notes *notes, const struct exe *exe)
{
	struct image *image = arena_alloc(arena, sizeof *image);

	image->arena = arena;
	image->notes = notes;
	image->name = exe->name;
	image->path = exe->path;
	image->format = exe->format;
	image->bytes = exe->bytes;
	image->arch = exe->arch;
	image->os = exe->windows ? OS_WINDOWS : OS_LINUX;
	for (size_t i = 0; i < exe->segments.count; i++) {
		const struct exe_segment *from = &exe->segments.items[i];

		vec_push(arena, &image->segments,
			 (struct segment){.address = from->address,
					  .size = from->size,
					  .saved = from->bytes,
					  .promised = from->bytes.size,
					  .flags = from->flags});
	}
	if (!exe->windows)
		relocate_all(image, exe);
	else if (exe->image_size && exe->image_size <= UINT64_MAX - exe->base)
		vec_push(arena, &image->mappings,
			 (struct mapping){.start = exe->base,
					  .end = exe->base + exe->image_size,
					  .path = exe->path,
					  .build_id = exe->build_id,
					  .timestamp = exe->timestamp});
	return image;
}
