/* escapes.c: see escapes.h. */
#include "formats/log/escapes.h"

#include <string.h>

/* A copy being made; NULL data: nothing had to be changed so far. */
struct copy {
	struct arena *arena;
	struct span from;
	uint8_t *data;
	size_t size;
};

/* All before `at` is as it was; what follows is copied piece by piece. */
static void begin(struct copy *copy, size_t at)
{
	if (copy->data)
		return;
	copy->data = arena_alloc(copy->arena, copy->from.size ? copy->from.size : 1);
	memcpy(copy->data, copy->from.data, at);
	copy->size = at;
}

static void put(struct copy *copy, const void *bytes, size_t size)
{
	if (!copy->data)
		return;
	memcpy(copy->data + copy->size, bytes, size);
	copy->size += size;
}

static struct span done(const struct copy *copy)
{
	return copy->data ? (struct span){copy->data, copy->size} : copy->from;
}

static int digit_of(uint8_t byte, unsigned base)
{
	const int value = byte >= '0' && byte <= '9' ? byte - '0'
			  : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
			  : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10
						       : 99;

	return value < (int)base ? value : -1;
}

/* The number of `digits` digits at an offset; -1: there are not so many. */
static int64_t number_at(struct span text, size_t at, size_t digits, unsigned base)
{
	int64_t value = 0;

	if (digits > text.size || at > text.size - digits)
		return -1;
	for (size_t i = 0; i < digits; i++) {
		const int digit = digit_of(text.data[at + i], base);

		if (digit < 0)
			return -1;
		value = value * base + digit;
	}
	return value;
}

/* RFC 3629; of what is no character nothing. At most 4 bytes. */
static size_t utf8(int64_t rune, uint8_t bytes[static 4])
{
	static const struct {
		int64_t end;
		uint8_t lead;
	} forms[] = {{0x80, 0}, {0x800, 0xc0}, {0x10000, 0xe0}, {0x110000, 0xf0}};
	enum { PAYLOAD = 6, MASK = 0x3f, FOLLOWS = 0x80 };

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (rune >= 0 && rune < forms[i].end) {
			bytes[0] = (uint8_t)(forms[i].lead | rune >> (PAYLOAD * i));
			for (size_t k = 1; k <= i; k++)
				bytes[k] = (uint8_t)(FOLLOWS | (rune >> (PAYLOAD * (i - k)) & MASK));
			return i + 1;
		}
	return 0;
}

/* \uXXXX, or two of them that are one character; its size, 0: it is none. */
static size_t unicode(struct span text, size_t at, int64_t *rune)
{
	enum { HIGH = 0xd800, LOW = 0xdc00, PAST = 0xe000, SIZE = 6, DIGITS = 4, SHIFT = 10, BASE = 0x10000 };
	const int64_t first = number_at(text, at + 2, DIGITS, 16);
	int64_t second;

	*rune = first;
	if (first < HIGH || first >= LOW)
		return first >= 0 ? SIZE : 0;
	second = text.size - at > SIZE + 1 && text.data[at + SIZE] == '\\' && text.data[at + SIZE + 1] == 'u'
			 ? number_at(text, at + SIZE + 2, DIGITS, 16)
			 : -1;
	if (second < LOW || second >= PAST)
		return SIZE;
	*rune = BASE + ((first - HIGH) << SHIFT) + (second - LOW);
	return 2 * SIZE;
}

/* One escape at a backslash: its size, 0: it is none. */
static size_t escape_at(struct span text, size_t at, uint8_t bytes[static 4], size_t *size)
{
	static const char names[] = "ntr\"\\/'bfav", values[] = "\n\t\r\"\\/'\b\f\a\v";
	const char *name;
	int64_t rune = -1;
	size_t length = 0;

	if (text.size - at < 2)
		return 0;
	name = memchr(names, text.data[at + 1], sizeof names - 1);
	if (name) {
		bytes[0] = (uint8_t)values[name - names];
		*size = 1;
		return 2;
	}
	if (text.data[at + 1] == 'u')
		length = unicode(text, at, &rune);
	else if (text.data[at + 1] == 'x' && (rune = number_at(text, at + 2, 2, 16)) >= 0)
		length = 4;
	*size = length == 4 ? 1 : utf8(rune, bytes);
	if (length == 4)
		bytes[0] = (uint8_t)rune;
	return *size ? length : 0;
}

/* What stands for something else at an offset: its size, 0: it is none; and the bytes that it stands for. */
typedef size_t code_at(struct span text, size_t at, uint8_t bytes[static 4], size_t *size);

/* Replaces every code, which begins with the byte `lead`. */
static struct span replace(struct arena *arena, struct span text, uint8_t lead, code_at *code)
{
	struct copy copy = {.arena = arena, .from = text};
	size_t at = 0;

	while (at < text.size) {
		const uint8_t *next = memchr(text.data + at, lead, text.size - at);
		const size_t stop = next ? (size_t)(next - text.data) : text.size;
		uint8_t bytes[4];
		size_t size = 0;
		const size_t length = next ? code(text, stop, bytes, &size) : 0;

		put(&copy, text.data + at, stop - at);
		if (length)
			begin(&copy, stop);
		if (length)
			put(&copy, bytes, size);
		else if (next)
			put(&copy, next, 1);
		at = stop + (length ? length : next ? 1 : 0);
	}
	return done(&copy);
}

