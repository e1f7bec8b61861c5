/* streams.c: see streams.h. Envelopes lie in envelopes: a collector's JSON holds the container's line, which holds the logger's. Each step
 * takes one off. */
#include "formats/log/streams.h"

#include "formats/log/escapes.h"
#include "formats/log/line_forms.h"
#include "formats/log/sections.h"
#include "formats/log/sorting.h"
#include "formats/log/tails.h"
#include "formats/log/whole_stack.h"

#include <string.h>

enum { DEEPEST = 5 };

static void push_line(struct arena *arena, struct line_list *lines, struct span line, uint64_t number)
{
	const size_t size = line.size;

	while (line.size && line.data[line.size - 1] == '\r')
		line.size--;
	while (line.size && *line.data == '\f') /* a new page */
		line = span_from(line, 1);
	vec_push_moving(arena, &lines->items,
		 (struct stream_line){.text = escapes_tidy(arena, line), .raw = line.data, .number = number,
				     .width = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX});
}

static void push_stack(struct arena *arena, struct line_list *lines, struct span text, uint64_t number, const struct whole_stack *stack)
{
	vec_push_moving(arena, &lines->items,
		 (struct stream_line){.text = text, .raw = text.data, .number = number, .width = stack->widest, .below = stack->below, .kind = LOG_STACK});
}

static struct line_list lines_of(struct arena *arena, struct span text, uint64_t number)
{
	struct line_list lines = {0};
	static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8's byte order, which Windows' programs begin with */
	struct whole_stack stack;
	size_t at = number == 1 && text.size >= 3 && !memcmp(text.data, mark, 3) ? 3 : 0;

	while (at < text.size) {
		const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
		size_t size = (end ? (size_t)(end - text.data) : text.size) - at;

		if (text.data[at] == 'g' && whole_stack_at(text, at, &stack)) {
			push_stack(arena, &lines, span_slice(text, at, stack.size), number, &stack);
			number += stack.below;
			size = stack.size;
		} else {
			push_line(arena, &lines, span_slice(text, at, size), number);
		}
		number++;
		at += size + 1;
	}
	return lines;
}

/* Whether the quotes of JSON are entities, in lines of the runtime's. */
static bool has_escaped_quotes(const struct line_list *lines, const struct anchored_lines *anchored)
{
	static const char quote[] = "&quot;", number[] = "&#34;";
	bool found = false;

	for (size_t i = 0; i < anchored->items.count; i++) {
		const struct span text = lines->items.items[anchored->items.items[i]].text;

		if (memchr(text.data, '"', text.size))
			return false;
		found |= memmem(text.data, text.size, quote, sizeof quote - 1) || memmem(text.data, text.size, number, sizeof number - 1);
	}
	return found;
}

static void decode_entities(struct arena *arena, struct line_list *lines)
{
	for (size_t i = 0; i < lines->items.count; i++)
		if (!lines->items.items[i].below)
			lines->items.items[i].text = escapes_entities(arena, lines->items.items[i].text);
}

/* Where nothing says that a text is a string, a stack with \n in it is one. */
static struct span unquoted(struct arena *arena, struct span text)
{
	static const char stack[] = "goroutine ", newline[] = "\\n", place[] = " +0x";

	if (!text.size || !memmem(text.data, text.size, newline, sizeof newline - 1) ||
	    !(memmem(text.data, text.size, stack, sizeof stack - 1) || memmem(text.data, text.size, place, sizeof place - 1)))
		return text;
	return escapes_decode(arena, text, 1);
}

/* Where the runtime crashed while it printed this line: what it says of that stands behind what it had printed, not behind a blank or what
 * quotes it. SIZE_MAX: nowhere. */
static size_t broken_off(struct span text)
{
	static const char crash[] = "fatal error: ", never[] = " \t`\"'*_";
	const uint8_t *mark = text.size ? memmem(text.data, text.size, crash, sizeof crash - 1) : NULL;

	return mark && mark > text.data && !memchr(never, mark[-1], sizeof never - 1) ? (size_t)(mark - text.data) : SIZE_MAX;
}

