/* minidump.c: slim minidumps: all streams that this program or debuggers read stay where they were, since they name each other by
 * offsets, and what they refer to with them. Of the full memory (Memory64List), which lies behind them, pages with kept words are
 * left, in a list of their own; other memory stays in its place, and of it kept words. A new directory names the new streams.
 * Reference: minidumpapiset.h. */
#include "formats/slim/record.h"
#include "formats/slim/streams.h"
#include "formats/slim/slim.h"

#include <stdlib.h>

enum {
	HEADER = 32, ENTRY = 12, STREAMS_MOST = 4096, LIST_MOST = 1 << 16,
	MEMORY64 = 9, RANGE = 16, MEMORY64_HEADER = 16,
	RUNS_MOST = 1 << 16,
};

struct range {
	uint64_t start, end;
};

struct writer {
	struct layout_plan plan;
	struct span file;
	VEC(struct range) metadata; /* of the old file */
	bool full;     /* memory has a list of its own, and lies behind all else */
	uint64_t area; /* how much of the old file stays where it was */
};

/* ---- what is no memory ---- */

/* Where lists refer to other places of the file: `count` at an offset of the stream, entries from another one on; of each the RVA and,
 * if not fixed, the size at offsets of the entry; -1: a string, which begins with its size. */
static const struct reference {
	uint32_t stream;
	int first, entry;
	int rva, size;
} references[] = {
	{3, 4, 48, 44, 40},    /* MINIDUMP_THREAD: context */
	{4, 4, 108, 20, -1},   /* MINIDUMP_MODULE: name */
	{4, 4, 108, 80, 76},   /* … CodeView record */
	{4, 4, 108, 88, 84},   /* … miscellaneous record */
	{6, 160, 8, 4, 0},     /* MINIDUMP_EXCEPTION_STREAM: context */
	{7, 24, 4, 0, -1},     /* MINIDUMP_SYSTEM_INFO: service pack */
	{8, 4, 64, 44, 40},    /* MINIDUMP_THREAD_EX: context */
	{14, 12, 24, 20, -1},  /* MINIDUMP_UNLOADED_MODULE: name */
	{24, 4, 12, 4, -1},    /* MINIDUMP_THREAD_NAME: name */
};

static void add_range(struct writer *writer, uint64_t start, uint64_t size)
{
	const struct span rest = span_from(writer->file, start);
	const uint64_t held = size < rest.size ? size : rest.size;

	if (held)
		vec_push(writer->plan.image->arena, &writer->metadata, (struct range){start, start + held});
}

static void add_reference(struct writer *writer, const struct reference *row, struct span entry)
{
	const uint32_t rva = span_u32(entry, (uint64_t)row->rva);

	if (rva && entry.size)
		add_range(writer, rva, row->size < 0 ? 4 + 2 + (uint64_t)span_u32(writer->file, rva) : span_u32(entry, (uint64_t)row->size));
}

/* Lists of some writers are aligned: entries then begin 4 bytes later (list_of in formats/dump/minidump.c). */
static void add_references(struct writer *writer, const struct reference *row, struct span stream)
{
	const bool one = row->stream == 6 || row->stream == 7;
	const uint64_t count = one ? 1 : span_u32(stream, row->stream == 14 ? 8 : 0);
	const uint64_t first = (uint64_t)row->first + (row->first == 4 && stream.size == 8 + count * (uint64_t)row->entry ? 4 : 0);

	for (uint64_t i = 0; i < count && i < LIST_MOST; i++) {
		const struct span entry = span_slice(stream, first + i * (uint64_t)row->entry, (uint64_t)row->entry);

		if (!entry.size)
			return;
		add_reference(writer, row, entry);
	}
}

static struct span entry_at(const struct writer *writer, uint64_t index)
{
	return index < span_u32(writer->file, 8) && index < STREAMS_MOST
		       ? span_slice(writer->file, span_u32(writer->file, 12) + index * ENTRY, ENTRY)
		       : (struct span){0};
}

