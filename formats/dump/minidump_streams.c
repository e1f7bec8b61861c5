/* minidump_streams.c: see minidump_streams.h. RVAs are file offsets, need no alignment, and are not trusted. */
#include "formats/dump/minidump_streams.h"

#include "base/utf16.h"

#include <inttypes.h>

/* Beyond these, the rest is left out with a note. */
enum {
	STREAM_LIMIT = 4096,
	NAME_LIMIT = 1 << 13, /* bytes */
};

enum { DIRECTORY_ENTRY = 12 };

void minidump_promise(struct minidump *dump, uint64_t start, uint64_t size)
{
	if (size && start < INT64_MAX && size < INT64_MAX && start + size > dump->end)
		dump->end = start + size;
}

struct span minidump_bytes(const struct minidump *dump, uint64_t start, uint64_t size)
{
	struct span rest = span_from(dump->image->bytes, start);

	return span_slice(rest, 0, size < rest.size ? size : rest.size);
}

struct span minidump_location(struct minidump *dump, struct span record, uint64_t offset)
{
	uint32_t size = span_u32(record, offset);
	uint32_t rva = span_u32(record, offset + 4);

	return rva ? minidump_bytes(dump, rva, size) : (struct span){0};
}

/* Bytes, then UTF-16. */
const char *minidump_string(struct minidump *dump, uint64_t rva)
{
	uint32_t size = span_u32(dump->image->bytes, rva);
	struct span text = minidump_bytes(dump, rva + 4, size < NAME_LIMIT ? size : NAME_LIMIT);

	if (!rva || !text.size || text.size > dump->image->bytes.size - dump->names)
		return NULL;
	dump->names += text.size;
	return utf16_text(dump->image->arena, text);
}

struct span minidump_list_entry(const struct minidump_list *list, size_t index)
{
	return span_slice(list->entries, index * list->size, list->size);
}

struct minidump_list minidump_list_bounded(struct minidump *dump, const char *what, struct span entries, uint64_t count,
					   size_t size, size_t limit)
{
	struct minidump_list list = {.entries = entries, .count = entries.size / size, .size = size};

	if (count > list.count)
		note_add(dump->image->notes, "the list of %s is damaged or cut short: %zu of %" PRIu64 " are there", what,
			 list.count, count);
	else
		list.count = (size_t)count;
	if (list.count > limit) {
		note_add(dump->image->notes, "the dump has more than %zu %s; the others are left out", limit, what);
		list.count = limit;
	}
	return list;
}

/* Some writers align the entries to 8 bytes. */
struct minidump_list minidump_list_of(struct minidump *dump, enum stream_type type, const char *what, size_t size,
				      size_t limit)
{
	struct span stream = dump->streams[type];
	uint64_t count = span_u32(stream, 0);
	bool aligned = stream.size == 8 + count * size;

	return minidump_list_bounded(dump, what, span_from(stream, aligned ? 8 : 4), count, size, limit);
}

struct minidump_list minidump_list_with_header(struct minidump *dump, enum stream_type type, const char *what,
					       size_t smallest, size_t limit)
{
	struct span stream = dump->streams[type];
	uint32_t header = span_u32(stream, 0);
	uint32_t size = span_u32(stream, 4);
	uint64_t count = type == STREAM_MEMORY_INFO ? span_u64(stream, 8) : span_u32(stream, 8);

	if (!stream.size)
		return (struct minidump_list){.size = 1};
	if (header < 12 || size < smallest) {
		note_add(dump->image->notes, "the list of %s is damaged and is left out", what);
		return (struct minidump_list){.size = 1};
	}
	return minidump_list_bounded(dump, what, span_from(stream, header), count, size, limit);
}

void minidump_read_directory(struct minidump *dump)
{
	struct span header = dump->image->bytes;
	uint32_t start = span_u32(header, 12);
	uint32_t promised = span_u32(header, 8);
	struct minidump_list list;

	dump->flags = span_u64(header, 24);
	minidump_promise(dump, start, (uint64_t)promised * DIRECTORY_ENTRY);
	list = minidump_list_bounded(dump, "streams", span_from(header, start), promised, DIRECTORY_ENTRY, STREAM_LIMIT);
	for (size_t i = 0; i < list.count; i++) {
		struct span entry = minidump_list_entry(&list, i);
		uint32_t type = span_u32(entry, 0);

		if (type >= STREAM_TYPES || dump->streams[type].size || !span_u32(entry, 8))
			continue;
		dump->streams[type] = minidump_location(dump, entry, 4);
		minidump_promise(dump, span_u32(entry, 8), span_u32(entry, 4));
	}
}