struct span escapes_decode(struct arena *arena, struct span text, unsigned depth)
{
	while (depth--)
		text = replace(arena, text, '\\', escape_at);
	return text;
}

/* The size of an ESC in any of its writings at an offset, 0: none. */
static size_t escape_character(struct span text, size_t at)
{
	static const char *const writings[] = {"\033", "^[", "#033"};

	for (size_t i = 0; i < sizeof writings / sizeof *writings; i++) {
		const size_t size = strlen(writings[i]);

		if (text.size - at > size && !memcmp(text.data + at, writings[i], size) && text.data[at + size] == '[')
			return size;
	}
	return 0;
}

/* ECMA-48 8.3.2, 8.3.89: a command of an application or an operating system, up to BEL or ST. Its size, 0: it is none. */
static size_t command_string(struct span text, size_t at)
{
	enum { LONGEST = 256 };

	if (text.size - at < 2 || text.data[at] != '\033' || !strchr("_]P^", text.data[at + 1] ? text.data[at + 1] : 'x'))
		return 0;
	for (size_t end = at + 2; end < text.size && end - at < LONGEST; end++) {
		if (text.data[end] == '\007')
			return end + 1 - at;
		if (text.data[end] == '\033' && end + 1 < text.size && text.data[end + 1] == '\\')
			return end + 2 - at;
	}
	return 0;
}

/* ECMA-48 5.4: CSI, parameters, intermediate bytes, a final byte. Its size, 0: it is none. */
static size_t control_sequence(struct span text, size_t at)
{
	enum { LONGEST = 32 };
	const size_t lead = escape_character(text, at);
	size_t end = at + lead + 1;

	if (!lead)
		return 0;
	while (end < text.size && end - at < LONGEST && text.data[end] >= 0x20 && text.data[end] < 0x40)
		end++;
	return end < text.size && text.data[end] >= 0x40 && text.data[end] < 0x7f ? end + 1 - at : 0;
}

/* A control character that rsyslog wrote as an octal number; 0: none. */
static uint8_t octal_control(struct span text, size_t at)
{
	const int64_t value = text.data[at] == '#' ? number_at(text, at + 1, 3, 8) : -1;

	return value == '\t' || value == '\n' || value == '\r' ? (uint8_t)value : 0;
}

struct span escapes_tidy(struct arena *arena, struct span text)
{
	struct copy copy = {.arena = arena, .from = text};
	size_t at = 0;

	if (!text.size)
		return text;
	if (!memchr(text.data, '#', text.size) && !memchr(text.data, '\033', text.size) && !memmem(text.data, text.size, "^[[", 3))
		return text;
	while (at < text.size) {
		const size_t command = command_string(text, at), sequence = command ? command : control_sequence(text, at);
		const uint8_t control = sequence ? 0 : octal_control(text, at);

		if (sequence || control)
			begin(&copy, at);
		if (control)
			put(&copy, &control, 1);
		else if (!sequence)
			put(&copy, text.data + at, 1);
		at += sequence ? sequence : control ? sizeof "#012" - 1 : 1;
	}
	return done(&copy);
}

/* The size of the entity at an `&`, and its character; 0: it is none. */
static size_t entity_at(struct span text, size_t at, uint8_t bytes[static 4], size_t *size)
{
	static const struct {
		const char *name;
		uint8_t byte;
	} named[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&nbsp;", ' '}, {"&plus;", '+'}};
	enum { LONGEST = 10 };
	int64_t rune = 0;
	size_t end = at + 2;
	unsigned base = 10;

	for (size_t i = 0; i < sizeof named / sizeof *named; i++)
		if (text.size - at >= strlen(named[i].name) && !memcmp(text.data + at, named[i].name, strlen(named[i].name))) {
			bytes[0] = named[i].byte;
			*size = 1;
			return strlen(named[i].name);
		}
	if (text.size - at < 4 || text.data[at + 1] != '#')
		return 0;
	if ((text.data[end] | 0x20) == 'x') {
		base = 16;
		end++;
	}
	for (; end < text.size && end - at < LONGEST && digit_of(text.data[end], base) >= 0; end++)
		rune = rune * base + digit_of(text.data[end], base);
	*size = end < text.size && text.data[end] == ';' && rune ? utf8(rune, bytes) : 0;
	return *size ? end + 1 - at : 0;
}

struct span escapes_entities(struct arena *arena, struct span text)
{
	return replace(arena, text, '&', entity_at);
}

bool escapes_has_entities(struct span text, bool *contradicts)
{
	bool found = false;

	for (size_t at = 0; at < text.size; at++) {
		uint8_t bytes[4];
		size_t size;

		if (text.data[at] != '&')
			continue;
		if (entity_at(text, at, bytes, &size))
			found = true;
		else
			*contradicts = true;
	}
	return found;
}
