/* envelope.c: see envelope.h. */
#include "formats/log/envelope.h"

#include "base/hash.h"
#include "formats/log/columns.h"
#include "formats/log/grammar.h"
#include "formats/log/quotes.h"
#include "formats/log/sender.h"

#include <ctype.h>
#include <string.h>

enum { KEY_SIZE = 64 };

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

/* ---- strings ---- */

/* Where the value begins whose string the mark is in; SIZE_MAX: in none. A value stands behind a colon or an equals sign. */
static size_t string_start(struct span line, size_t from, size_t mark)
{
	static const char openers[] = {':', '=', '>'};
	size_t open = from, close, before;

	for (;;) {
		open = quote_next(line, open);
		if (open >= mark)
			return SIZE_MAX;
		close = quote_next(line, open + 1);
		if (close >= mark)
			break;
		open = close + 1;
	}
	before = open;
	while (before > from && line.data[before - 1] == ' ')
		before--;
	return before > from && memchr(openers, line.data[before - 1], sizeof openers) ? open + 1 : SIZE_MAX;
}

static bool separates(uint8_t byte)
{
	return byte && strchr(" ,{}[", byte);
}

/* `"log":"`, `"log": "`, `msg="`: back to what separates fields. */
static struct span key_of(struct span line, size_t from, size_t start)
{
	size_t at = start - 1;

	while (at > from && line.data[at - 1] == ' ')
		at--;
	while (at > from && start - at < KEY_SIZE && !separates(line.data[at - 1]))
		at--;
	return (struct span){line.data + at, start - at};
}

static bool ends_with_newline(struct span line, size_t start, size_t end)
{
	return end >= start + 2 && line.data[end - 1] == 'n' && line.data[end - 2] == '\\';
}

/* ---- prefixes ---- */

/* The tag of a line in the log of a Kubernetes node: "… stderr F ": full, P: partial (CRI, logging format). */
static bool has_tag(struct span prefix, size_t end)
{
	static const char out[] = " stdout ", err[] = " stderr ";
	const size_t size = sizeof out - 1 + 2;

	return end >= size && prefix.data[end - 1] == ' ' && (prefix.data[end - 2] == 'F' || prefix.data[end - 2] == 'P') &&
	       (!memcmp(prefix.data + end - size, out, sizeof out - 1) || !memcmp(prefix.data + end - size, err, sizeof err - 1));
}

/* Behind the tag, which comes after the time; 0: there is none. Lines have to be put together before anything else is done to them. */
static size_t tag_end(struct span line)
{
	enum { LATEST = 64 };

	for (size_t at = 0; at < line.size && at <= LATEST; at++) {
		if (has_tag(line, at))
			return at;
		if (line.data[at] == '"')
			break;
	}
	return 0;
}

/* Where an object of JSON begins that has something before it; 0: none does. */
static size_t object_start(struct span line)
{
	const uint8_t *brace = line.size ? memchr(line.data, '{', line.size) : NULL;
	const uint8_t *quote = line.size ? memchr(line.data, '"', line.size) : NULL;

	if (!brace || !quote || brace > quote)
		return 0;
	for (const uint8_t *between = brace + 1; between < quote; between++)
		if (*between != ' ')
			return 0;
	return log_trim((struct span){line.data, (size_t)(brace - line.data)}).size ? (size_t)(brace - line.data) : 0;
}

/* What has to come off before a string is looked for: 0: nothing. */
static size_t outer_end(struct span line, size_t mark)
{
	const size_t tag = tag_end(line), end = tag ? tag : object_start(line);

	return end <= mark ? end : 0;
}

/* Whether the runtime may have printed a tab before a mark: before a later panic, and before what is no mark. */
static bool may_be_indented(struct span text)
{
	static const char *const never[] = {"goroutine ", "created by ", "[signal ", "PC=0x", "Exception 0x"};

	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		if (text.size >= strlen(never[i]) && !memcmp(text.data, never[i], strlen(never[i])))
			return false;
	return true;
}

/* Of what lies between the prefix and the mark one blank is the prefix's, the rest may be the text's. */
static struct span prefix_before(struct span line, size_t mark)
{
	size_t size = mark;

