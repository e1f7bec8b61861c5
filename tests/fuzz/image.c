/* image.c: see image.h. */
#include "tests/fuzz/image.h"

#include "formats/locator/program.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

enum { READ = 24 };

static bool lies_in(struct span part, struct span whole)
{
	return !part.size || (part.data >= whole.data && part.size <= whole.size &&
			      (size_t)(part.data - whole.data) <= whole.size - part.size);
}

struct image *fuzz_image(struct arena *arena, const struct format *format, struct span bytes)
{
	struct image *image = arena_alloc(arena, sizeof *image);
	struct notes *notes = arena_alloc(arena, sizeof *notes);

	notes->arena = arena;
	*image = (struct image){.arena = arena, .notes = notes, .name = "input", .path = "input", .bytes = bytes,
				.format = format->name};
	if (!format->probe(bytes))
		return NULL;
	if (format->load(image))
		return NULL;
	for (size_t i = 0; i < image->segments.count; i++)
		FUZZ_HOLDS(lies_in(image->segments.items[i].saved, bytes));
	return image;
}

static void check_segments(const struct image *image)
{
	for (size_t i = 0; i < image->segments.count; i++) {
		const struct segment *segment = &image->segments.items[i];

		FUZZ_HOLDS(segment->size && segment->size - 1 <= UINT64_MAX - segment->address);
		FUZZ_HOLDS(segment->saved.size <= segment->size && segment->saved.size <= segment->promised);
		if (i)
			FUZZ_HOLDS(segment[-1].address + (segment[-1].size - 1) < segment->address);
	}
	for (size_t i = 0; i < image->mappings.count; i++) {
		FUZZ_HOLDS(image->mappings.items[i].start < image->mappings.items[i].end);
		FUZZ_HOLDS(!i || image->mappings.items[i - 1].start <= image->mappings.items[i].start);
	}
}

/* What is read must be what the segment has. */
static void read_at(struct image *image, uint64_t address)
{
	const struct segment *segment = image_segment(image, address);
	uint8_t bytes[READ];
	uint64_t word, at = address;

	FUZZ_HOLDS(!segment || (address >= segment->address && address - segment->address < segment->size));
	if (image_u64(image, address, &word))
		FUZZ_HOLDS(segment && image_holds(image, address, sizeof word));
	if (image_read(image, address, bytes, sizeof bytes) == MEM_OK)
		FUZZ_HOLDS(image_bytes(image, address, sizeof bytes).size == sizeof bytes);
	FUZZ_HOLDS(image_view(image, address, READ).size <= READ);
	FUZZ_HOLDS(image_next(image, &at, UINT64_MAX).size == 0 || at >= address);
	image_mapping(image, address);
	image_memory_tag(image, address, bytes);
	image_string(image, address, READ);
}

static bool visit(void *context, uint64_t address, struct span bytes)
{
	(void)address;
	*(uint64_t *)context += bytes.size;
	return true;
}

static void read_all(struct image *image)
{
	struct data_search search = {0};
	uint64_t address, sum = 0;

	while (image_data(image, &search, &address).size)
		read_at(image, address);
	image_each_writable(image, UINT64_MAX, visit, &sum);
}

void fuzz_image_read(struct image *image)
{
	enum { EDGES = 256 };
	const struct thread *thread = image->threads.items;
	struct program_record program;
	uint64_t value;

	check_segments(image);
	for (size_t i = 0; i < image->segments.count && i < EDGES; i++) {
		const struct segment *segment = &image->segments.items[i];

		read_at(image, segment->address);
		read_at(image, segment->address - 4);
		read_at(image, segment->address + segment->saved.size - 4);
		read_at(image, segment->address + segment->size - 8);
	}
	read_all(image);
	for (size_t i = 0; i < image->threads.count && i < EDGES; i++)
		if (reg_get(&thread[i].registers, image->arch->sp, &value))
			read_at(image, value);
	program = program_of_image(image);
	if (program.path)
		FUZZ_HOLDS(strlen(program.path) < SIZE_MAX);
	image_auxv(image, 9, &value);
}
