/* report_reader.c: see report_reader.h. */
#include "lib/report_reader.h"

#include "lib/shapes.h"

#include <stdlib.h>

enum { LINE_MOST = 256 << 20 /* bytes */, STREAM_BUFFER = 1 << 16 };

struct report_reader {
	struct member_reader members;
	FILE *stream;
	char *line; /* malloc'd: the beginning of one that is not whole yet */
	size_t length, capacity;
	const struct member *list; /* whose items follow; NULL: a section does */
	member_list items;
	struct ts_report *report;
	bool begun, ended, full, failed;
};

/* ---- lines ---- */

static const struct member *member_named(const char *name, size_t length)
{
	for (const struct member *member = report_shape.members; member->key; member++)
		if (strlen(member->key) == length && !memcmp(member->key, name, length))
			return member;
	return NULL;
}

/* "key": value, or the key and [ of a list. What no member is for is left out. */
static bool take_section(struct report_reader *reader, const char *line, size_t length)
{
	const char *colon = memchr(line, ':', length);
	const struct member *member = colon && colon - line > 2 ? member_named(line + 1, (size_t)(colon - line) - 2) : NULL;
	const char *value = colon ? colon + 2 : line + length;
	const size_t size = colon && value < line + length ? (size_t)(line + length - value) : 0;

	if (!size)
		return false;
	if (size == 1 && *value == '[') {
		static const struct member unknown = {.key = ""};

		reader->list = member ? member : &unknown;
		reader->items = (member_list){0};
		return !member || member->kind == MEMBER_LIST;
	}
	return !member || member_read(&reader->members, member, value, size, reader->report);
}

static bool take_item(struct report_reader *reader, const char *line, size_t length)
{
	if (length == 1 && *line == ']') {
		if (*reader->list->key)
			member_end_list(&reader->members, reader->list, &reader->items, reader->report);
		reader->list = NULL;
		return true;
	}
	return !*reader->list->key || member_read_item(&reader->members, reader->list, line, length, &reader->items);
}

static bool take_line(struct report_reader *reader, const char *line, size_t length)
{
	if (length && *line == ' ')
		line++, length--;
	if (length && line[length - 1] == ',')
		length--;
	if (!length || reader->ended)
		return !length;
	if (!reader->begun)
		return reader->begun = length == 1 && *line == '{';
	if (length == 1 && *line == '}' && !reader->list)
		return reader->ended = true;
	return reader->list ? take_item(reader, line, length) : take_section(reader, line, length);
}

/* ---- the stream ---- */

static bool keep(struct report_reader *reader, const char *bytes, size_t size)
{
	if (size > LINE_MOST - reader->length)
		return false;
	if (!size)
		return true;
	if (reader->length + size > reader->capacity) {
		const size_t capacity = 2 * (reader->length + size);
		char *line = realloc(reader->line, capacity);

		if (!line)
			return false;
		reader->line = line;
		reader->capacity = capacity;
	}
	memcpy(reader->line + reader->length, bytes, size);
	reader->length += size;
	return true;
}

struct part {
	struct report_reader *reader;
	const char *bytes;
	size_t size;
	bool taken;
};

static void take_part(void *context)
{
	struct part *part = context;
	struct report_reader *reader = part->reader;
	const char *end;

	for (; part->taken && (end = memchr(part->bytes, '\n', part->size)); part->bytes = end + 1) {
		const size_t size = (size_t)(end - part->bytes);

		part->size -= size + 1;
		part->taken = keep(reader, part->bytes, size) && take_line(reader, reader->line ? reader->line : "", reader->length);
		reader->length = 0;
	}
	part->taken = part->taken && keep(reader, part->bytes, part->size);
}

/* As fopencookie(3) wants it: 0 says that it failed. The stream is another's: nothing may leave this but by returning. */
static ssize_t take(void *cookie, const char *bytes, size_t size)
{
	struct report_reader *reader = cookie;
	struct part part = {reader, bytes, size, true};

	if (!reader->failed && !arena_run(reader->members.arena, take_part, &part))
		reader->full = reader->failed = true;
	reader->failed |= !part.taken;
	return reader->failed ? 0 : (ssize_t)size;
}

static void release(void *object)
{
	struct report_reader *reader = object;

	if (reader->stream)
		fclose(reader->stream);
	free(reader->line);
}

struct report_reader *report_reader_open(struct arena *arena, FILE **stream)
{
	const cookie_io_functions_t functions = {.write = take};
	struct report_reader *reader = arena_alloc(arena, sizeof *reader);

	reader->members = (struct member_reader){.arena = arena, .last_finding = -1};
	reader->report = members_none(&reader->members, &report_shape);
	arena_defer(arena, release, reader);
	reader->stream = fopencookie(reader, "w", functions);
	if (!reader->stream)
		return NULL;
	setvbuf(reader->stream, arena_alloc(arena, STREAM_BUFFER), _IOFBF, STREAM_BUFFER);
	*stream = reader->stream;
	return reader;
}

/* What the header promises without a NULL, and every index. */
static bool is_whole(const struct report_reader *reader)
{
	const struct ts_report *report = reader->report;

	return reader->ended && !reader->length && report->input && report->target && report->process && report->verdict &&
	       reader->members.last_finding < (int64_t)report->finding_count;
}

const struct ts_report *report_reader_end(struct report_reader *reader, bool *full)
{
	const bool flushed = !fflush(reader->stream);

	*full = reader->full;
	return flushed && !reader->failed && is_whole(reader) ? reader->report : NULL;
}
