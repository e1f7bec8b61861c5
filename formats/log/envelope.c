/* envelope.c: see envelope.h. */
#include "formats/log/envelope.h"

#include "base/hash.h"

#include <string.h>

enum { DEEPEST = 4, KEY_SIZE = 64 };

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

/* ---- strings ---- */

/* Backslashes that end before an offset. */
static size_t backslashes(struct span line, size_t from, size_t at)
{
	size_t count = 0;

	while (at - count > from && line.data[at - count - 1] == '\\')
		count++;
	return count;
}

/* How often the quote of a string is escaped whose quotes have so many backslashes: 1, 3, 7, …; 0: none is. */
static unsigned depth_of(size_t count)
{
	for (unsigned depth = 1; depth <= DEEPEST; depth++)
		if (count == ((size_t)1 << (depth - 1)) - 1)
			return depth;
	return 0;
}

/* Whether a quote with so many backslashes ends a string of that depth, or one that it lies in. What lies in the string has them in
 * larger units. */
static bool closes(size_t count, unsigned depth)
{
	for (unsigned outer = 1; outer <= depth; outer++)
		if (count % ((size_t)1 << outer) == ((size_t)1 << (outer - 1)) - 1)
			return true;
	return false;
}

static size_t string_end(struct span line, size_t start, unsigned depth)
{
	size_t at = start;

	while (at < line.size) {
		const uint8_t *quote = memchr(line.data + at, '"', line.size - at);
		size_t count;

		if (!quote)
			return line.size;
		at = (size_t)(quote - line.data);
		count = backslashes(line, start, at);
		if (closes(count, depth))
			return at - (((size_t)1 << (depth - 1)) - 1 <= count ? ((size_t)1 << (depth - 1)) - 1 : count);
		at++;
	}
	return line.size;
}

/* Where the value begins whose string the mark is in; SIZE_MAX: in none. A value stands behind a colon or an equals sign. */
static size_t string_start(struct span line, size_t from, size_t mark, unsigned *depth)
{
	const uint8_t *quote = mark > from ? memrchr(line.data + from, '"', mark - from) : NULL;
	size_t at, before;

	if (!quote)
		return SIZE_MAX;
	at = (size_t)(quote - line.data);
	before = at - backslashes(line, from, at);
	*depth = depth_of(at - before);
	while (before > from && line.data[before - 1] == ' ')
		before--;
	if (!*depth || before == from || !strchr(":=[,", line.data[before - 1]) || !line.data[before - 1])
		return SIZE_MAX;
	return at + 1;
}

/* `"log":"`, `msg="`: back to what separates fields. */
static struct span key_of(struct span line, size_t from, size_t start, unsigned depth)
{
	size_t at = start - ((size_t)1 << (depth - 1));

	while (at > from && start - at < KEY_SIZE && !strchr(" ,{}[", line.data[at - 1]))
		at--;
	if (at > from && (line.data[at] == '"' || line.data[at] == '\\')) /* the blank of `"log": "` is no separator */
		while (at > from && start - at < KEY_SIZE && !strchr(",{}[", line.data[at - 1]))
			at--;
	while (line.data[at] == ' ')
		at++;
	return (struct span){line.data + at, start - at};
}

static bool ends_with_newline(struct span line, size_t start, size_t end)
{
	return end >= start + 2 && line.data[end - 1] == 'n' && line.data[end - 2] == '\\';
}

struct envelope envelope_learn(struct span line, size_t from, size_t mark, size_t *ret_end)
{
	struct envelope ret = {.prefix = {line.data, mark}};
	const size_t start = string_start(line, from, mark, &ret.depth);

	*ret_end = line.size;
	if (start != SIZE_MAX)
		ret.key = key_of(line, from, start, ret.depth);
	if (!ret.key.size || !(memchr(ret.key.data, ':', ret.key.size) || memchr(ret.key.data, '=', ret.key.size))) {
		ret.depth = 0;
		ret.key = (struct span){0};
		while (ret.prefix.size && line.data[ret.prefix.size - 1] == '\t')
			ret.prefix.size--;
		return ret;
	}
	ret.prefix.size = start;
	*ret_end = string_end(line, start, ret.depth);
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

/* ---- prefixes ---- */

/* The tag of a line in the log of a Kubernetes node: "… stderr F ": full, P: partial (CRI, logging format). */
static bool has_tag(struct span prefix, size_t end)
{
	static const char out[] = "stdout ", err[] = "stderr ";
	const size_t size = sizeof out - 1 + 2;

	return end >= size && prefix.data[end - 1] == ' ' && (prefix.data[end - 2] == 'F' || prefix.data[end - 2] == 'P') &&
	       (!memcmp(prefix.data + end - size, out, sizeof out - 1) || !memcmp(prefix.data + end - size, err, sizeof err - 1));
}

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

bool envelope_same(const struct envelope *a, const struct envelope *b)
{
	if (a->depth != b->depth)
		return false;
	if (a->depth)
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
	ret->end = string_end(line, ret->start, envelope->depth);
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

	if (envelope->depth)
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
