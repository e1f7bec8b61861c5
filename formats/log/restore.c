/* restore.c: see restore.h. */
#include "formats/log/restore.h"

#include "formats/log/escapes.h"

#include <ctype.h>
#include <string.h>

/* ---- entities ---- */

/* Whether characters stand there that HTML does not let stand. */
static bool has_raw(struct span text)
{
	return text.size && (memchr(text.data, '<', text.size) || memchr(text.data, '>', text.size));
}

enum { MOST_TIMES = 3 }; /* that a text is escaped */

static struct span decoded(struct arena *arena, struct span text)
{
	for (unsigned i = 0; i < MOST_TIMES; i++)
		text = escapes_entities(arena, text);
	return text;
}

static bool is_escaped(struct arena *arena, const struct log_stream *stream)
{
	bool found = false, contradicts = false;

	for (size_t i = 0; i < stream->records.count && !contradicts; i++) {
		const struct stream_line *record = &stream->records.items[i];
		bool bare = false;
		const bool has = !record->below && escapes_has_entities(record->text, &bare);
		const enum log_kind kind = has ? log_kind_of(decoded(arena, record->text)) : record->kind;

		if (kind == LOG_OTHER || kind == LOG_BLANK)
			continue;
		contradicts |= bare || (kind != LOG_END && has_raw(record->text));
		found |= has && kind != LOG_END;
	}
	return found && !contradicts;
}

static void decode_entities(struct arena *arena, struct log_stream *stream)
{
	for (size_t i = 0; i < stream->records.count; i++) {
		struct stream_line *record = &stream->records.items[i];
		const struct span text = record->below ? record->text : escapes_entities(arena, record->text);

		if (text.data != record->text.data)
			record->kind = (uint8_t)log_kind_of(text);
		record->text = text;
	}
}

void restore_entities(struct arena *arena, struct log_stream *stream)
{
	for (unsigned i = 0; i < MOST_TIMES && is_escaped(arena, stream); i++)
		decode_entities(arena, stream);
}

/* ---- indent ---- */

static size_t indent_of(struct span text)
{
	size_t count = 0;

	while (count < text.size && (text.data[count] == ' ' || text.data[count] == '\t'))
		count++;
	return count;
}

/* The runtime indents neither goroutines nor calls. */
void restore_indent(struct log_stream *stream)
{
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < stream->records.count; i++) {
		const struct stream_line *record = &stream->records.items[i];

		if ((record->kind == LOG_STACK || record->kind == LOG_CALL) && indent_of(record->text) < least)
			least = indent_of(record->text);
	}
	if (!least || least == SIZE_MAX)
		return;
	for (size_t i = 0; i < stream->records.count; i++) {
		struct span *text = &stream->records.items[i].text;
		const size_t indent = indent_of(*text);

		*text = span_from(*text, indent < least ? indent : least);
	}
}

/* ---- blank lines ---- */

static bool is_followed_by_blank(const struct log_stream *stream, size_t index)
{
	return index + 1 < stream->records.count && stream->records.items[index + 1].kind == LOG_BLANK;
}

/* Whether behind each line of the runtime's one is blank, but for those that were made two here. */
static bool is_doubled(const struct log_stream *stream)
{
	enum { FEWEST = 4 };
	const struct stream_line *records = stream->records.items;
	size_t doubled = 0, known = 0;

	for (size_t i = 0; i + 1 < stream->records.count; i++) {
		if (records[i].below)
			return false;
		if (records[i].kind == LOG_BLANK || records[i].kind == LOG_OTHER)
			continue;
		known++;
		if (is_followed_by_blank(stream, i))
			doubled++;
		else if (records[i + 1].number != records[i].number)
			return false;
	}
	return doubled >= FEWEST && doubled * 2 >= known;
}

