/* blocks.c: see blocks.h. A block begins with what ends a process, or with a goroutine; what else the runtime prints before that
 * ("runtime: goroutine stack exceeds …") belongs to it. From the first goroutine on only lines of the runtime's are kept. */
#include "formats/log/blocks.h"

#include "base/word_map.h"
#include "formats/log/block_text.h"
#include "formats/log/crash_openings.h"
#include "formats/log/id_set.h"

#include <string.h>

enum {
	MOST_FOREIGN = 5000, /* lines of others in a row, in the midst of a crash */
	MOST_BEFORE_END = 64, /* … between what the runtime prints first and what ends the process */
	MOST_IN_DOUBT = 5000, /* … that are held to be of one crash until another shows */
};

/* Where in the midst of stacks another crash may have begun: what the block was up to there. */
struct doubt {
	size_t lines; /* 0: nowhere */
	const uint8_t *raw; /* of the line that it began with */
	struct log_block block;
	size_t frames;
	enum log_kind last;
	bool told;
	bool of_walk; /* it began with what the runtime also says of a stack that it cannot walk */
	bool over;    /* registers came last: the process is gone (signal_unix.go, sighandler), so any stack that follows is another's */
};

enum state { STATE_NONE, STATE_NOTES, STATE_END, STATE_STACKS };

struct building {
	struct maker *maker;
	enum state state;
	struct log_block block;
	struct block_text text;
	struct id_set ids;
	size_t frames;    /* calls with their places */
	size_t foreign;   /* lines of others in a row */
	size_t ends;      /* times that a thread said that it ends the process; what is indented is of a chain of panics */
	size_t said;      /* lines up to the first blank one behind the last that the runtime printed of the end; 0: not yet */
	bool told;        /* where the process was hit, or where a stack could not be walked */
	bool headless;    /* an exception of Windows ended the process: the stack that comes first has no header (signal_windows.go winthrow) */
	bool indented;    /* what ended the process: as in a document that quotes it; the runtime indents later panics only */
	bool threads;     /* the runtime goes through its threads: "-----" */
	bool turn;        /* … and said so last: the signal that follows is the next thread's, any other begins another crash */
	bool died_again;  /* "panic during panic": goroutines may come a second time */
	bool dies_again;  /* … was said last: what ends the process now is of this crash, too */
	bool races;       /* in a report of the race detector */
	bool exited;      /* the last of what is not a note was that the process is gone (gone.def) */
	struct doubt notes; /* where the notes began that come last, if a crash may begin with them */
	struct doubt doubt; /* where another crash began if a goroutine's stack now comes again */
	struct id_set again;    /* ids that came behind "panic during panic", or of threads that died, too */
	struct id_set unwalked; /* ids that came without a stack: another thread ran them */
	enum log_kind last;
};

/* The lines of one sender on their way into blocks. */
struct maker {
	struct block_makers *makers;
	bool enveloped;
	struct building building;
	bool waits, any;            /* a line is held back until the next is known; it is not the first */
	struct stream_line waiting;
	enum log_kind before;       /* kind of the line before it */
};

struct block_makers {
	struct arena *arena, *scratch;
	struct log_blocks *blocks;
	struct word_map by_sender; /* index in items */
	VEC(struct maker *) items;
};

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
	switch (building->state) {
	case STATE_STACKS:
		return building->frames || building->block.begin == LOG_BEGINS_WITH_END;
	case STATE_END:
		return (!building->maker->enveloped && !building->indented) || building->told;
	case STATE_NOTES:
		return building->told && building->block.has_words;
	case STATE_NONE:
		break;
	}
	return false;
}

static const struct {
	const char *text, *number;
} telling[] = {
#define TELLS(text, number) {text, number},
#include "formats/log/telling.def"
#undef TELLS
};

static bool holds(struct span text, const char *what)
{
	return text.size && memmem(text.data, text.size, what, strlen(what));
}

