/* sorting.c: see sorting.h. */
#include "formats/log/sorting.h"

#include "base/hash.h"
#include "formats/log/columns.h"
#include "formats/log/envelopes.h"
#include "formats/log/escapes.h"

#include <string.h>

enum {
	WRAPPED = 40,        /* bytes of the narrowest line that is taken for wrapped */
	MANY_SENDERS = 3,    /* from here on it is asked whether they are senders at all */
	LINES_OF_A_SENDER = 4,
	MOST_SENDERS = 1 << 14,
	PARTIAL_LIMIT = 64 << 20, /* bytes of one line in parts */
};

struct sorting {
	struct arena *arena;
	const struct stream_line *lines;
	size_t count;
	uint32_t width; /* of the widest line */
	size_t widest;  /* lines that are as wide */
	struct envelopes envelopes;
	size_t none; /* index of the empty one */
	enum sender_care care[ENVELOPES];
	size_t senders[ENVELOPES], uses[ENVELOPES]; /* senders that lines with an envelope have, and these lines */
	struct log_streams streams;
	uint32_t *slots; /* of streams by sender, their index + 1; a power of two */
	size_t slot_count;
	size_t last;     /* the stream of the line before; SIZE_MAX: none */
	struct stream_line unended; /* a line with a string whose end is still to come */
	VEC(uint8_t) unended_text;
	bool unended_column;        /* it is one of comma-separated values, which ends at a quote that is not doubled */
	size_t bare;                /* lines with something in them, and no envelope that is known */
	bool unbroken;              /* there are too many of these to be what was broken off others */
	size_t event;               /* the stream of a line to which those without an envelope belong that follow it; SIZE_MAX: none */
	size_t blanks;              /* … and empty lines, which belong to it if any line follows */
	struct stream_line blank;   /* the last of these */
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

/* The stream of what an envelope held; SIZE_MAX: there are too many. */
static size_t stream_of(struct sorting *sorting, size_t envelope, uint64_t sender)
{
	size_t slot;

	sorting->uses[envelope]++;
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
	sorting->senders[envelope]++;
	if (sorting->streams.items.count == MOST_SENDERS)
		return SIZE_MAX;
	vec_push(sorting->arena, &sorting->streams.items,
		 (struct log_stream){.sender = sender, .envelope = envelope,
				     .enveloped = sorting->envelopes.items[envelope].prefix.size || sorting->envelopes.items[envelope].is_column});
	sorting->slots[slot] = (uint32_t)sorting->streams.items.count;
	return sorting->streams.items.count - 1;
}

/* ---- lines ---- */

static void push_line(struct sorting *sorting, struct log_stream *stream, struct span text, const struct stream_line *line, bool bare)
{
	while (text.size && text.data[text.size - 1] == '\r')
		text.size--;
	vec_push_moving(sorting->arena, &stream->records,
		 (struct stream_line){.text = text, .raw = line->raw, .number = line->number, .width = line->width, .bare = bare,
				     .kind = (uint8_t)log_kind_of(text)});
}

/* A text may hold lines: what was escaped, or what a carriage return alone separates. */
static void push_text(struct sorting *sorting, struct log_stream *stream, struct span text, const struct stream_line *line, bool bare)
{
	struct stream_line piece = *line;
	size_t start = 0;

	text = escapes_tidy(sorting->arena, text);
	while (start < text.size && text.data[text.size - 1] == '\r')
		text.size--;
	for (size_t at = 0; at < text.size; at++) {
		if (text.data[at] != '\n' && (text.data[at] != '\r' || text.data[at + 1] == '\n'))
			continue;
		piece.width = (uint32_t)(at - start); /* at most, and no line that was broken off is so narrow */
		push_line(sorting, stream, span_slice(text, start, at - start), &piece, bare);
		start = at + 1;
		bare = false;
	}
	if (start < text.size || !start)
		push_line(sorting, stream, span_from(text, start), start ? &piece : line, bare);
}

static void add_partial(struct sorting *sorting, struct log_stream *stream, struct span text)
{
	if (text.size > PARTIAL_LIMIT || stream->partial.count > PARTIAL_LIMIT - text.size)
		return;
	for (size_t i = 0; i < text.size; i++)
		vec_push(sorting->arena, &stream->partial, text.data[i]);
}

/* Adds what an envelope held: the rest of a line that came in parts, or a text of its own. */
static void deliver(struct sorting *sorting, size_t index, struct span text, bool partial, const struct stream_line *line)
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

/* A letter in a letter is what is delivered. */
static bool holds_another(const struct letter *letters, size_t count, size_t index)
{
	for (size_t i = 0; i < count; i++)
		if (i != index && letters[i].start > letters[index].start && letters[i].start < letters[index].end)
			return true;
	return false;
}

/* Puts a line by until the end of its string comes. */
static void wait_for_end(struct sorting *sorting, const struct stream_line *line)
{
	sorting->unended = *line;
	for (size_t i = 0; i < line->text.size; i++)
		vec_push(sorting->arena, &sorting->unended_text, line->text.data[i]);
}

/* Whether the rest of an object may stand in the next line, because all are broken at this width. */
static bool is_broken(const struct sorting *sorting, const struct stream_line *line)
{
	enum { FEWEST = 3 };
	const struct span text = log_trim(line->text);

	return line->width >= WRAPPED && line->width == sorting->width && sorting->widest >= FEWEST && text.size &&
	       text.data[0] == '{' && text.data[text.size - 1] != '}';
}

/* Opens the strings of a line; false: it has none that is known. `whole`: nothing more of it will come. */
static bool deliver_strings(struct sorting *sorting, const struct stream_line *line, bool whole)
{
	struct letter letters[ENVELOPES];
	size_t from[ENVELOPES], count = 0;

	for (size_t i = 0; i < sorting->envelopes.count && sorting->envelopes.items[i].key.size; i++)
		if (envelope_open(&sorting->envelopes.items[i], line->text, sorting->care[i], &letters[count])) {
			if (!whole && (letters[count].open || is_broken(sorting, line))) {
				wait_for_end(sorting, line);
				return true;
			}
			from[count++] = i;
		}
	for (size_t i = 0; i < count; i++) {
		const struct span text = span_slice(line->text, letters[i].start, letters[i].end - letters[i].start);
		size_t index;

		if (!holds_another(letters, count, i) && (index = stream_of(sorting, from[i], letters[i].sender)) != SIZE_MAX)
			deliver(sorting, index, escapes_decode(sorting->arena, text, 1), letters[i].partial, line);
	}
	return count;
}

static struct span text_of(struct sorting *sorting, size_t envelope, const struct stream_line *line, const struct letter *letter)
{
	const struct span text = span_slice(line->text, letter->start, letter->end - letter->start);