void restore_blanks(struct log_stream *stream)
{
	struct stream_line *records = stream->records.items;
	size_t kept = 0;

	if (!is_doubled(stream))
		return;
	for (size_t i = 0; i < stream->records.count; i++) {
		const bool doubled = records[i].kind != LOG_BLANK && is_followed_by_blank(stream, i);

		records[kept++] = records[i];
		i += doubled;
	}
	stream->records.count = kept;
}

/* ---- order ---- */

/* The next record that is the runtime's; the count: there is none. */
static size_t next_known(const struct log_stream *stream, size_t from)
{
	while (from < stream->records.count && (stream->records.items[from].kind == LOG_OTHER || stream->records.items[from].kind == LOG_BLANK))
		from++;
	return from;
}

/* A call follows its goroutine, never a goroutine a call; and where there is none, there are as many places behind calls as calls. */
static bool is_reversed(const struct log_stream *stream, bool one_line)
{
	size_t forward = 0, backward = 0, up = 0, down = 0, next;

	for (size_t i = next_known(stream, 0); (next = next_known(stream, i + 1)) < stream->records.count; i = next) {
		const struct stream_line *a = &stream->records.items[i], *b = &stream->records.items[next];

		if (a->number == b->number && !one_line)
			continue;
		forward += a->below || b->below;
		forward += a->kind == LOG_STACK && b->kind == LOG_CALL;
		backward += a->kind == LOG_CALL && b->kind == LOG_STACK;
		up += a->kind == LOG_PLACE && b->kind == LOG_CALL;
		down += a->kind == LOG_CALL && b->kind == LOG_PLACE;
	}
	return forward || backward ? backward > forward : up > down;
}

static void reverse(struct stream_line *records, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		const struct stream_line kept = records[i];

		records[i] = records[count - 1 - i];
		records[count - 1 - i] = kept;
	}
}

/* Whole lines of the file change places; what was in one line of it keeps its order, and so does a continuation. */
bool restore_order(struct log_stream *stream)
{
	struct stream_line *records = stream->records.items;
	const bool one_line = stream->records.count && records[0].number == records[stream->records.count - 1].number;
	size_t end;

	if (!is_reversed(stream, one_line))
		return false;
	reverse(records, stream->records.count);
	for (size_t i = 0; i < stream->records.count && !one_line; i = end) {
		for (end = i + 1; end < stream->records.count && records[end].number == records[i].number; end++)
			;
		reverse(records + i, end - i);
	}
	return true;
}

/* ---- width ---- */

enum { MOST_PIECES = 24, FEWEST_BYTES = 40 };

struct joining {
	struct arena *arena;
	struct log_stream *stream;
	uint32_t width; /* of the widest line */
	bool proven;    /* lines were broken: what is a line of the runtime's already may be one of these, too */
};

/* Whether the first word of the next line had no room in this one. */
static bool is_full(const struct joining *joining, const struct stream_line *record, const struct stream_line *next)
{
	size_t word = 0;

	while (word < next->text.size && next->text.data[word] != ' ')
		word++;
	return record->width >= FEWEST_BYTES && record->number != next->number && (size_t)record->width + 1 + word > joining->width;
}

static bool has_blank(struct span text)
{
	return text.size && memchr(text.data, ' ', text.size);
}

static bool has(struct span text, const char *what)
{
	return text.size && memmem(text.data, text.size, what, strlen(what));
}

/* A place as releases before Go 1.9 print it, and others up to where it was broken off. */
static bool lacks_pc(const struct stream_line *record)
{
	return record->kind == LOG_PLACE && has(record->text, " sp=0x") && !has(record->text, " pc=0x");
}

