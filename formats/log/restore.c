/* restore.c: see restore.h. */
#include "formats/log/restore.h"

#include "formats/log/escapes.h"

#include <string.h>

/* ---- entities ---- */

/* Whether characters stand there that HTML does not let stand. */
static bool has_raw(struct span text)
{
	return text.size && (memchr(text.data, '<', text.size) || memchr(text.data, '>', text.size));
}

static bool is_escaped(struct arena *arena, const struct log_stream *stream)
{
	bool found = false, contradicts = false;

	for (size_t i = 0; i < stream->records.count && !contradicts; i++) {
		const struct log_record *record = &stream->records.items[i];
		bool bare = false;
		const bool has = escapes_has_entities(record->text, &bare);
		const enum log_kind kind = has ? log_kind_of(escapes_entities(arena, record->text)) : record->kind;

		if (kind == LOG_OTHER || kind == LOG_BLANK)
			continue;
		contradicts |= bare || (kind != LOG_END && has_raw(record->text));
		found |= has && kind != LOG_END;
	}
	return found && !contradicts;
}

void restore_entities(struct arena *arena, struct log_stream *stream)
{
	if (!is_escaped(arena, stream))
		return;
	for (size_t i = 0; i < stream->records.count; i++) {
		struct log_record *record = &stream->records.items[i];

		record->text = escapes_entities(arena, record->text);
		record->kind = (uint8_t)log_kind_of(record->text);
	}
}

/* ---- order ---- */

/* The next record that is the runtime's; the count: there is none. */
static size_t next_known(const struct log_stream *stream, size_t from)
{
	while (from < stream->records.count && (stream->records.items[from].kind == LOG_OTHER || stream->records.items[from].kind == LOG_BLANK))
		from++;
	return from;
}

/* A call follows its goroutine, or another call's place; never does a goroutine follow a call. */
static bool is_reversed(const struct log_stream *stream)
{
	size_t forward = 0, backward = 0, next;

	for (size_t i = next_known(stream, 0); (next = next_known(stream, i + 1)) < stream->records.count; i = next) {
		const struct log_record *a = &stream->records.items[i], *b = &stream->records.items[next];

		if (a->number == b->number)
			continue;
		forward += a->kind == LOG_STACK && b->kind == LOG_CALL;
		backward += a->kind == LOG_CALL && b->kind == LOG_STACK;
		forward += a->kind == LOG_CREATED && b->kind == LOG_PLACE && next + 1 == next_known(stream, next + 1);
	}
	return backward > forward;
}

static void reverse(struct log_record *records, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		const struct log_record kept = records[i];

		records[i] = records[count - 1 - i];
		records[count - 1 - i] = kept;
	}
}

/* Whole lines of the file change places; what was in one line of it keeps its order, and so does a continuation. */
void restore_order(struct log_stream *stream)
{
	struct log_record *records = stream->records.items;
	size_t end;

	if (!is_reversed(stream))
		return;
	reverse(records, stream->records.count);
	for (size_t i = 0; i < stream->records.count; i = end) {
		for (end = i + 1; end < stream->records.count && records[end].number == records[i].number; end++)
			;
		reverse(records + i, end - i);
	}
}

/* ---- width ---- */

enum { MOST_PIECES = 24, FEWEST_BYTES = 40 };

struct joining {
	struct arena *arena;
	struct log_stream *stream;
	uint32_t width; /* of the widest line */
};

/* Whether the first word of the next line had no room in this one. */
static bool is_full(const struct joining *joining, const struct log_record *record, const struct log_record *next)
{
	size_t word = 0;

	while (word < next->text.size && next->text.data[word] != ' ')
		word++;
	return record->width >= FEWEST_BYTES && record->number != next->number && (size_t)record->width + 1 + word > joining->width;
}

static bool may_continue(const struct log_record *record, const struct log_record *next)
{
	if (next->kind == LOG_OTHER)
		return true;
	if (record->kind != LOG_OTHER || memchr(record->text.data, ' ', log_trim(record->text).size))
		return false;
	return next->kind == LOG_CALL || (next->kind == LOG_PLACE && next->text.data[0] != '\t' && next->text.data[0] != ' ');
}

static struct span join(struct arena *arena, struct span a, struct span b, bool blank)
{
	uint8_t *data = arena_alloc(arena, a.size + b.size + 1);

	memcpy(data, a.data, a.size);
	if (blank)
		data[a.size] = ' ';
	memcpy(data + a.size + blank, b.data, b.size);
	return (struct span){data, a.size + b.size + blank};
}

/* Whether joined pieces are a line that the first of them was not. What ends a process may go on with anything. */
static bool is_better(enum log_kind first, enum log_kind joined, bool full)
{
	switch (joined) {
	case LOG_CALL:
	case LOG_PLACE:
	case LOG_STACK:
	case LOG_CREATED:
		return true;
	case LOG_WORDS:
	case LOG_END:
	case LOG_SIGNAL:
	case LOG_NOTE:
		return first == joined && full;
	default:
		return false;
	}
}

/* How many records from `index` on are one line; 1: it stands alone. */
static size_t pieces(const struct joining *joining, size_t index, struct span *ret)
{
	const struct log_record *records = joining->stream->records.items;
	struct span text = records[index].text;
	size_t best = 1;

	for (size_t i = index; i + 1 < joining->stream->records.count && i - index < MOST_PIECES; i++) {
		const bool full = records[i].width == joining->width;

		if (!records[i + 1].text.size || !is_full(joining, &records[i], &records[i + 1]) ||
		    !may_continue(&records[index], &records[i + 1]))
			break;
		text = join(joining->arena, text, records[i + 1].text, !full);
		if (is_better(records[index].kind, log_kind_of(text), full)) {
			best = i + 2 - index;
			*ret = text;
		}
	}
	return best;
}

void restore_width(struct arena *arena, struct log_stream *stream)
{
	struct joining joining = {.arena = arena, .stream = stream};
	struct log_record *records = stream->records.items;
	size_t kept = 0, taken;

	for (size_t i = 0; i < stream->records.count; i++)
		if (records[i].width > joining.width)
			joining.width = records[i].width;
	for (size_t i = 0; i < stream->records.count; i += taken) {
		struct log_record record = records[i];

		taken = record.kind == LOG_BLANK ? 1 : pieces(&joining, i, &record.text);
		if (taken > 1)
			record.kind = (uint8_t)log_kind_of(record.text);
		records[kept++] = record;
	}
	stream->records.count = kept;
}