/* Of a line that is not what ended the process. Its number may have had no room in it. */
static bool tells(struct span text, enum log_kind kind, const struct stream_line *next)
{
	for (size_t i = 0; kind == LOG_NOTE && i < sizeof telling / sizeof *telling; i++)
		if (holds(text, telling[i].text))
			return holds(text, telling[i].number) || (next && span_begins(log_trim(next->text), telling[i].number));
	return kind == LOG_SIGNAL;
}

static void trim_end(struct building *building)
{
	if (building->state == STATE_END && building->said)
		while (building->text.lines > building->said)
			block_text_drop_last(&building->text);
	while (block_text_ends_blank(&building->text))
		block_text_drop_last(&building->text);
}

static void span_run(struct log_block *block, const struct log_run *run)
{
	const uint64_t first = run->number, last = run->number + (run->count - 1) * (uint64_t)run->step;
	const uint64_t least = first < last ? first : last, most = first < last ? last : first;

	if (!block->first_line || least < block->first_line)
		block->first_line = least;
	if (most > block->last_line)
		block->last_line = most;
}

static void start_block(struct maker *maker)
{
	struct building *building = &maker->building;
	struct building fresh = {.maker = maker, .text = building->text, .ids = building->ids, .again = building->again, .unwalked = building->unwalked};

	if (building->maker)
		block_text_restart(&fresh.text);
	else
		fresh.text = block_text_new(maker->makers->arena, maker->makers->blocks->arena, maker->makers->blocks->log);
	id_set_clear(&fresh.ids);
	id_set_clear(&fresh.again);
	id_set_clear(&fresh.unwalked);
	*building = fresh;
}