	return sorting->envelopes.items[envelope].is_column ? column_text(sorting->arena, text) : text;
}

static bool deliver_rest(struct sorting *sorting, const struct stream_line *line, bool whole)
{
	for (size_t i = 0; i < sorting->envelopes.count; i++) {
		struct letter letter;
		size_t index;

		if (sorting->envelopes.items[i].key.size ||
		    !envelope_open(&sorting->envelopes.items[i], line->text, sorting->care[i], &letter))
			continue;
		if (letter.open && !whole) {
			wait_for_end(sorting, line);
			sorting->unended_column = true;
			return true;
		}
		index = stream_of(sorting, i, letter.sender);
		if (index != SIZE_MAX)
			deliver(sorting, index, text_of(sorting, i, line, &letter), letter.partial, line);
		return true;
	}
	return false;
}

/* Whether the first word of a line had no room in the one before; an empty line has none. */
static bool is_continued(const struct sorting *sorting, const struct stream_line *before, const struct stream_line *line)
{
	size_t word = 0;

	while (word < line->text.size && line->text.data[word] != ' ')
		word++;
	return line->text.size && before->width >= WRAPPED && (size_t)before->width + 1 + word > sorting->width;
}

/* A goroutine as the runtime printed it has no envelope. */
static void deliver_stack(struct sorting *sorting, const struct stream_line *line)
{
	struct letter letter;
	size_t index;

	envelope_open(&sorting->envelopes.items[sorting->none], line->text, sorting->care[sorting->none], &letter);
	index = stream_of(sorting, sorting->none, letter.sender);
	if (index == SIZE_MAX)
		return;
	sorting->last = index;
	vec_push_moving(sorting->arena, &sorting->streams.items.items[index].records, *line);
}

/* A writer that puts its envelope before the first line only of what somebody says: the lines that follow belong to it. */
static bool deliver_event(struct sorting *sorting, const struct stream_line *line)
{
	struct letter letter;

	if (sorting->event == SIZE_MAX)
		return false;
	if (!line->below && !line->text.size) {
		sorting->blanks++;
		sorting->blank = *line;
		return true;
	}
	for (; sorting->blanks; sorting->blanks--)
		push_text(sorting, &sorting->streams.items.items[sorting->event], sorting->blank.text, &sorting->blank, false);
	for (size_t i = 0; !line->below && i < sorting->none; i++)
		if (envelope_open(&sorting->envelopes.items[i], line->text, sorting->care[i], &letter))
			return false;
	if (line->below)
		vec_push_moving(sorting->arena, &sorting->streams.items.items[sorting->event].records, *line);
	else
		push_text(sorting, &sorting->streams.items.items[sorting->event], line->text, line, false);
	return true;
}

/* Whether a line with an envelope begins what others without one may belong to. */
static void note_event(struct sorting *sorting, const struct stream_line *line)
{
	const struct log_stream *stream = sorting->last != SIZE_MAX ? &sorting->streams.items.items[sorting->last] : NULL;
	const struct stream_line *record = stream && stream->records.count ? &stream->records.items[stream->records.count - 1] : NULL;

	if (record && stream->enveloped && record->number == line->number && sorting->none < sorting->envelopes.count &&
	    !sorting->envelopes.items[sorting->none].guessed &&
	    (record->kind == LOG_END || record->kind == LOG_SIGNAL || record->kind == LOG_NOTE || record->kind == LOG_STACK))
		sorting->event = sorting->last;
}

static void sort_line(struct sorting *sorting, const struct stream_line *line, bool whole)
{
	struct log_stream *last = sorting->last != SIZE_MAX && !sorting->unbroken ? &sorting->streams.items.items[sorting->last] : NULL;

	if (deliver_event(sorting, line))
		return;
	if (line->below && sorting->none < sorting->envelopes.count) {
		deliver_stack(sorting, line);
		return;
	}
	sorting->event = SIZE_MAX;
	sorting->blanks = 0;
	if (deliver_strings(sorting, line, whole))
		return;
	if (deliver_rest(sorting, line, whole)) {
		note_event(sorting, line);
		return;
	}
	sorting->bare += line->text.size > 0;
	if (last && last->records.count && is_continued(sorting, &last->records.items[last->records.count - 1], line))
		push_text(sorting, last, line->text, line, true);
}

/* Whether a line begins anew. */
static bool has_envelope(const struct sorting *sorting, const struct stream_line *line)
{
	struct letter letter;

	for (size_t i = 0; i < sorting->envelopes.count; i++)
		if (sorting->envelopes.items[i].prefix.size && !sorting->envelopes.items[i].is_column &&
		    envelope_open(&sorting->envelopes.items[i], line->text, SENDER_BY_KEY, &letter))
			return true;
	return false;
}

static void end_string(struct sorting *sorting)
{
	struct stream_line line = sorting->unended;

	if (!sorting->unended_text.count)
		return;
	sorting->unended_column = false;
	line.text = (struct span){sorting->unended_text.items, sorting->unended_text.count};
	memset(&sorting->unended_text, 0, sizeof sorting->unended_text); /* texts keep the bytes */
	sort_line(sorting, &line, true);
}

/* The rest of a string: broken at the width of all lines, or written with newlines as they are. */
static void continue_string(struct sorting *sorting, const struct stream_line *before, const struct stream_line *line)
{
	if (before->width < sorting->width || sorting->unended_column)
		vec_push(sorting->arena, &sorting->unended_text, '\n');
	for (size_t i = 0; i < line->text.size; i++)
		vec_push(sorting->arena, &sorting->unended_text, line->text.data[i]);
}

static bool ends_column(const struct sorting *sorting, const struct stream_line *line)
{
	size_t quotes = 0;

	for (size_t i = 0; sorting->unended_column && i < line->text.size; i++)
		quotes += line->text.data[i] == '"';
	return quotes % 2;
}

static void sort_lines(struct sorting *sorting)
{
	sorting->streams = (struct log_streams){0};
	sorting->slots = NULL;
	sorting->slot_count = 0;
	sorting->last = sorting->event = SIZE_MAX;
	sorting->bare = sorting->blanks = 0;
	memset(sorting->senders, 0, sizeof sorting->senders);
	memset(sorting->uses, 0, sizeof sorting->uses);
	for (size_t i = 0; i < sorting->count; i++) {
		const struct stream_line *line = &sorting->lines[i];

		if (sorting->unended_text.count && sorting->unended_text.count < PARTIAL_LIMIT && !has_envelope(sorting, line)) {
			continue_string(sorting, line - 1, line);
			if (ends_column(sorting, line))
				end_string(sorting);
			continue;
		}
		end_string(sorting);
		sort_line(sorting, line, false);
	}
	end_string(sorting);
}

/* Looks at all lines of an envelope for what does not tell who wrote them. */
static void find_unsteady(struct sorting *sorting, struct envelope *envelope)
{
	struct sender_words *words = arena_alloc(sorting->arena, sizeof *words);
	size_t count = 0;

	for (size_t i = 0; i < sorting->count; i++) {
		struct letter letter;

		if (sorting->lines[i].below || !envelope_open(envelope, sorting->lines[i].text, SENDER_BY_KEY, &letter) || letter.open)
			continue;
		sender_look(words, letter.before, false);
		sender_look(words, letter.after, true);
		count++;
	}
	envelope->unsteady = sender_unsteady(words, count, LINES_OF_A_SENDER);
}

/* What looks like a sender and comes once or twice is a counter, or some other word of the line. Whether there was one. */
static bool care_less(struct sorting *sorting)
{
	bool changed = false;
	size_t uses = 0;

	for (size_t i = 0; i < sorting->envelopes.count; i++)
		uses += sorting->uses[i];
	if (!sorting->unbroken && sorting->bare > uses)
		changed = sorting->unbroken = true;
	for (size_t i = 0; i < sorting->envelopes.count; i++)
		if (sorting->senders[i] > MANY_SENDERS && sorting->care[i] != SENDER_BY_KEY &&
		    (sorting->senders[i] * LINES_OF_A_SENDER > sorting->uses[i] || log_streams_torn(&sorting->streams, i))) {
			if (++sorting->care[i] == SENDER_BY_STEADY)
				find_unsteady(sorting, &sorting->envelopes.items[i]);
			changed = true;
		}
	return changed;
}

struct log_streams log_sort(struct arena *arena, const struct stream_line *lines, size_t count)
{
	struct sorting sorting = {.arena = arena, .lines = lines, .count = count, .envelopes = envelopes_learn(lines, count)};

	while (sorting.none < sorting.envelopes.count && !envelope_is_empty(&sorting.envelopes.items[sorting.none]))
		sorting.none++;
	for (size_t i = 0; i < count; i++)
		if (lines[i].width > sorting.width) {
			sorting.width = lines[i].width;
			sorting.widest = 1;
		} else {
			sorting.widest += lines[i].width == sorting.width;
		}
	do
		sort_lines(&sorting);
	while (care_less(&sorting));
	for (size_t i = 0; i < sorting.streams.items.count; i++) { /* what no end came for */
		struct log_stream *stream = &sorting.streams.items.items[i];
		const struct stream_line line = {.number = count ? lines[count - 1].number : 0};

		if (stream->partial.count)
			push_text(&sorting, stream, (struct span){stream->partial.items, stream->partial.count}, &line, false);
	}
	return sorting.streams;
}
