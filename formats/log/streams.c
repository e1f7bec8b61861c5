/* streams.c: see streams.h. */
#include "formats/log/streams.h"

#include "base/hash.h"
#include "formats/log/envelopes.h"
#include "formats/log/escapes.h"

#include <string.h>

enum {
	WRAPPED = 40,        /* bytes of the narrowest line that is taken for wrapped */
	MANY_SENDERS = 64,   /* from here on it is asked whether they are senders at all */
	LINES_OF_A_SENDER = 4,
	MOST_SENDERS = 1 << 14,
	PARTIAL_LIMIT = 64 << 20, /* bytes of one line in parts */
};

struct sorting {
	struct arena *arena;
	struct span log;
	const struct log_region *region;
	struct envelopes envelopes;
	enum sender_care care;
	struct log_streams streams;
	uint32_t *slots; /* of streams by sender, their index + 1; a power of two */
	size_t slot_count, lines;
	size_t last;     /* the stream of the line before; SIZE_MAX: none */
	bool lost;       /* there are more senders than streams */
};

/* ---- streams by sender ---- */

static void rehash(struct sorting *sorting)
{
	enum { FIRST = 64 };

	sorting->slot_count = sorting->slot_count ? sorting->slot_count * 2 : FIRST;
	sorting->slots = arena_array(sorting->arena, sorting->slot_count, sizeof *sorting->slots);
	for (size_t i = 0; i < sorting->streams.items.count; i++) {
		size_t slot = hash_slot(sorting->streams.items.items[i].sender, sorting->slot_count);

		while (sorting->slots[slot])
			slot = (slot + 1) & (sorting->slot_count - 1);
		sorting->slots[slot] = (uint32_t)i + 1;
	}
}

static size_t stream_of(struct sorting *sorting, uint64_t sender, bool enveloped)
{
	size_t slot;

	if (sorting->last != SIZE_MAX && sorting->streams.items.items[sorting->last].sender == sender)
		return sorting->last;
	if (sorting->streams.items.count * 2 >= sorting->slot_count)
		rehash(sorting);
	slot = hash_slot(sender, sorting->slot_count);
	while (sorting->slots[slot]) {
		if (sorting->streams.items.items[sorting->slots[slot] - 1].sender == sender)
			return sorting->slots[slot] - 1;
		slot = (slot + 1) & (sorting->slot_count - 1);
	}
	if (sorting->streams.items.count == MOST_SENDERS) {
		sorting->lost = true;
		return SIZE_MAX;
	}
	vec_push(sorting->arena, &sorting->streams.items, (struct log_stream){.sender = sender, .enveloped = enveloped});
	sorting->slots[slot] = (uint32_t)sorting->streams.items.count;
	return sorting->streams.items.count - 1;
}

/* ---- lines ---- */

struct source_line {
	struct span text;
	uint64_t number;
	uint32_t width;
};

static void push_record(struct sorting *sorting, struct log_stream *stream, struct log_record record)
{
	vec_push(sorting->arena, &stream->records, record);
}

/* Where the runtime crashed while it printed this line: what it says of that stands behind what it had printed. SIZE_MAX: nowhere. */
static size_t broken_off(struct span text)
{
	static const char crash[] = "fatal error: ";
	const uint8_t *mark = text.size ? memmem(text.data, text.size, crash, sizeof crash - 1) : NULL;

	return mark && mark > text.data && mark[-1] != ' ' && mark[-1] != '\t' ? (size_t)(mark - text.data) : SIZE_MAX;
}

static void push_line(struct sorting *sorting, struct log_stream *stream, struct span text, const struct source_line *line, bool bare)
{
	struct log_record record = {.number = line->number, .width = line->width, .bare = bare};
	size_t at;

	while (text.size && text.data[text.size - 1] == '\r')
		text.size--;
	record.text = text;
	record.kind = (uint8_t)log_kind_of(text);
	at = record.kind == LOG_OTHER ? broken_off(text) : SIZE_MAX;
	if (at != SIZE_MAX) {
		record.text = span_slice(text, 0, at);
		record.kind = LOG_NOTE;
		push_record(sorting, stream, record);
		record.text = span_from(text, at);
		record.kind = LOG_END;
	}
	push_record(sorting, stream, record);
}

/* A text may hold lines: what was escaped, or what a carriage return alone separates. */
static void push_text(struct sorting *sorting, struct log_stream *stream, struct span text, const struct source_line *line, bool bare)
{
	size_t start = 0;

	while (start < text.size && text.data[text.size - 1] == '\r')
		text.size--;
	for (size_t at = 0; at < text.size; at++) {
		if (text.data[at] != '\n' && (text.data[at] != '\r' || text.data[at + 1] == '\n'))
			continue;
		push_line(sorting, stream, span_slice(text, start, at - start), line, bare);
		start = at + 1;
		bare = false;
	}
	if (start < text.size || !start)
		push_line(sorting, stream, span_from(text, start), line, bare);
}

static void add_partial(struct sorting *sorting, struct log_stream *stream, struct span text)
{
	if (text.size > PARTIAL_LIMIT || stream->partial.count > PARTIAL_LIMIT - text.size)
		return;
	for (size_t i = 0; i < text.size; i++)
		vec_push(sorting->arena, &stream->partial, text.data[i]);
}

