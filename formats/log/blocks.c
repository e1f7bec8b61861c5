/* blocks.c: see blocks.h. A block begins with what ends a process, or with a goroutine; what else the runtime prints before that
 * ("runtime: goroutine stack exceeds …") belongs to it. From the first goroutine on only lines of the runtime's are kept. */
#include "formats/log/blocks.h"

#include "base/hash.h"

#include <string.h>

enum {
	MOST_FOREIGN = 5000, /* lines of others in a row, in the midst of a crash */
	MOST_BEFORE_END = 64, /* … between what the runtime prints first and what ends the process */
};

enum state { STATE_NONE, STATE_NOTES, STATE_END, STATE_STACKS };

/* Ids of goroutines that a block has. */
struct id_set {
	uint64_t *slots; /* id + 1; a power of two */
	size_t size, count;
};

struct building {
	struct log_blocks *blocks;
	struct arena *scratch;
	const struct log_stream *stream;
	enum state state;
	struct log_block block;
	VEC(struct log_line) lines;
	struct id_set ids;
	size_t frames;    /* calls with their places */
	size_t foreign;   /* lines of others in a row */
	size_t said;      /* lines up to the first blank one behind what ended the process; 0: not yet */
	bool threads;     /* the runtime goes through its threads: "-----" */
	bool races;       /* in a report of the race detector */
	enum log_kind last;
};

static bool starts(struct span text, const char *with)
{
	const size_t size = strlen(with);

	return text.size >= size && !memcmp(text.data, with, size);
}

/* ---- ids ---- */

static bool ids_add_to(struct id_set *ids, uint64_t value)
{
	size_t slot = hash_slot(value, ids->size);

	while (ids->slots[slot] && ids->slots[slot] != value)
		slot = (slot + 1) & (ids->size - 1);
	if (ids->slots[slot])
		return false;
	ids->slots[slot] = value;
	ids->count++;
	return true;
}

/* False: it was there. */
static bool ids_add(struct arena *arena, struct id_set *ids, uint64_t id)
{
	enum { FIRST = 64 };
	const struct id_set old = *ids;

	if (ids->count * 2 >= ids->size) {
		ids->size = ids->size ? ids->size * 2 : FIRST;
		ids->slots = arena_array(arena, ids->size, sizeof *ids->slots);
		ids->count = 0;
		for (size_t i = 0; i < old.size; i++)
			if (old.slots[i])
				ids_add_to(ids, old.slots[i]);
	}
	return ids_add_to(ids, id + 1);
}

static uint64_t id_of(struct span text)
{
	uint64_t id = 0;

	for (size_t i = sizeof "goroutine " - 1; i < text.size && text.data[i] >= '0' && text.data[i] <= '9'; i++)
		id = id * 10 + (uint64_t)(text.data[i] - '0');
	return id;
}

/* ---- one block ---- */

/* Whether it tells anything: how a process ended, or where a goroutine was. */
static bool is_worth(const struct building *building)
{
	if (building->state == STATE_STACKS)
		return building->frames || (building->block.begin == LOG_BEGINS_WITH_END && building->ids.count);
	return building->state == STATE_END && !building->stream->enveloped;
}

static void trim_end(struct building *building)
{
	if (building->state == STATE_END && building->said)
		building->lines.count = building->said;
	while (building->lines.count && !building->lines.items[building->lines.count - 1].length)
		building->lines.count--;
}

static void span_lines(struct log_block *block)
{
	block->first_line = block->last_line = block->lines[0].number;
	for (size_t i = 1; i < block->count; i++) {
		if (block->lines[i].number < block->first_line)
			block->first_line = block->lines[i].number;
		if (block->lines[i].number > block->last_line)
			block->last_line = block->lines[i].number;
	}
}

/* The lines, on the arena that outlives this file's work. */
static struct log_line *keep_lines(const struct building *building)
{
	const uintptr_t log = (uintptr_t)building->blocks->log.data, size = building->blocks->log.size;
	struct arena *arena = building->blocks->arena;
	struct log_line *lines = arena_array(arena, building->lines.count, sizeof *lines);

