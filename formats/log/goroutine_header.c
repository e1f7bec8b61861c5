/* goroutine_header.c: the line that a goroutine begins with (runtime/traceback.go goroutineheader). gp=, m= and mp= are of Go 1.22
 * and later, at GOTRACEBACK=system and crash; labels are inside of the brackets in Go 1.26, behind them in 1.27. */
#include "formats/log/reader.h"

#include <string.h>

enum { STATES_LIMIT = 250 }; /* of a runtime there are fewer than 60 */

static uint16_t state_of(struct log_reader *reader, const char *text, size_t length)
{
	struct log_record *record = reader->record;
	const struct interned_text *entry;

	if (record->states.count >= STATES_LIMIT) { /* of no runtime: the last stands for all others */
		text = "unknown";
		length = strlen(text);
	}
	entry = intern(&reader->states, reader->arena, text, length, (uint32_t)record->states.count);
	if (entry->value == record->states.count)
		vec_push(reader->arena, &record->states, entry->text);
	return (uint16_t)entry->value;
}

uint16_t recorded_state(struct log_reader *reader, const char *state)
{
	return state_of(reader, state, strlen(state));
}

static void read_addresses(struct cursor *cursor, struct recorded_goroutine *ret)
{
	struct cursor copy;
	int64_t m;

	ret->m_id = -1;
	if (!cursor_take(cursor, " gp=") || !cursor_hex(cursor, &ret->g))
		return;
	copy = *cursor;
	ret->has_m = cursor_take(&copy, " m=");
	if (!ret->has_m)
		return;
	if (!cursor_take(&copy, "nil")) {
		ret->has_m = cursor_signed(&copy, &m) && m >= 0 && m <= INT32_MAX;
		ret->m_id = ret->has_m ? (int32_t)m : -1;
	}
	if (cursor_take(&copy, " mp="))
		cursor_hex(&copy, &ret->m);
	*cursor = copy;
}

/* What goes with a state comes after it, behind commas. */
static bool read_circumstance(struct cursor part, struct recorded_goroutine *ret)
{
	uint64_t number;

	if (cursor_take(&part, "locked to thread"))
		ret->locked = true;
	else if (cursor_take(&part, "synctest bubble ") || cursor_take(&part, "synctest group "))
		return cursor_decimal(&part, &ret->bubble) && cursor_at_end(&part);
	else if (cursor_decimal(&part, &number) && cursor_take(&part, " minutes"))
		ret->minutes = number < UINT32_MAX ? (uint32_t)number : 0;
	else
		return false;
	return cursor_at_end(&part);
}

static void read_state(struct log_reader *reader, struct cursor inside, struct recorded_goroutine *ret)
{
	const char *comma;

	while ((comma = cursor_find_last(&inside, ", ")) &&
	       read_circumstance((struct cursor){comma + strlen(", "), inside.end}, ret))
		inside.end = comma;
	ret->durable = cursor_cut_tail(&inside, " (durable)");
	if (ret->durable)
		note_sign(reader, SIGN_DURABLE);
	ret->scan = cursor_cut_tail(&inside, " (scan)");
	ret->leaked = cursor_cut_tail(&inside, " (leaked)");
	ret->state = state_of(reader, inside.at, cursor_left(&inside));
}

/* Labels hold any text, quoted; they end with the line. */
static bool split(struct log_reader *reader, struct cursor rest, struct cursor *inside, struct cursor *labels)
{
	const char *end;

	*labels = (struct cursor){rest.end, rest.end};
	*inside = rest;
	if ((end = cursor_find(&rest, " labels:{")) && cursor_cut_tail(&rest, "}]")) {
		inside->end = end;
		*labels = (struct cursor){end + strlen(" labels:{"), rest.end};
		note_sign(reader, SIGN_LABELS_INSIDE);
		return true;
	}
	end = cursor_find(&rest, "]");
	if (!end)
		return false;
	inside->end = end;
	rest.at = end + 1;
	if (cursor_take(&rest, " {") && cursor_cut_tail(&rest, "}")) {
		*labels = rest;
		note_sign(reader, SIGN_LABELS_BEHIND);
	}
	return cursor_at_end(&rest) || !cursor_at_end(labels);
}

bool read_goroutine_header(struct log_reader *reader, const struct log_line *line, struct recorded_goroutine *ret)
{
	struct cursor cursor = cursor_of(line);
	struct cursor inside, labels;

	*ret = (struct recorded_goroutine){.creator = RECORDED_NONE, .line = line->number};
	if (!cursor_take(&cursor, "goroutine ") || !cursor_decimal(&cursor, &ret->id))
		return false;
	read_addresses(&cursor, ret);
	if (!cursor_take(&cursor, " [") || !cursor_cut_tail(&cursor, ":") || !split(reader, cursor, &inside, &labels))
		return false;
	read_state(reader, inside, ret);
	if (ret->g)
		note_sign(reader, SIGN_G_ADDRESS);
	if (!cursor_at_end(&labels))
		ret->labels = arena_strndup(reader->arena, labels.at, cursor_left(&labels));
	return true;
}
