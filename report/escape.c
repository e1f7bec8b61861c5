/* escape.c: UTF-8 as of RFC 3629 (no overlong forms, no surrogates, at most U+10FFFF). Characters that steer a
 * terminal (ECMA-48 C0, C1) or reorder and hide what follows (Unicode UAX 9 controls, zero-width ones) never reach
 * the output. */
#include "report/escape.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { ESCAPE_LIMIT = 10 }; /* "\U0010ffff", the longest escape of a single byte's worth of input */

static size_t sequence_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

size_t utf8_decode(const char *text, uint32_t *ret)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *bytes = (const unsigned char *)text;
	size_t length = sequence_length(bytes[0]);
	uint32_t value;

	if (!bytes[0] || !length)
		return 0;
	value = length == 1 ? bytes[0] : bytes[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80) /* the terminating NUL is none either */
			return 0;
		value = value << 6 | (bytes[i] & 0x3fu);
	}
	if (value < smallest[length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
		return 0;
	*ret = value;
	return length;
}

static bool hides(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || c == 0x180e ||
	       (c >= 0x200b && c < 0x2010) || (c >= 0x2028 && c < 0x202f) || (c >= 0x2060 && c < 0x2070) ||
	       c == 0xfeff || (c >= 0xfff9 && c < 0xfffc) || (c >= 0xe0000 && c < 0xe0080);
}

static size_t write_escape(char *at, uint32_t c)
{
	const char *format = c < 0x80 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x";

	if (c == '\n' || c == '\t' || c == '\r')
		return (size_t)snprintf(at, ESCAPE_LIMIT + 1, "\\%c", c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
	return (size_t)snprintf(at, ESCAPE_LIMIT + 1, format, c);
}

static bool is_clean(const char *text, bool controls)
{
	uint32_t c;

	for (size_t length; *text; text += length) {
		length = utf8_decode(text, &c);
		if (!length || (controls && hides(c)))
			return false;
	}
	return true;
}

static const char *escape(struct arena *arena, const char *text, bool controls)
{
	char *result;
	char *at;
	uint32_t c;

	if (is_clean(text, controls))
		return text;
	/* A byte becomes at most 4, a longer sequence (2 bytes and more) at most ESCAPE_LIMIT. */
	result = arena_array(arena, strlen(text) + 2, ESCAPE_LIMIT / 2);
	at = result;
	for (size_t length; *text; text += length) {
		length = utf8_decode(text, &c);
		if (!length) {
			at += snprintf(at, ESCAPE_LIMIT + 1, "\\x%02x", (unsigned char)*text);
			length = 1;
		} else if (controls && hides(c)) {
			at += write_escape(at, c);
		} else {
			memcpy(at, text, length);
			at += length;
		}
	}
	return result;
}

const char *escape_line(struct arena *arena, const char *text)
{
	return text ? escape(arena, text, true) : "?";
}

const char *escape_utf8(struct arena *arena, const char *text)
{
	return text ? escape(arena, text, false) : NULL;
}

/* The blocks of Unicode's EastAsianWidth.txt that are wide as a whole. */
static const struct {
	uint32_t first, last;
} wide[] = {
	{0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
	{0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd},
};

unsigned code_point_columns(uint32_t c)
{
	for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
		if (c >= wide[i].first && c <= wide[i].last)
			return 2;
	return 1;
}

unsigned text_columns(const char *text)
{
	unsigned columns = 0;
	uint32_t c;

	for (size_t length; *text; text += length) {
		length = utf8_decode(text, &c);
		columns += length ? code_point_columns(c) : 1;
		length = length ? length : 1;
	}
	return columns;
}