	while (size && line.data[size - 1] == '\t' && may_be_indented(span_from(line, mark)))
		size--;
	while (size > 1 && line.data[size - 1] == ' ' && line.data[size - 2] == ' ')
		size--;
	return (struct span){line.data, size};
}

/* A text behind a comma, or a quote that a comma is before. Where a line begins with a quote, that is a column, too. */
static bool is_field(struct span line, size_t mark, struct field *field, size_t *column)
{
	if (!mark || (line.data[mark - 1] != ',' && line.data[mark - 1] != '"' && !memchr(line.data, '"', mark)))
		return false;
	*column = column_at(line, mark, field);
	return (*column || field->quoted) && field->start <= mark && (field->quoted || field->start == mark);
}

static bool learn_column(struct span line, size_t from, size_t mark, struct envelope *ret, size_t *ret_end)
{
	struct field field;
	size_t column;

	if (from || !is_field(line, mark, &field, &column))
		return false;
	ret->prefix = (struct span){line.data, field.start};
	ret->column = column;
	ret->is_column = true;
	*ret_end = field.end;
	return true;
}

struct envelope envelope_learn(struct span line, size_t from, size_t mark, size_t *ret_end)
{
	const size_t outer = outer_end(line, mark), start = outer ? SIZE_MAX : string_start(line, from, mark);
	struct envelope ret = {0};

	*ret_end = line.size;
	if (start == SIZE_MAX && !outer && learn_column(line, from, mark, &ret, ret_end))
		return ret;
	if (start == SIZE_MAX) {
		ret.prefix = outer ? (struct span){line.data, outer} : prefix_before(line, mark);
		return ret;
	}
	ret.prefix = (struct span){line.data, start};
	ret.key = key_of(line, from, start);
	*ret_end = quote_next(line, start);
	ret.ended = ends_with_newline(line, start, *ret_end);
	return ret;
}

/* ---- lines without marks ---- */

struct place {
	struct span text;
	size_t at;
};

static bool at_digit(const struct place *place, size_t ahead)
{
	return place->at + ahead < place->text.size && is_digit(place->text.data[place->at + ahead]);
}

static bool at_byte(const struct place *place, uint8_t byte)
{
	return place->at < place->text.size && place->text.data[place->at] == byte;
}

static void skip_digits(struct place *place)
{
	while (at_digit(place, 0))
		place->at++;
}

/* A fraction of a second, which some writers leave out where it is zero. */
static void skip_fraction(struct place *place)
{
	if (at_byte(place, '.') && at_digit(place, 1)) {
		place->at++;
		skip_digits(place);
	}
}

static void skip_blanks(struct place *place)
{
	while (at_byte(place, ' '))
		place->at++;
}

static bool is_hex(uint8_t byte)
{
	return isxdigit(byte) || byte == '-';
}

/* Bytes of an id that differs from line to line, of a request or a span: a word of hexadecimal digits and dashes. */
static size_t id_size(const struct place *place)
{
	enum { SHORTEST = 8, LONGEST = 64 };
	const struct span text = place->text;
	size_t end = place->at;

	if (end && isalnum(text.data[end - 1]))
		return 0;
	while (end < text.size && end - place->at <= LONGEST && is_hex(text.data[end]))
		end++;
	return end - place->at < SHORTEST || end - place->at > LONGEST || (end < text.size && isalnum(text.data[end])) ? 0 : end - place->at;
}

static bool skip_id(struct place *ours, struct place *line)
{
	const size_t size = id_size(ours);

	if (!size || size != id_size(line))
		return false;
	ours->at += size;
	line->at += size;
	return true;
}

static bool step(struct place *ours, struct place *line)
{
	if (skip_id(ours, line))
		return true;
	if (at_digit(ours, 0) && at_digit(line, 0)) {
		skip_digits(ours);
		skip_digits(line);
		if (at_byte(ours, '.') != at_byte(line, '.')) {
			skip_fraction(ours);
			skip_fraction(line);
		}
		return true;
	}
	if (at_byte(ours, ' ') && at_byte(line, ' ') && ours->at + 1 < ours->text.size) {
		struct place ahead = *ours;

		skip_blanks(&ahead);
		if (ahead.at < ours->text.size) { /* right-aligned numbers; what ends the prefix is taken as it is */
			*ours = ahead;
			skip_blanks(line);
			return true;
		}
	}
	if (line->at >= line->text.size || ours->text.data[ours->at] != line->text.data[line->at])
		return false;
	ours->at++;
	line->at++;
	return true;
}