	for (size_t i = 0; i < building->lines.count; i++) {
		lines[i] = building->lines.items[i];
		if ((uintptr_t)lines[i].text - log >= size)
			lines[i].text = arena_strndup(arena, lines[i].text, lines[i].length);
	}
	return lines;
}

static void close_block(struct building *building)
{
	struct log_block *block = &building->block;

	trim_end(building);
	if (is_worth(building) && building->lines.count) {
		block->lines = keep_lines(building);
		block->count = building->lines.count;
		block->cut_at_end = building->last == LOG_CALL || building->last == LOG_CREATED || building->last == LOG_STACK;
		span_lines(block);
		vec_push(building->blocks->arena, &building->blocks->items, *block);
	}
	*building = (struct building){.blocks = building->blocks, .scratch = building->scratch, .stream = building->stream};
}

/* What is kept of a text: places have their tab again, whatever it became. */
static struct span clean(struct arena *arena, struct span text, enum log_kind kind)
{
	const struct span inner = log_trim(text);
	const bool indented = inner.size && inner.data != text.data;
	uint8_t *data;

	if (kind == LOG_WORDS || kind == LOG_OTHER) { /* the columns count; others as they are */
		const size_t lead = inner.size ? (size_t)(inner.data - text.data) : 0;

		return (struct span){text.data, inner.size ? lead + inner.size : 0};
	}
	if (kind != LOG_PLACE && !(indented && (kind == LOG_END || kind == LOG_NOTE)))
		return inner;
	if (indented && inner.data == text.data + 1 && text.data[0] == '\t')
		return (struct span){text.data, inner.size + 1};
	data = arena_alloc(arena, inner.size + 1);
	data[0] = '\t';
	memcpy(data + 1, inner.data, inner.size);
	return (struct span){data, inner.size + 1};
}

static void keep(struct building *building, const struct stream_line *record, enum log_kind kind)
{
	struct arena *arena = building->scratch;
	const struct span text = clean(arena, record->text, kind);

	if (!text.size && (!building->lines.count || !building->lines.items[building->lines.count - 1].length))
		return;
	vec_push(arena, &building->lines, (struct log_line){(const char *)text.data, text.size, record->number});
	building->frames += building->last == LOG_CALL && kind == LOG_PLACE;
	if (kind != LOG_BLANK)
		building->last = kind;
	building->foreign = 0;
}

/* ---- where blocks begin ---- */

/* What the runtime says in the midst of a stack that it cannot walk is part of the crash, also where it crashes of it, and so are the
 * signals by which it goes through its threads. */
static bool ends_another(const struct building *building, struct span text, const struct stream_line *next)
{
	if (building->state != STATE_STACKS || (next && starts(log_trim(next->text), "panic during ")))
		return false;
	if (building->last == LOG_NOTE || building->last == LOG_WORDS)
		return !starts(text, "fatal error: ") && !(building->threads && starts(text, "SIG"));
	return !(building->threads && starts(text, "SIG"));
}

/* A goroutine that is there already is one of another account, unless its own thread prints it. */
static bool is_another_account(struct building *building, const struct stream_line *record, const struct stream_line *before)
{
	const struct span text = log_trim(record->text);
	const uint64_t id = starts(text, "goroutine ") ? id_of(text) : 0;
	const bool fresh = !id || ids_add(building->scratch, &building->ids, id);

	if (building->state != STATE_STACKS || building->threads)
		return false;
	if (building->block.begin == LOG_BEGINS_WITH_STACK && before && before->kind == LOG_OTHER && building->frames &&
	    building->lines.items[building->lines.count - 1].length)
		return true;
	return !fresh;
}

static void begin_stack(struct building *building, const struct stream_line *record, const struct stream_line *before)
{
	const struct span text = log_trim(record->text);

	if (is_another_account(building, record, before)) {
		close_block(building);
		if (starts(text, "goroutine "))
			ids_add(building->scratch, &building->ids, id_of(text));
	}
	if (building->state == STATE_NONE || building->state == STATE_NOTES)
		building->block.begin = LOG_BEGINS_WITH_STACK;
	building->state = STATE_STACKS;
	keep(building, record, LOG_STACK);
}