/* Adds what an envelope held: the rest of a line that came in parts, or a text of its own. */
static void deliver(struct sorting *sorting, size_t index, struct span text, bool partial, const struct source_line *line)
{
	struct log_stream *stream = &sorting->streams.items.items[index];

	sorting->last = index;
	if (partial || stream->partial.count)
		add_partial(sorting, stream, text);
	if (partial)
		return;
	if (stream->partial.count) {
		text = (struct span){stream->partial.items, stream->partial.count};
		memset(&stream->partial, 0, sizeof stream->partial); /* the text keeps the bytes */
	}
	push_text(sorting, stream, text, line, false);
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

/* A letter in a letter is what is delivered. */
static bool holds_another(const struct letter *letters, size_t count, size_t index)
{
	for (size_t i = 0; i < count; i++)
		if (i != index && letters[i].start > letters[index].start && letters[i].start < letters[index].end)
			return true;
	return false;
}

static bool deliver_strings(struct sorting *sorting, const struct source_line *line)
{
	struct letter letters[ENVELOPES];
	unsigned depths[ENVELOPES];
	size_t count = 0;

	for (size_t i = 0; i < sorting->envelopes.count && sorting->envelopes.items[i].depth; i++)
		if (envelope_open(&sorting->envelopes.items[i], line->text, sorting->care, &letters[count]))
			depths[count++] = sorting->envelopes.items[i].depth;
	for (size_t i = 0; i < count; i++) {
		const struct span text = span_slice(line->text, letters[i].start, letters[i].end - letters[i].start);
		size_t index;

		if (holds_another(letters, count, i) || (index = stream_of(sorting, letters[i].sender, true)) == SIZE_MAX)
			continue;
		deliver(sorting, index, escapes_tidy(sorting->arena, escapes_decode(sorting->arena, text, depths[i])), letters[i].partial,
			line);
	}
	return count;
}

static bool deliver_rest(struct sorting *sorting, const struct source_line *line)
{
	for (size_t i = 0; i < sorting->envelopes.count; i++) {
		const struct envelope *envelope = &sorting->envelopes.items[i];
		struct letter letter;
		size_t index;

		if (envelope->depth || !envelope_open(envelope, line->text, sorting->care, &letter))
			continue;
		index = stream_of(sorting, letter.sender, envelope->prefix.size);
		if (index != SIZE_MAX)
			deliver(sorting, index, unquoted(sorting->arena, span_from(line->text, letter.start)), letter.partial, line);
		return true;
	}
	return false;
}

static void sort_line(struct sorting *sorting, struct span raw, uint64_t number)
{
	const struct source_line line = {.text = escapes_tidy(sorting->arena, raw), .number = number,
					 .width = raw.size < UINT32_MAX ? (uint32_t)raw.size : UINT32_MAX};
	struct log_stream *last = sorting->last != SIZE_MAX ? &sorting->streams.items.items[sorting->last] : NULL;

	sorting->lines++;
	if (deliver_strings(sorting, &line) || deliver_rest(sorting, &line))
		return;
	if (last && last->records.count && last->records.items[last->records.count - 1].width >= WRAPPED)
		push_text(sorting, last, line.text, &line, true);
}

static void sort_region(struct sorting *sorting)
{
	const struct span text = span_slice(sorting->log, sorting->region->start, sorting->region->end - sorting->region->start);
	uint64_t number = sorting->region->line;
	size_t at = 0;

	sorting->streams = (struct log_streams){0};
	sorting->slots = NULL;
	sorting->slot_count = sorting->lines = 0;
	sorting->last = SIZE_MAX;
	sorting->lost = false;
	while (at < text.size) {
		const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
		const size_t size = (end ? (size_t)(end - text.data) : text.size) - at;

		sort_line(sorting, (struct span){text.data + at, size}, number++);
		at += size + 1;
	}
}

/* What looks like a sender and comes once or twice is a counter, or some other word of the line. */
static bool too_many_senders(const struct sorting *sorting)
{
	const size_t count = sorting->streams.items.count;

	return sorting->lost || (count > MANY_SENDERS && count * LINES_OF_A_SENDER > sorting->lines);
}

struct log_streams log_streams_of(struct arena *arena, struct span log, const struct log_region *region)
{
	struct sorting sorting = {.arena = arena, .log = log, .region = region};

	sorting.envelopes = envelopes_learn(arena, span_slice(log, region->start, region->end - region->start));
	sort_region(&sorting);
	while (too_many_senders(&sorting) && sorting.care != SENDER_BY_KEY) {
		sorting.care++;
		sort_region(&sorting);
	}
	for (size_t i = 0; i < sorting.streams.items.count; i++) { /* what no end came for */
		struct log_stream *stream = &sorting.streams.items.items[i];
		const struct source_line line = {.number = stream->records.count ? stream->records.items[stream->records.count - 1].number
										  : region->line};

		if (stream->partial.count)
			push_text(&sorting, stream, (struct span){stream->partial.items, stream->partial.count}, &line, false);
	}
	return sorting.streams;
}