/* What is not known may hold anything. */
static bool is_kept(const struct writer *writer, uint32_t type)
{
	return !writer->plan.image->kept->redaction || stream_is_needed(type);
}

static uint64_t streams_of(const struct writer *writer)
{
	uint64_t count = 0;

	while (entry_at(writer, count).size)
		count++;
	return count;
}

static void find_metadata(struct writer *writer)
{
	struct span entry;

	add_range(writer, span_u32(writer->file, 12), (uint64_t)span_u32(writer->file, 8) * ENTRY);
	for (uint64_t i = 0; (entry = entry_at(writer, i)).size; i++) {
		const uint64_t size = span_u32(entry, 4), start = span_u32(entry, 8);
		const struct span rest = span_from(writer->file, start);

		if (!start || !is_kept(writer, span_u32(entry, 0)))
			continue;
		add_range(writer, start, size);
		for (size_t k = 0; k < sizeof references / sizeof *references; k++)
			if (references[k].stream == span_u32(entry, 0))
				add_references(writer, &references[k], span_slice(rest, 0, size < rest.size ? size : rest.size));
	}
}

static int compare(const void *left, const void *right)
{
	const struct range *a = left;
	const struct range *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

static void merge_metadata(struct writer *writer)
{
	size_t kept = 0;

	qsort(writer->metadata.items, writer->metadata.count, sizeof *writer->metadata.items, compare);
	for (size_t i = 1; i < writer->metadata.count; i++) {
		const struct range *range = &writer->metadata.items[i];
		struct range *last = &writer->metadata.items[kept];

		if (range->start <= last->end)
			last->end = range->end > last->end ? range->end : last->end;
		else
			writer->metadata.items[++kept] = *range;
	}
	if (writer->metadata.count)
		writer->metadata.count = kept + 1;
	writer->area = writer->metadata.count ? writer->metadata.items[kept].end : HEADER;
}

/* ---- where memory goes ---- */

/* All memory is in one list, behind everything else. */
static bool is_full(const struct writer *writer)
{
	const struct image *image = writer->plan.image;
	struct span entry;
	bool listed = false;

	for (uint64_t i = 0; (entry = entry_at(writer, i)).size; i++)
		listed |= span_u32(entry, 0) == MEMORY64;
	for (size_t i = 0; i < image->segments.count && listed; i++)
		if (image->segments.items[i].saved.size && layout_original(image, &image->segments.items[i], 0) < writer->area)
			return false;
	return listed;
}

/* The pieces between two offsets that are metadata, and those that are memory. */
static void add_area(struct writer *writer)
{
	struct image *image = writer->plan.image;

	for (size_t i = 0; i < writer->metadata.count; i++) {
		const struct range *range = &writer->metadata.items[i];
		const uint64_t start = range->start < HEADER ? HEADER : range->start;

		if (start < range->end)
			layout_add_bytes(&writer->plan, start, range->end - start, start);
	}
	for (size_t i = 0; i < image->segments.count && !writer->full; i++) {
		const struct segment *segment = &image->segments.items[i];
		const uint64_t start = layout_original(image, segment, 0);

		layout_add(&writer->plan, (struct piece){.position = start, .original = start, .size = segment->saved.size,
							 .segment = segment});
	}
	if (!writer->full)
		writer->area = image->bytes.size > writer->area ? image->bytes.size : writer->area;
}

static void put(uint8_t **at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		*(*at)++ = (uint8_t)(value >> 8 * i);
}

/* MINIDUMP_MEMORY64_LIST of the runs, whose bytes follow each other from `position` on. */
static struct piece make_memory_list(struct writer *writer, uint64_t at, uint64_t position)
{
	const struct page_runs *runs = &writer->plan.runs;
	const uint64_t size = MEMORY64_HEADER + runs->items.count * RANGE;
	uint8_t *bytes = arena_alloc(writer->plan.image->arena, (size_t)size);
	uint8_t *next = bytes;

	put(&next, runs->items.count, 8);
	put(&next, position, 8);
	for (size_t i = 0; i < runs->items.count; i++) {
		struct page_run *run = &runs->items.items[i];

		put(&next, run->segment->address + run->offset, 8);
		put(&next, run->size, 8);
		run->position = position;
		position += run->size;
	}
	return (struct piece){.position = at, .original = SLIM_MADE, .size = size, .bytes = bytes};
}

struct stream {
	uint64_t position, size;
};

/* The old streams, those that are replaced, and the record; returns how many bytes that is. */
static struct piece make_directory(struct writer *writer, uint64_t at, const struct stream *memory, const struct stream *record,
				   uint32_t *count)
{
	uint8_t *bytes = arena_array(writer->plan.image->arena, STREAMS_MOST + 1, ENTRY);
	uint8_t *next = bytes;
	struct span entry;

	for (uint64_t i = 0; (entry = entry_at(writer, i)).size; i++) {
		const bool replaced = writer->full && span_u32(entry, 0) == MEMORY64;
		const bool kept = is_kept(writer, span_u32(entry, 0)); /* else unused: type 0 */

		put(&next, kept ? span_u32(entry, 0) : 0, 4);
		put(&next, !kept ? 0 : replaced ? memory->size : span_u32(entry, 4), 4);
		put(&next, !kept ? 0 : replaced ? memory->position : span_u32(entry, 8), 4);
	}
	put(&next, SLIM_NOTE, 4);
	put(&next, record->size, 4);
	put(&next, record->position, 4);
	*count = (uint32_t)((next - bytes) / ENTRY);
	return (struct piece){.position = at, .original = SLIM_MADE, .size = (uint64_t)(next - bytes), .bytes = bytes};
}

static struct piece make_header(const struct writer *writer, uint64_t directory, uint32_t count)
{
	uint8_t *header = arena_alloc(writer->plan.image->arena, HEADER);
	uint8_t *at = header + 8;

	memcpy(header, writer->file.data, HEADER);
	put(&at, count, 4);
	put(&at, directory, 4);
	return (struct piece){.original = SLIM_MADE, .size = HEADER, .bytes = header};
}

static const struct err *lay_out(struct writer *writer)
{
	struct layout_plan *plan = &writer->plan;
	struct stream memory = {0}, record = {0};
	uint64_t at = writer->area, directory;
	struct piece made;
	uint32_t count;

	layout_add_bytes(plan, 0, HEADER, at);
	at += HEADER;
	memory = (struct stream){at, MEMORY64_HEADER + plan->runs.items.count * RANGE};
	at += writer->full ? memory.size : 0;
	directory = at;
	at += (streams_of(writer) + 1) * ENTRY;
	record = (struct stream){at, slim_record_size(plan, plan->pieces.count + plan->runs.items.count)};
	at += record.size;
	if (at > UINT32_MAX)
		return err_new(plan->image->arena, ERR_LIMIT, "too much of it would be left: what is no memory has no room in a minidump");
	if (writer->full) {
		made = make_memory_list(writer, memory.position, (at + SLIM_PAGE - 1) / SLIM_PAGE * SLIM_PAGE);
		layout_add_runs(plan);
		layout_add(plan, made);
	}
	made = make_directory(writer, directory, &memory, &record, &count);
	layout_add(plan, made);
	layout_add(plan, make_header(writer, directory, count));
	layout_add(plan, (struct piece){.position = record.position, .original = SLIM_MADE, .size = record.size,
					.bytes = slim_record_make(plan, record.size)});
	return NULL;
}

const struct err *slim_write_minidump(struct image *image, FILE *out)
{
	struct writer writer = {.plan = {.image = image}, .file = image->bytes};
	const struct err *err;

	if (image->kept->redaction)
		streams_redact(&writer.plan);
	find_metadata(&writer);
	merge_metadata(&writer);
	writer.full = is_full(&writer);
	if (writer.full)
		layout_find_runs(&writer.plan, RUNS_MOST);
	add_area(&writer);
	err = lay_out(&writer);
	if (!err)
		layout_write(&writer.plan, out);
	return err;
}
