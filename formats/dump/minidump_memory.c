/* minidump_memory.c: see minidump_memory.h. */
#include "formats/dump/minidump_memory.h"

#include "formats/dump/segments.h"

enum { RANGE_LIMIT = 1 << 22, RANGE_SIZE = 16 };

/* PAGE_* of winnt.h: one bit of the lowest eight; above them are modifiers. What guards the end of a stack refuses all. */
static uint8_t flags_of(uint32_t protection)
{
	enum { R = SEGMENT_READ, W = SEGMENT_WRITE, X = SEGMENT_EXEC, PAGE_GUARD = 0x100 };
	static const uint8_t flags[] = {0, R, R | W, R | W, X, R | X, R | W | X, R | W | X}; /* first: PAGE_NOACCESS */

	for (size_t i = 0; !(protection & PAGE_GUARD) && i < sizeof flags; i++)
		if (protection >> i & 1)
			return flags[i];
	return 0;
}

/* Where the dump does not say what memory was for, it may have been for anything that the place allows. */
static uint8_t flags_unknown(const struct image *image, uint64_t address)
{
	return image_mapping(image, address) ? SEGMENT_READ | SEGMENT_WRITE | SEGMENT_EXEC : SEGMENT_READ | SEGMENT_WRITE;
}

static void add_existed(struct minidump *dump, uint64_t address, uint64_t size, uint8_t flags)
{
	if (size && size <= UINT64_MAX - address)
		vec_push(dump->image->arena, &dump->existed,
			 (struct segment){.address = address, .size = size, .flags = flags});
}

/* MINIDUMP_MEMORY_INFO: what the process had committed; without that, its modules are known to have existed. */
static void read_memory_info(struct minidump *dump)
{
	enum { COMMITTED = 0x1000, ENTRY = 48 };
	const struct image *image = dump->image;
	struct minidump_list list = minidump_list_with_header(dump, STREAM_MEMORY_INFO, "memory regions", ENTRY, RANGE_LIMIT);
	struct segment_overlaps overlaps;

	for (size_t i = 0; i < list.count; i++) {
		struct span entry = minidump_list_entry(&list, i);

		if (span_u32(entry, 32) == COMMITTED)
			add_existed(dump, span_u64(entry, 0), span_u64(entry, 24), flags_of(span_u32(entry, 36)));
	}
	for (size_t i = 0; !list.count && i < image->mappings.count; i++)
		add_existed(dump, image->mappings.items[i].start,
			    image->mappings.items[i].end - image->mappings.items[i].start,
			    flags_unknown(image, image->mappings.items[i].start));
	dump->existed.count = segments_order(dump->existed.items, dump->existed.count, &overlaps);
}

static void add_saved(struct minidump *dump, uint64_t address, uint64_t size, uint64_t file_offset)
{
	struct image *image = dump->image;
	struct segment segment = {.address = address, .size = size, .promised = size};

	if (!size || size > UINT64_MAX - address || size > INT64_MAX)
		return;
	minidump_promise(dump, file_offset, size);
	segment.saved = minidump_bytes(dump, file_offset, size);
	segment.flags = flags_unknown(image, address);
	dump->lost += segment.saved.size < size;
	vec_push(image->arena, &dump->saved, segment);
}

/* MINIDUMP_MEMORY64_LIST: a count, the offset of the first range's bytes, and ranges whose bytes follow each other. */
static void read_memory64(struct minidump *dump)
{
	struct span stream = dump->streams[STREAM_MEMORY64];
	uint64_t offset = span_u64(stream, 8);
	struct minidump_list list = minidump_list_bounded(dump, "saved memory", span_from(stream, 16), span_u64(stream, 0),
							  RANGE_SIZE, RANGE_LIMIT);

	for (size_t i = 0; i < list.count; i++) {
		struct span entry = minidump_list_entry(&list, i);
		uint64_t size = span_u64(entry, 8);

		add_saved(dump, span_u64(entry, 0), size, offset);
		if (__builtin_add_overflow(offset, size, &offset))
			return;
	}
}

/* MINIDUMP_MEMORY_DESCRIPTOR: address, size, offset */
static void add_descriptor(struct minidump *dump, struct span descriptor)
{
	uint32_t rva = span_u32(descriptor, 12);

	if (rva)
		add_saved(dump, span_u64(descriptor, 0), span_u32(descriptor, 8), rva);
}

/* The memory lists, and the stacks that only the threads' own records hold. */
void minidump_read_memory(struct minidump *dump, const struct minidump_list *threads)
{
	struct minidump_list list = minidump_list_of(dump, STREAM_MEMORY, "saved memory", RANGE_SIZE, RANGE_LIMIT);
	struct segment_overlaps overlaps;

	read_memory64(dump);
	for (size_t i = 0; i < list.count; i++)
		add_descriptor(dump, minidump_list_entry(&list, i));
	for (size_t i = 0; i < threads->count; i++)
		add_descriptor(dump, span_slice(minidump_list_entry(threads, i), 24, 16));
	dump->saved.count = segments_order(dump->saved.items, dump->saved.count, &overlaps);
	if (overlaps.contradicts)
		note_add(dump->image->notes,
			 "%zu ranges of saved memory contradict others that overlap them: the bytes of the one that begins "
			 "first are used", overlaps.contradicts);
	read_memory_info(dump);
	segments_lay_over(dump->image, dump->existed.items, dump->existed.count, dump->saved.items,
			  dump->saved.count);
}