static void begin_end(struct building *building, const struct stream_line *record, const struct stream_line *next)
{
	if (ends_another(building, log_trim(record->text), next))
		close_block(building);
	if (building->state == STATE_NONE || building->state == STATE_NOTES) {
		building->block.begin = LOG_BEGINS_WITH_END;
		building->state = STATE_END;
	}
	keep(building, record, LOG_END);
}

/* ---- lines ---- */

/* The name of a C function, or any other that has no arguments: a place follows. */
static bool is_bare_call(const struct stream_line *record, const struct stream_line *next)
{
	const struct span text = log_trim(record->text);

	return next && next->kind == LOG_PLACE && text.size && !memchr(text.data, ' ', text.size) && text.data[0] != '{' && text.data[0] != '<';
}

static void take_other(struct building *building, const struct stream_line *record, const struct stream_line *next)
{
	switch (building->state) {
	case STATE_NONE:
		return;
	case STATE_NOTES:
		if (++building->foreign > MOST_BEFORE_END)
			close_block(building);
		return;
	case STATE_END:
		if (++building->foreign > MOST_FOREIGN) {
			close_block(building);
		} else if (log_is_dated(record->text)) {
			building->block.left_out++;
		} else {
			const size_t foreign = building->foreign;

			keep(building, record, LOG_OTHER);
			building->foreign = foreign;
		}
		return;
	case STATE_STACKS:
		if (is_bare_call(record, next)) {
			keep(building, record, LOG_CALL);
		} else {
			building->block.left_out++;
			if (++building->foreign > MOST_FOREIGN)
				close_block(building);
		}
	}
}

/* Frames without a goroutine: the beginning of the crash is not there. */
static void take_frame(struct building *building, const struct stream_line *record, enum log_kind kind, const struct stream_line *next)
{
	if (building->state == STATE_NONE || building->state == STATE_NOTES) {
		if (kind != LOG_PLACE && !(next && next->kind == LOG_PLACE))
			return;
		if (building->state == STATE_NONE)
			building->block.cut_at_start = true;
		building->block.begin = LOG_BEGINS_WITH_STACK;
		building->state = STATE_STACKS;
	}
	keep(building, record, kind);
}

static void take_blank(struct building *building, const struct stream_line *record)
{
	if (building->state == STATE_NONE)
		return;
	if (building->state == STATE_END && !building->said)
		building->said = building->lines.count;
	keep(building, record, LOG_BLANK);
}

/* Reports of the race detector stand between lines of "=", and have calls and places of their own. */
static bool in_race_report(struct building *building, struct span text)
{
	if (starts(text, "WARNING: DATA RACE"))
		building->races = true;
	if (building->races && (starts(text, "==================") || log_kind_of(text) == LOG_STACK || log_kind_of(text) == LOG_END)) {
		building->races = false;
		return starts(text, "=");
	}
	return building->races;
}

static void take(struct building *building, const struct stream_line *before, const struct stream_line *record, const struct stream_line *next)
{
	const struct span text = log_trim(record->text);

	if (in_race_report(building, text))
		return;
	switch ((enum log_kind)record->kind) {
	case LOG_END:
		begin_end(building, record, next);
		return;
	case LOG_STACK:
		begin_stack(building, record, before);
		return;
	case LOG_CALL:
	case LOG_PLACE:
	case LOG_CREATED:
		take_frame(building, record, record->kind, next);
		return;
	case LOG_BLANK:
		take_blank(building, record);
		return;
	case LOG_OTHER:
		take_other(building, record, next);
		return;
	case LOG_SIGNAL:
	case LOG_NOTE:
	case LOG_WORDS:
	case LOG_REGISTER:
		if (building->state == STATE_NONE)
			building->state = STATE_NOTES;
		building->threads |= starts(text, "-----");
		keep(building, record, record->kind);
		return;
	}
}

void log_blocks_add(struct log_blocks *blocks, struct arena *scratch, const struct log_stream *stream)
{
	struct building building = {.blocks = blocks, .scratch = scratch, .stream = stream};
	const struct stream_line *records = stream->records.items;

	for (size_t i = 0; i < stream->records.count; i++)
		take(&building, i ? &records[i - 1] : NULL, &records[i], i + 1 < stream->records.count ? &records[i + 1] : NULL);
	close_block(&building);
}
