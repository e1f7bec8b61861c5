/* minidump.c: slim minidumps: all streams that this program or debuggers read stay where they were, since they name each other by
 * offsets, and what they refer to with them. Of the full memory (Memory64List), which lies behind them, pages with kept words are
 * left, in a list of their own; other memory stays in its place, and of it kept words. A new directory names the new streams.
 * Reference: minidumpapiset.h. */
#include "formats/slim/memory_lists.h"
#include "formats/slim/record.h"
#include "formats/slim/streams.h"
#include "formats/slim/slim.h"
#include "formats/slim/tables.h"

#include <stdlib.h>
#include <string.h>

enum {
	HEADER = 32, ENTRY = 12, STREAMS_MOST = 4096, LIST_MOST = 1 << 16,
	THREADS = 3, MEMORY = 5, MEMORY64 = 9,
	RUNS_MOST = 1 << 16,
};

struct range {
	uint64_t start, end;
};

/* A stream that lies behind memory: no other refers to places in it, nor it to others. */
struct moved {
	uint64_t start, size, position;
};

struct writer {
	struct layout_plan plan;
	struct span file;
	VEC(struct range) metadata; /* of the old file */
	VEC(struct moved) moved;
	bool full;     /* memory lies behind all that stays in its place: it gets a list of its own */
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

/* Lists of some writers are aligned: entries then begin 4 bytes later (minidump_list_of in formats/dump/minidump_streams.c). */
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

static bool has_references(uint32_t type)
{
	for (size_t i = 0; i < sizeof references / sizeof *references; i++)
		if (references[i].stream == type)
			return true;
	return false;
}

/* Where memory begins in the old file. */
static uint64_t memory_start(const struct writer *writer)
{
	const struct image *image = writer->plan.image;
	uint64_t start = UINT64_MAX;

	for (size_t i = 0; i < image->segments.count; i++) {
		const struct segment *segment = &image->segments.items[i];
		const uint64_t at = segment->saved.size && !segment->position ? layout_original(image, segment, 0) : UINT64_MAX;

		start = at < start ? at : start;
	}
	return start;
}

static void find_metadata(struct writer *writer)
{
	const uint64_t memory = memory_start(writer);
	struct span entry;

	add_range(writer, span_u32(writer->file, 12), (uint64_t)span_u32(writer->file, 8) * ENTRY);
	for (uint64_t i = 0; (entry = entry_at(writer, i)).size; i++) {
		const uint64_t size = span_u32(entry, 4), start = span_u32(entry, 8);
		const struct span rest = span_from(writer->file, start);
		const uint64_t held = size < rest.size ? size : rest.size;

		if (!start || !is_kept(writer, span_u32(entry, 0)))
			continue;
		if (start > memory && !has_references(span_u32(entry, 0))) {
			vec_push(writer->plan.image->arena, &writer->moved, ((struct moved){.start = start, .size = held}));
			continue;
		}
		add_range(writer, start, size);
		for (size_t k = 0; k < sizeof references / sizeof *references; k++)
			if (references[k].stream == span_u32(entry, 0))
				add_references(writer, &references[k], span_slice(rest, 0, held));
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

static bool has_stream(const struct writer *writer, uint32_t type)
{
	struct span entry;

	for (uint64_t i = 0; (entry = entry_at(writer, i)).size; i++)
		if (span_u32(entry, 0) == type)
			return true;
	return false;
}

/* All memory is behind everything else that stays in its place. */
static bool is_full(const struct writer *writer)
{
	return (has_stream(writer, MEMORY64) || has_stream(writer, MEMORY)) && memory_start(writer) >= writer->area;
}

/* Those that were to be moved stay where they are, since memory does. */
static void keep_in_place(struct writer *writer)
{
	for (size_t i = 0; i < writer->moved.count; i++)
		add_range(writer, writer->moved.items[i].start, writer->moved.items[i].size);
	writer->moved.count = 0;
	merge_metadata(writer);
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

struct stream {
	uint64_t position, size;
};

/* Streams that are not the old ones. */
struct made_streams {
	struct stream memory, threads, record; /* size 0: there is none */
};

static struct stream place_of(const struct writer *writer, struct span entry, const struct made_streams *made)
{
	const uint32_t start = span_u32(entry, 8);

	if (span_u32(entry, 0) == THREADS && made->threads.size)
		return made->threads;
	for (size_t i = 0; i < writer->moved.count; i++)
		if (writer->moved.items[i].start == start)
			return (struct stream){writer->moved.items[i].position, writer->moved.items[i].size};
	return (struct stream){start, span_u32(entry, 4)};
}

/* The old streams, those that are replaced, and the record; returns how many bytes that is. */
static struct piece make_directory(struct writer *writer, uint64_t at, const struct made_streams *made, uint32_t *count)
{
	uint8_t *bytes = arena_array(writer->plan.image->arena, STREAMS_MOST + 2, ENTRY);
	uint8_t *next = bytes;
	struct span entry;

	for (uint64_t i = 0; (entry = entry_at(writer, i)).size; i++) {
		const struct stream stream = place_of(writer, entry, made);
		const uint32_t type = span_u32(entry, 0);
		const bool kept = is_kept(writer, type) && !(writer->full && (type == MEMORY || type == MEMORY64)); /* else unused: type 0 */

		append_number(&next, kept ? type : 0, 4);
		append_number(&next, kept ? stream.size : 0, 4);
		append_number(&next, kept ? stream.position : 0, 4);
	}
	if (writer->full) {
		append_number(&next, MEMORY64, 4);
		append_number(&next, made->memory.size, 4);
		append_number(&next, made->memory.position, 4);
	}
	append_number(&next, SLIM_NOTE, 4);
	append_number(&next, made->record.size, 4);
	append_number(&next, made->record.position, 4);
	*count = (uint32_t)((next - bytes) / ENTRY);
	return (struct piece){.position = at, .original = SLIM_MADE, .size = (uint64_t)(next - bytes), .bytes = bytes};
}

static struct piece make_header(const struct writer *writer, uint64_t directory, uint32_t count)
{
	uint8_t *header = arena_alloc(writer->plan.image->arena, HEADER);
	uint8_t *at = header + 8;

	memcpy(header, writer->file.data, HEADER);
	append_number(&at, count, 4);
	append_number(&at, directory, 4);
	return (struct piece){.original = SLIM_MADE, .size = HEADER, .bytes = header};
}

/* ---- the whole ---- */

static uint64_t move_streams(struct writer *writer, uint64_t at)
{
	for (size_t i = 0; i < writer->moved.count; i++) {
		struct moved *moved = &writer->moved.items[i];

		moved->position = at;
		layout_add_bytes(&writer->plan, moved->start, moved->size, at);
		at += moved->size;
	}
	return at;
}

static uint64_t place(struct stream *stream, uint64_t at, uint64_t size)
{
	*stream = (struct stream){at, size};
	return at + size;
}

static struct span old_threads(const struct writer *writer)
{
	struct span entry;

	for (uint64_t i = 0; (entry = entry_at(writer, i)).size; i++)
		if (span_u32(entry, 0) == THREADS)
			return span_slice(span_from(writer->file, span_u32(entry, 8)), 0, span_u32(entry, 4));
	return (struct span){0};
}

static void add_memory(struct writer *writer, const struct made_streams *made, uint64_t position)
{
	const struct piece list = memory_list(&writer->plan, made->memory.position, position);

	layout_add_runs(&writer->plan);
	layout_add(&writer->plan, list);
	layout_add(&writer->plan, thread_list(&writer->plan, old_threads(writer), made->threads.position));
}

static const struct err *lay_out(struct writer *writer)
{
	struct layout_plan *plan = &writer->plan;
	struct piece adopted = tables_lists(plan);
	struct made_streams made = {0};
	struct stream directory;
	uint64_t at = writer->area;
	uint32_t count;

	layout_add_bytes(plan, 0, HEADER, at);
	at = move_streams(writer, at + HEADER);
	adopted.position = at;
	layout_add(plan, adopted);
	at += adopted.size;
	if (writer->full) {
		at = place(&made.memory, at, memory_list_size(plan));
		at = place(&made.threads, at, old_threads(writer).size);
	}
	at = place(&directory, at, (streams_of(writer) + 2) * ENTRY);
	at = place(&made.record, at, slim_record_size(plan, plan->pieces.count + plan->runs.items.count));
	if (at > UINT32_MAX)
		return err_new(plan->image->arena, ERR_LIMIT, "too much of it would be left: what is no memory has no room in a minidump");
	if (writer->full)
		add_memory(writer, &made, (at + SLIM_PAGE - 1) / SLIM_PAGE * SLIM_PAGE);
	layout_add(plan, make_directory(writer, directory.position, &made, &count));
	layout_add(plan, make_header(writer, directory.position, count));
	slim_record_add(plan, made.record.position, made.record.size);
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
	else
		keep_in_place(&writer);
	add_area(&writer);
	err = lay_out(&writer);
	if (!err)
		layout_write(&writer.plan, out);
	return err;
}