static bool may_continue(const struct stream_line *record, const struct stream_line *next, bool full)
{
	if (next->kind == LOG_OTHER)
		return (full || !indent_of(next->text)) && !log_is_dated(next->text);
	if (next->kind == LOG_REGISTER) /* 0xcc: the last of "instruction bytes:" */
		return record->kind == LOG_NOTE && full;
	if ((record->kind != LOG_OTHER && !lacks_pc(record)) || (next->kind == LOG_CALL && has_blank(log_trim(record->text))))
		return false;
	return next->kind == LOG_CALL || (next->kind == LOG_PLACE && next->text.data[0] != '\t' && (full || next->text.data[0] != ' '));
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

/* Whether a bracket is open that the joined text closes. */
static bool closes_bracket(struct span first, struct span joined)
{
	const uint8_t *open = memrchr(first.data, '[', first.size);

	return open && !memchr(open, ']', first.size - (size_t)(open - first.data)) && joined.data[joined.size - 1] == ']';
}

/* Whether joined pieces are a line that the first of them was not. What ends a process may go on with anything. */
static bool is_better(const struct joining *joining, const struct stream_line *first, struct span joined, bool full)
{
	const enum log_kind kind = log_kind_of(joined);

	switch (kind) {
	case LOG_CALL:
	case LOG_PLACE:
	case LOG_STACK:
	case LOG_CREATED:
		return first->kind == LOG_OTHER || (first->kind == kind && joining->proven) || (lacks_pc(first) && has(joined, " pc=0x"));
	case LOG_WORDS:
	case LOG_SIGNAL:
	case LOG_NOTE:
		return first->kind == kind && full;
	case LOG_END:
		return first->kind == kind && full && (joining->proven || closes_bracket(first->text, joined));
	default:
		return false;
	}
}

/* How many records from `index` on are one line; 1: it stands alone. */
static size_t pieces(const struct joining *joining, size_t index, struct span *ret)
{
	const struct stream_line *records = joining->stream->records.items;
	struct span text = records[index].text;
	size_t best = 1;

	for (size_t i = index; i + 1 < joining->stream->records.count && i - index < MOST_PIECES; i++) {
		const bool full = records[i].width == joining->width;

		if (!records[i + 1].text.size || !is_full(joining, &records[i], &records[i + 1]) ||
		    !may_continue(&records[index], &records[i + 1], full))
			break;
		text = join(joining->arena, text, records[i + 1].text, !full);
		if (is_better(joining, &records[index], text, full)) {
			best = i + 2 - index;
			*ret = text;
		}
	}
	return best;
}

static bool is_digits(struct span text)
{
	for (size_t i = 0; i < text.size; i++)
		if (!isxdigit(text.data[i]))
			return false;
	return text.size;
}

/* A place as wide as any line, and digits alone below it: it was broken off in its last number, and is a place without them, too. */
static bool is_broken_number(const struct joining *joining, size_t index)
{
	const struct stream_line *records = joining->stream->records.items;

	return records[index].kind == LOG_PLACE && records[index].width == joining->width && index + 1 < joining->stream->records.count &&
	       records[index + 1].kind == LOG_OTHER && is_digits(records[index + 1].text);
}

static bool any_joined(const struct joining *joining)
{
	size_t numbers = 0;

	for (size_t i = 0; i < joining->stream->records.count; i++) {
		const struct stream_line *record = &joining->stream->records.items[i];
		struct span text;

		numbers += is_broken_number(joining, i);
		if (numbers > 1 || ((record->kind == LOG_OTHER || lacks_pc(record)) && pieces(joining, i, &text) > 1))
			return true;
	}
	return false;
}

void restore_width(struct arena *arena, struct log_stream *stream)
{
	struct joining joining = {.arena = arena, .stream = stream};
	struct stream_line *records = stream->records.items;
	size_t kept = 0, taken;

	for (size_t i = 0; i < stream->records.count; i++)
		if (records[i].width > joining.width)
			joining.width = records[i].width;
	joining.proven = any_joined(&joining);
	for (size_t i = 0; i < stream->records.count; i += taken) {
		struct stream_line record = records[i];

		taken = record.kind == LOG_BLANK || record.below ? 1 : pieces(&joining, i, &record.text);
		if (taken > 1)
			record.kind = (uint8_t)log_kind_of(record.text);
		records[kept++] = record;
	}
	stream->records.count = kept;
}
