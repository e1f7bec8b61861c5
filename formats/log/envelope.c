/* envelope.c: see envelope.h. */
#include "formats/log/envelope.h"

#include "base/hash.h"
#include "formats/log/grammar.h"

#include <string.h>

enum { KEY_SIZE = 64 };

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

/* ---- strings ---- */

/* The next quote that is not escaped; the size: there is none. */
static size_t next_quote(struct span line, size_t at)
{
	while (at < line.size) {
		const uint8_t *quote = memchr(line.data + at, '"', line.size - at);
		size_t escapes = 0, position;

		if (!quote)
			return line.size;
		position = (size_t)(quote - line.data);
		while (position - escapes > at && line.data[position - escapes - 1] == '\\')
			escapes++;
		if (escapes % 2 == 0)
			return position;
		at = position + 1;
	}
	return line.size;
}

/* Where the value begins whose string the mark is in; SIZE_MAX: in none. A value stands behind a colon or an equals sign. */
static size_t string_start(struct span line, size_t from, size_t mark)
{
	size_t open = from, close, before;

	for (;;) {
		open = next_quote(line, open);
		if (open >= mark)
			return SIZE_MAX;
		close = next_quote(line, open + 1);
		if (close >= mark)
			break;
		open = close + 1;
	}
	before = open;
	while (before > from && line.data[before - 1] == ' ')
		before--;
	return before > from && (line.data[before - 1] == ':' || line.data[before - 1] == '=') ? open + 1 : SIZE_MAX;
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

/* Of what lies between the prefix and the mark one blank is the prefix's, the rest may be the text's. */
static struct span prefix_before(struct span line, size_t mark)
{
	size_t size = mark;

	while (size && line.data[size - 1] == '\t')
		size--;
	while (size > 1 && line.data[size - 1] == ' ' && line.data[size - 2] == ' ')
		size--;
	return (struct span){line.data, size};
}

struct envelope envelope_learn(struct span line, size_t from, size_t mark, size_t *ret_end)
{
	const size_t outer = outer_end(line, mark), start = outer ? SIZE_MAX : string_start(line, from, mark);
	struct envelope ret = {0};

	*ret_end = line.size;
	if (start == SIZE_MAX) {
		ret.prefix = prefix_before(line, outer ? outer : mark);
		return ret;
	}
	ret.prefix = (struct span){line.data, start};
	ret.key = key_of(line, from, start);
	*ret_end = next_quote(line, start);
	ret.ended = ends_with_newline(line, start, *ret_end);
	return ret;
}

/* ---- who sent it ---- */

/* The end of digits that are joined by what joins those of times: 2026-11-28T12:00:00.000Z. */
static size_t number_end(struct span text, size_t at, size_t *runs, size_t *dots)
{
	for (*runs = *dots = 0;; at++) {
		while (at < text.size && is_digit(text.data[at]))
			at++;
		++*runs;
		if (at + 1 >= text.size || !text.data[at] || !strchr(":.,/T+-", text.data[at]) || !is_digit(text.data[at + 1]))
			return at;
		*dots += text.data[at] == '.';
	}
}

enum { EPOCH_DIGITS = 10, QUAD = 4 };

/* A time, or a number that counts lines or seconds; not a process id, a replica's number or an address. */
static bool is_time(size_t digits, size_t runs, size_t dots)
{
	return runs > 1 ? !(runs == QUAD && dots == QUAD - 1) : digits >= EPOCH_DIGITS;
}

static uint64_t hash_add(uint64_t hash, uint8_t byte)
{
	return (hash ^ byte) * 0x100000001b3; /* FNV-1a */
}

static uint64_t hash_span(uint64_t hash, struct span text)
{
	for (size_t i = 0; i < text.size; i++)
		hash = hash_add(hash, text.data[i]);
	return hash;
}

static uint64_t hash_rest(uint64_t hash, struct span text, enum sender_care care)
{
	size_t at = 0;

	while (at < text.size) {
		size_t end = at, runs, dots;

		if (!is_digit(text.data[at])) {
			if (text.data[at] != ' ' || !at || text.data[at - 1] != ' ')
				hash = hash_add(hash, text.data[at]);
			at++;
			continue;
		}
		end = number_end(text, at, &runs, &dots);
		if (care == SENDER_BY_NUMBERS && !is_time(end - at, runs, dots))
			hash = hash_span(hash, (struct span){text.data + at, end - at});
		hash = hash_add(hash, '0');
		at = end;
	}
	return hash;
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

static bool step(struct place *ours, struct place *line)
{
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
			return theirs.at == line.size && ours.at + 1 == ours.text.size && prefix.data[ours.at] == ' ' ? theirs.at : SIZE_MAX;
		}
	if (!tagged)
		return theirs.at;
	if (line.size - theirs.at == 1) /* the blank behind the tag is lost */
		return line.size;
	return has_tag(line, theirs.at + 2 <= line.size ? theirs.at + 2 : 0) ? theirs.at + 2 : SIZE_MAX;
}

bool envelope_is_empty(const struct envelope *envelope)
{
	return !envelope->key.size && !envelope->prefix.size;
}

bool envelope_same(const struct envelope *a, const struct envelope *b)
{
	if (a->key.size || b->key.size)
		return a->key.size == b->key.size && !memcmp(a->key.data, b->key.data, a->key.size);
	return prefix_end(a->prefix, b->prefix) == b->prefix.size && prefix_end(b->prefix, a->prefix) == a->prefix.size;
}

static bool open_string(const struct envelope *envelope, struct span line, enum sender_care care, struct letter *ret)
{
	const uint8_t *key = line.size ? memmem(line.data, line.size, envelope->key.data, envelope->key.size) : NULL;
	uint64_t sender;

	if (!key)
		return false;
	ret->start = (size_t)(key - line.data) + envelope->key.size;
	ret->end = next_quote(line, ret->start);
	ret->open = ret->end == line.size;
	ret->partial = envelope->ended * 2 > envelope->uses && !ends_with_newline(line, ret->start, ret->end);
	sender = hash_span(hash_key, envelope->key);
	if (care != SENDER_BY_KEY) {
		sender = hash_rest(sender, (struct span){line.data, ret->start}, care);
		sender = hash_rest(sender, span_from(line, ret->end), care);
	}
	ret->sender = sender;
	return true;
}

bool envelope_open(const struct envelope *envelope, struct span line, enum sender_care care, struct letter *ret)
{
	struct span prefix;

	ret->open = false;
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
	ret->sender = hash_rest(hash_key, prefix, care);
	return true;
}