/* Where the text of a line begins that has such a prefix, whatever its numbers are; SIZE_MAX: it has not. */
static size_t prefix_end(struct span prefix, struct span line)
{
	const bool tagged = has_tag(prefix, prefix.size);
	struct place ours = {prefix, 0}, theirs = {line, 0};

	if (tagged)
		ours.text.size -= 2;
	while (ours.at < ours.text.size)
		if (!step(&ours, &theirs)) {
			/* a trailing blank is lost where the text is empty */
			return theirs.at == line.size && ours.at + 1 == ours.text.size && (prefix.data[ours.at] == ' ' || prefix.data[ours.at] == '\t')
				       ? theirs.at
				       : SIZE_MAX;
		}
	if (!tagged)
		return theirs.at;
	if (line.size - theirs.at == 1) /* the blank behind the tag is lost */
		return line.size;
	return has_tag(line, theirs.at + 2 <= line.size ? theirs.at + 2 : 0) ? theirs.at + 2 : SIZE_MAX;
}

bool envelope_is_empty(const struct envelope *envelope)
{
	return !envelope->key.size && !envelope->prefix.size && !envelope->is_column;
}

bool envelope_same(const struct envelope *a, const struct envelope *b)
{
	if (a->is_column || b->is_column)
		return a->is_column && b->is_column && a->column == b->column;
	if (a->key.size || b->key.size)
		return a->key.size == b->key.size && !memcmp(a->key.data, b->key.data, a->key.size);
	return prefix_end(a->prefix, b->prefix) == b->prefix.size && prefix_end(b->prefix, a->prefix) == a->prefix.size;
}

/* Adds what stands around a text. */
static uint64_t told_by(const struct envelope *envelope, const struct letter *letter, enum sender_care care)
{
	if (care == SENDER_BY_STEADY)
		return sender_steady(sender_steady(letter->sender, letter->before, false, &envelope->unsteady), letter->after, true, &envelope->unsteady);
	return sender_rest(sender_rest(letter->sender, letter->before, care), letter->after, care);
}

static bool open_string(const struct envelope *envelope, struct span line, enum sender_care care, struct letter *ret)
{
	const uint8_t *key = line.size ? memmem(line.data, line.size, envelope->key.data, envelope->key.size) : NULL;

	if (!key)
		return false;
	ret->start = (size_t)(key - line.data) + envelope->key.size;
	ret->end = quote_next(line, ret->start);
	ret->open = ret->end == line.size;
	ret->partial = envelope->ended * 2 > envelope->uses && !ends_with_newline(line, ret->start, ret->end);
	ret->before = (struct span){line.data, ret->start};
	ret->after = span_from(line, ret->end);
	ret->sender = sender_add(hash_key, envelope->key);
	if (care != SENDER_BY_KEY)
		ret->sender = told_by(envelope, ret, care);
	return true;
}

/* What stands in the other columns may be anything. */
static bool open_column(const struct envelope *envelope, struct span line, struct letter *ret)
{
	struct field field;

	if (!column_find(line, envelope->column, &field))
		return false;
	*ret = (struct letter){.start = field.start, .end = field.end, .open = field.open, .sender = sender_add(hash_key, (struct span){(const uint8_t *)",", 1})};
	return true;
}

bool envelope_open(const struct envelope *envelope, struct span line, enum sender_care care, struct letter *ret)
{
	struct span prefix;

	ret->open = false;
	if (envelope->is_column)
		return open_column(envelope, line, ret);
	if (envelope->key.size)
		return open_string(envelope, line, care, ret);
	ret->start = prefix_end(envelope->prefix, line);
	if (ret->start == SIZE_MAX)
		return false;
	ret->end = line.size;
	prefix = (struct span){line.data, ret->start};
	ret->partial = has_tag(prefix, prefix.size) && prefix.data[prefix.size - 2] == 'P';
	if (has_tag(prefix, prefix.size))
		prefix.size -= 2;
	while (prefix.size && prefix.data[prefix.size - 1] == ' ')
		prefix.size--;
	ret->before = prefix;
	ret->after = (struct span){0};
	ret->sender = hash_key;
	ret->sender = told_by(envelope, ret, care);
	return true;
}