static void push_part(struct arena *arena, struct log_stream *stream, const struct stream_line *record, struct span text)
{
	struct stream_line line = *record;

	line.text = text;
	line.kind = (uint8_t)log_kind_of(text);
	vec_push_moving(arena, &stream->records, line);
}

/* A line whose text had newlines in it, or was broken off, as lines. */
static void push_lines(struct arena *arena, struct log_stream *stream, const struct stream_line *record, struct span text)
{
	const size_t broken = broken_off(text);
	size_t start = 0;

	if (broken != SIZE_MAX) {
		push_part(arena, stream, record, span_slice(text, 0, broken));
		text = span_from(text, broken);
	}
	for (size_t at = 0; at <= text.size; at++)
		if (at == text.size || text.data[at] == '\n') {
			push_part(arena, stream, record, span_slice(text, start, at - start));
			start = at + 1;
		}
}

static void push_stream(struct arena *arena, struct log_streams *streams, const struct log_stream *stream)
{
	struct log_stream made = {.sender = stream->sender, .enveloped = stream->enveloped};

	for (size_t i = 0; i < stream->records.count; i++) {
		const struct stream_line *record = &stream->records.items[i];

		if (record->kind == LOG_OTHER || record->kind == LOG_END)
			push_lines(arena, &made, record, unquoted(arena, record->text));
		else
			vec_push_moving(arena, &made.records, *record);
	}
	vec_push(arena, &streams->items, made);
}

/* The sender of what was in the envelope of another. */
static uint64_t hash_pair(uint64_t outer, uint64_t inner)
{
	return (outer ^ inner) * 0x9e3779b97f4a7c15ULL ^ outer >> 32;
}

/* Takes a stream apart as long as its lines have envelopes. */
static void peel(struct arena *arena, const struct log_stream *stream, unsigned depth, struct log_streams *ret)
{
	struct log_streams inner;

	if (!stream->enveloped || depth == DEEPEST) {
		push_stream(arena, ret, stream);
		return;
	}
	inner = log_sort(arena, stream->records.items, stream->records.count);
	for (size_t i = 0; i < inner.items.count; i++) {
		struct log_stream *part = &inner.items.items[i];

		part->sender = hash_pair(stream->sender, part->sender);
		if (part->enveloped) {
			peel(arena, part, depth + 1, ret);
		} else {
			part->enveloped = true; /* by what was taken off before */
			push_stream(arena, ret, part);
		}
	}
}

/* Takes the lines of one file apart. */
static void sort_section(struct arena *arena, struct log_section *section, struct log_streams *ret)
{
	struct line_list *lines = &section->lines;
	struct anchored_lines anchored = anchored_lines_of(arena, lines);
	struct log_streams outer;

	tails_cut(lines, &anchored);
	if (line_forms_undo(arena, lines, &anchored))
		anchored = anchored_lines_of(arena, lines);
	if (has_escaped_quotes(lines, &anchored))
		decode_entities(arena, lines);
	outer = log_sort(arena, lines->items.items, lines->items.count);
	arena_release(arena, lines->items.items, lines->items.capacity * sizeof *lines->items.items);
	for (size_t i = 0; i < outer.items.count; i++) {
		struct log_stream *stream = &outer.items.items[i];

		if (section->name)
			stream->sender = hash_pair(section->name, stream->sender);
		peel(arena, stream, 1, ret);
		arena_release(arena, stream->records.items, stream->records.capacity * sizeof *stream->records.items);
	}
}

struct log_streams log_streams_of(struct arena *arena, struct span log, const struct log_region *region, uint64_t *section)
{
	const struct line_list lines = lines_of(arena, span_slice(log, region->start, region->end - region->start), region->line);
	struct log_sections sections = log_sections_of(arena, &lines, span_slice(log, 0, region->start), section);
	struct log_streams ret = {0};

	for (size_t i = 0; i < sections.items.count; i++)
		sort_section(arena, &sections.items.items[i], &ret);
	return ret;
}