static void close_block(struct building *building)
{
	struct log_block *block = &building->block;
	struct log_blocks *blocks = building->maker->makers->blocks;

	trim_end(building);
	if (is_worth(building) && building->text.lines) {
		block->runs = block_text_keep(&building->text);
		block->run_count = building->text.runs.count;
		block->count = building->text.lines;
		block->cut_at_end = building->last == LOG_CALL || building->last == LOG_CREATED || building->last == LOG_STACK ||
				    building->state == STATE_NOTES;
		for (size_t i = 0; i < block->run_count; i++)
			span_run(block, &block->runs[i]);
		vec_push_moving(blocks->arena, &blocks->items, *block);
	}
	start_block(building->maker);
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

/* A line of the log, from where it begins. */
static struct span whole_line(struct span log, const uint8_t *begin)
{
	enum { MOST = 1 << 12 };
	const size_t left = begin ? (size_t)(log.data + log.size - begin) : 0, most = left < MOST ? left : MOST;
	const uint8_t *end = most ? memchr(begin, '\n', most) : NULL;

	return (struct span){begin, end ? (size_t)(end - begin) : most};
}

/* Whether the runtime says that it met another end while it printed one (panic.go, startpanic_m). NULL: there is no line. */
static bool says_again(const struct stream_line *line)
{
	return line && span_begins(log_trim(line->text), "panic during ");
}

static void keep(struct building *building, const struct stream_line *record, enum log_kind kind)
{
	const struct span text = record->below ? record->text : clean(building->maker->makers->scratch, record->text, kind);

	if (!text.size && (!building->text.lines || block_text_ends_blank(&building->text)))
		return;
	if (!building->text.lines)
		building->block.head = whole_line(building->maker->makers->blocks->log, record->raw);
	block_text_add(&building->text, text, record->number, record->below + (size_t)1);
	building->frames += record->below || (building->last == LOG_CALL && kind == LOG_PLACE);
	building->block.stacks += kind == LOG_STACK;
	building->block.places += record->below / 2U + (kind == LOG_PLACE);
	building->block.has_words |= kind == LOG_WORDS;
	if (kind != LOG_BLANK && kind != LOG_NOTE && kind != LOG_WORDS) {
		building->notes.lines = 0;
		building->exited = false;
	}
	if (kind != LOG_BLANK) {
		building->turn = span_begins(log_trim(text), "-----");
		building->dies_again = says_again(record);
		building->last = record->below ? LOG_PLACE : kind;
	}
	building->foreign = 0;
}

/* ---- where blocks begin ---- */

/* What the runtime says in the midst of a stack that it cannot walk is part of the crash, also where it crashes of it, and so are the
 * signals by which it goes through its threads. */
static bool ends_another(const struct building *building, struct span text, const struct stream_line *next)
{
	if (building->state != STATE_STACKS || building->dies_again || says_again(next))
		return false;
	if (building->last == LOG_NOTE || building->last == LOG_WORDS)
		return building->exited || (!span_begins(text, "fatal error: ") && !(building->turn && span_begins(text, "SIG")));
	return !(building->turn && span_begins(text, "SIG"));
}

static void take(struct building *building, const struct stream_line *record, const struct stream_line *next);

static struct doubt doubt_at(const struct building *building, const struct stream_line *record)
{
	return (struct doubt){.lines = building->text.lines, .raw = record->raw, .block = building->block, .frames = building->frames, .last = building->last,
			      .told = building->told, .over = building->last == LOG_REGISTER};
}

/* Notes with which a crash may begin. The runtime says of a stack that it cannot walk the same when it dies of that and when it prints the
 * stack, so what follows tells whose they are. */
static void begin_notes(struct building *building, const struct stream_line *record)
{
	const struct span text = log_trim(record->text);
	const bool of_walk = crash_opening_of_walk(text);

	if (building->state != STATE_STACKS || !crash_opening(text) || (building->notes.lines && (of_walk || !building->notes.of_walk)))
		return;
	building->notes = doubt_at(building, record);
	building->notes.of_walk = of_walk;
}

static bool begins_with_notes(const struct building *building, struct span end)
{
	return building->notes.lines && (!building->notes.of_walk || crash_by_walk(end));
}

/* Another thread of the process may say that it dies, too, while this one prints: then no goroutine comes again. */
static void begin_doubt(struct building *building, const struct stream_line *record, const struct stream_line *next)
{
	const struct span text = log_trim(record->text);
	struct doubt doubt;

	if (building->state != STATE_STACKS)
		return;
	building->doubt.lines = 0;
	if (!span_begins(text, "fatal error: ") || says_again(next))
		return;
	doubt = begins_with_notes(building, text) ? building->notes : doubt_at(building, record);
	if (doubt.over || !building->threads)
		building->doubt = doubt;
}

static struct stream_line stream_line_of(const struct block_line *line, const uint8_t *raw)
{
	return (struct stream_line){.text = line->text, .raw = raw, .number = line->number, .kind = (uint8_t)log_kind_of(line->text)};
}

/* The block ends where the doubt began, and what came since then is taken as the beginning of another. */
static void split(struct building *building)
{
	const struct doubt doubt = building->doubt;
	struct arena *arena = building->maker->makers->scratch;
	const size_t count = building->text.lines - doubt.lines;
	const struct block_line *lines = block_text_take_last(&building->text, count, arena);

	building->block = doubt.block;
	building->frames = doubt.frames;
	building->last = doubt.last;
	building->told = doubt.told;
	close_block(building);
	for (size_t i = 0; i < count; i++) {
		const struct stream_line line = stream_line_of(&lines[i], i ? NULL : doubt.raw);
		const struct stream_line next = i + 1 < count ? stream_line_of(&lines[i + 1], NULL) : line;

		take(building, &line, i + 1 < count ? &next : NULL);
	}
}

/* Whether a thread that died while another printed all this now prints its goroutine, which that one could not walk (panic.go dopanic_m,
 * where panicking is not yet 0): once of each. */
static bool is_told_late(struct building *building, const struct stream_line *next, uint64_t id)
{
	return building->ends > 1 && next && next->kind == LOG_CALL && id_set_has(&building->unwalked, id) &&
	       id_set_add(&building->again, building->maker->makers->arena, id);
}

/* A goroutine that is there already is one of another account, unless its own thread prints it. */
static bool is_another_account(struct building *building, const struct stream_line *record, const struct stream_line *next)
{
	const struct maker *maker = building->maker;
	const struct span text = log_trim(record->text);
	const uint64_t id = span_begins(text, "goroutine ") ? id_of(text) : 0;
	const bool fresh = !id || id_set_add(building->died_again ? &building->again : &building->ids, maker->makers->arena, id);

	if (building->state != STATE_STACKS || building->threads)
		return false;
	if (building->block.begin == LOG_BEGINS_WITH_STACK && maker->any && maker->before == LOG_OTHER && building->frames &&
	    !block_text_ends_blank(&building->text))
		return true;
	return !fresh && !is_told_late(building, next, id);
}

/* Whether a goroutine that was there with its stack has one again, behind where another crash may have begun. */
static bool is_told_again(struct building *building, const struct stream_line *record, const struct stream_line *next)
{
	const struct span text = log_trim(record->text);
	const bool walked = record->below || (next && next->kind == LOG_CALL);
	const uint64_t id = span_begins(text, "goroutine ") ? id_of(text) : 0;

	if (!id)
		return false;
	if (!walked) {
		id_set_add(&building->unwalked, building->maker->makers->arena, id);
		return false;
	}
	return building->doubt.lines && building->text.lines - building->doubt.lines <= MOST_IN_DOUBT &&
	       (building->doubt.over || (id_set_has(&building->ids, id) && !id_set_has(&building->unwalked, id)));
}

static void begin_stack(struct building *building, const struct stream_line *record, const struct stream_line *next)
{
	const struct span text = log_trim(record->text);

	if (is_told_again(building, record, next))
		split(building);
	if (is_another_account(building, record, next)) {
		close_block(building);
		if (span_begins(text, "goroutine "))
			id_set_add(&building->ids, building->maker->makers->arena, id_of(text));
	}
	if (building->state == STATE_NONE || building->state == STATE_NOTES)
		building->block.begin = LOG_BEGINS_WITH_STACK;
	building->state = STATE_STACKS;
	keep(building, record, LOG_STACK);
}

static void begin_end(struct building *building, const struct stream_line *record, const struct stream_line *next)
{
	if (ends_another(building, log_trim(record->text), next)) {
		building->doubt = building->notes;
		if (begins_with_notes(building, log_trim(record->text)))
			split(building);
		else
			close_block(building);
	}
	begin_doubt(building, record, next);
	building->said = 0;
	if (building->state == STATE_NONE || building->state == STATE_NOTES) {
		building->block.begin = LOG_BEGINS_WITH_END;
		building->state = STATE_END;
		building->indented = log_trim(record->text).data != record->text.data;
	}
	building->headless |= span_begins(log_trim(record->text), "Exception 0x");
	building->ends += log_trim(record->text).data == record->text.data;
	keep(building, record, LOG_END);
}

/* ---- lines ---- */

/* The name of a C function, or any other that has no arguments: a place follows. */
static bool is_bare_call(const struct stream_line *record, const struct stream_line *next)
{
	const struct span text = log_trim(record->text);

	return next && next->kind == LOG_PLACE && text.size && !memchr(text.data, ' ', text.size) && text.data[0] != '{' && text.data[0] != '<';
}

static void note_exit(struct building *building, const struct stream_line *record)
{
	if (!crash_is_over(log_trim(record->text)))
		return;
	building->exited = true;
	building->notes.lines = 0;
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
		note_exit(building, record);
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
	if (building->headless && (kind == LOG_CREATED || (kind == LOG_CALL && next && next->kind == LOG_PLACE)))
		building->state = STATE_STACKS;
	keep(building, record, kind);
}

static void take_blank(struct building *building, const struct stream_line *record)
{
	if (building->state == STATE_NONE)
		return;
	if (building->state == STATE_END && !building->said)
		building->said = building->text.lines;
	keep(building, record, LOG_BLANK);
}

/* Reports of the race detector stand between lines of "=", and have calls and places of their own. */
static bool in_race_report(struct building *building, const struct stream_line *record)
{
	const struct span text = log_trim(record->text);

	if (span_begins(text, "WARNING: DATA RACE"))
		building->races = true;
	if (building->races && (span_begins(text, "==================") || record->kind == LOG_STACK || record->kind == LOG_END)) {
		building->races = false;
		return span_begins(text, "=");
	}
	return building->races;
}

static void take(struct building *building, const struct stream_line *record, const struct stream_line *next)
{
	if (in_race_report(building, record))
		return;
	switch ((enum log_kind)record->kind) {
	case LOG_END:
		begin_end(building, record, next);
		return;
	case LOG_STACK:
		begin_stack(building, record, next);
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
		building->said = 0;
		building->threads |= span_begins(log_trim(record->text), "-----");
		begin_notes(building, record);
		if (says_again(record)) {
			building->doubt.lines = 0;
			building->died_again = true;
		}
		building->told |= tells(log_trim(record->text), record->kind, next);
		keep(building, record, record->kind);
		note_exit(building, record);
		return;
	}
}

/* ---- senders ---- */

struct block_makers *block_makers_new(struct arena *arena, struct log_blocks *blocks)
{
	struct block_makers *makers = arena_alloc(arena, sizeof *makers);

	makers->arena = arena;
	makers->blocks = blocks;
	return makers;
}

static struct maker *maker_of(struct block_makers *makers, const struct log_stream *stream)
{
	const int64_t known = word_map_find(&makers->by_sender, stream->sender);
	struct maker *maker;

	if (known >= 0)
		return makers->items.items[known];
	word_map_add(&makers->by_sender, makers->arena, stream->sender, (uint32_t)makers->items.count);
	maker = arena_alloc(makers->arena, sizeof *maker);
	maker->makers = makers;
	maker->enveloped = stream->enveloped;
	start_block(maker);
	vec_push(makers->arena, &makers->items, maker);
	return maker;
}

static void take_waiting(struct maker *maker, const struct stream_line *next)
{
	if (!maker->waits)
		return;
	take(&maker->building, &maker->waiting, next);
	maker->before = maker->waiting.kind;
	maker->any = true;
}

/* What comes behind a line: behind a goroutine, whatever others write in between. */
static const struct stream_line *next_of(const struct maker *maker, const struct log_stream *stream, size_t index)
{
	enum { FARTHEST = 16 };
	const struct stream_line *records = stream->records.items;
	const size_t end = stream->records.count - index < FARTHEST ? stream->records.count : index + FARTHEST;
	size_t at = index;

	while (maker->waits && maker->waiting.kind == LOG_STACK && at < end && records[at].kind == LOG_OTHER)
		at++;
	return &records[at < end ? at : index];
}

void block_makers_add(struct block_makers *makers, struct arena *scratch, const struct log_stream *stream)
{
	struct maker *maker = maker_of(makers, stream);

	makers->scratch = scratch;
	for (size_t i = 0; i < stream->records.count; i++) {
		take_waiting(maker, next_of(maker, stream, i));
		maker->waiting = stream->records.items[i];
		maker->waits = true;
	}
	if (maker->waits) /* the scratch arena will be gone */
		maker->waiting.text = block_text_lasting(&maker->building.text, maker->waiting.text);
}

void block_makers_end(struct block_makers *makers)
{
	makers->scratch = makers->arena;
	for (size_t i = 0; i < makers->items.count; i++) {
		take_waiting(makers->items.items[i], NULL);
		close_block(&makers->items.items[i]->building);
	}
}
