/* recollection.c: see recollection.h. */
#include "lib/recollection.h"

#include "fleet/history/history.h"
#include "fleet/incident.h"
#include "report/escape.h"
#include "report/json/reader.h"
#include "report/json/writer.h"

#include <stdlib.h>

enum { BUDGET = 16 << 20, TEXT = 512 };

struct asking {
	struct arena *arena;
	const char *database, *fingerprint;
	struct crash_history history;
	struct broker_answer *answer;
};

/* ---- who has the database ---- */

static void put_history(struct writer *writer, json_t *object, const struct crash_history *history)
{
	put_text(writer, object, "trouble", history->trouble ? arena_strndup(writer->arena, history->trouble, strnlen(history->trouble, TEXT)) : NULL);
	put_text(writer, object, "cluster", history->cluster);
	put_number(writer, object, "count", true, (int64_t)history->count);
	put_number(writer, object, "first", true, history->first);
	put_number(writer, object, "last", true, history->last);
	put_text(writer, object, "first_build", history->first_build);
	put_text(writer, object, "gone_in", history->gone_in);
	put_number(writer, object, "gone_since", true, history->gone_since);
	put_texts(writer, put_value(writer, object, "notes", new_array()), history->notes, history->note_count);
}

/* False: it does not fit. */
static bool write_answer(const struct asking *asking, const struct crash_history *history)
{
	struct writer *writer = arena_alloc(asking->arena, sizeof *writer);
	FILE *out = fmemopen(asking->answer->text, sizeof asking->answer->text, "w");
	bool whole;

	if (!out)
		return false;
	setvbuf(out, NULL, _IONBF, 0);
	writer->arena = asking->arena;
	writer_start(writer, out);
	put_history(writer, begin_value(writer, new_object()), history);
	dump_pending(writer);
	whole = writer_end(writer) && !ferror(out);
	return !fclose(out) && whole;
}

static void ask(void *context)
{
	struct asking *asking = context;
	struct crash_history *history = &asking->history;
	struct database *database;
	const struct err *err = database_open(asking->arena, asking->database, DATABASE_READ, &database);

	if (!err)
		err = history_of(database, asking->arena, asking->fingerprint, history);
	if (err)
		history->trouble = err_describe(asking->arena, err);
	if (write_answer(asking, history))
		return;
	history->note_count = 0;
	if (!write_answer(asking, history))
		*asking->answer->text = 0;
}

void recollect(const char *database, const char *fingerprint, struct broker_answer *ret)
{
	struct asking asking = {.arena = arena_new(BUDGET), .database = database, .fingerprint = fingerprint, .answer = ret};

	*ret = (struct broker_answer){0};
	if (!asking.arena || !arena_run(asking.arena, ask, &asking))
		*ret = (struct broker_answer){0};
	arena_free(asking.arena);
}

/* ---- who has the crash ---- */

static const char *text_in(struct arena *arena, const json_t *object, const char *key)
{
	const char *text = reader_text(object, key, TEXT + 1);

	return text ? escape_line(arena, text) : NULL;
}

static void read_notes(struct arena *arena, const json_t *notes, struct crash_history *ret)
{
	for (size_t i = 0; i < reader_count(notes) && ret->note_count < HISTORY_NOTES; i++) {
		const char *text = reader_item(notes, i, TEXT);

		if (text)
			ret->notes[ret->note_count++] = escape_line(arena, text);
	}
}

static void read_answer(struct arena *arena, const char *text, struct crash_history *ret)
{
	const json_t *object = reader_object(arena, text, strlen(text));
	int64_t count = 0;

	ret->trouble = object ? text_in(arena, object, "trouble") : "no memory";
	ret->cluster = text_in(arena, object, "cluster");
	reader_number(object, "count", &count);
	ret->count = (uint64_t)count;
	reader_number(object, "first", &ret->first);
	reader_number(object, "last", &ret->last);
	ret->first_build = text_in(arena, object, "first_build");
	ret->gone_in = text_in(arena, object, "gone_in");
	reader_number(object, "gone_since", &ret->gone_since);
	read_notes(arena, reader_member(object, "notes"), ret);
}

const struct crash_history *recollection(struct arena *arena, const char *database, const char *fingerprint)
{
	struct crash_history *history = arena_alloc(arena, sizeof *history);
	struct broker_answer *answer = arena_alloc(arena, sizeof *answer);
	int none;

	if (!broker_joined())
		recollect(database, fingerprint, answer);
	else if (!broker_ask(BROKER_RECALL, fingerprint, strlen(fingerprint), answer, &none))
		*answer->text = 0;
	read_answer(arena, answer->text, history);
	return history;
}
