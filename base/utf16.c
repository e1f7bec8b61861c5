/* utf16.c: see utf16.h. */
#include "base/utf16.h"

enum { HIGH = 0xd800, LOW = 0xdc00, SURROGATES_END = 0xe000, REPLACEMENT = 0xfffd, BYTES_PER_UNIT = 3, MARK = 0xfeff };

static size_t put(char *text, uint32_t rune)
{
	if (rune < 0x80) {
		text[0] = (char)rune;
		return 1;
	}
	if (rune < 0x800) {
		text[0] = (char)(0xc0 | rune >> 6);
		text[1] = (char)(0x80 | (rune & 0x3f));
		return 2;
	}
	if (rune < 0x10000) {
		text[0] = (char)(0xe0 | rune >> 12);
		text[1] = (char)(0x80 | (rune >> 6 & 0x3f));
		text[2] = (char)(0x80 | (rune & 0x3f));
		return 3;
	}
	text[0] = (char)(0xf0 | rune >> 18);
	text[1] = (char)(0x80 | (rune >> 12 & 0x3f));
	text[2] = (char)(0x80 | (rune >> 6 & 0x3f));
	text[3] = (char)(0x80 | (rune & 0x3f));
	return 4;
}

static uint32_t pair(uint32_t high, uint32_t low)
{
	return 0x10000 + ((high - HIGH) << 10) + (low - LOW);
}

const char *utf16_text(struct arena *arena, struct span units)
{
	char *text = arena_alloc(arena, units.size / 2 * BYTES_PER_UNIT + 1);
	size_t length = 0;

	for (size_t i = 0; i + 2 <= units.size; i += 2) {
		uint32_t rune = span_u16(units, i);
		uint32_t next = span_u16(units, i + 2);

		if (!rune)
			break;
		if (rune >= HIGH && rune < LOW && next >= LOW && next < SURROGATES_END) {
			rune = pair(rune, next);
			i += 2;
		} else if (rune >= HIGH && rune < SURROGATES_END) {
			rune = REPLACEMENT;
		}
		length += put(text + length, rune);
	}
	return text;
}

/* The first half of a pair waits for the second. */
static size_t take_unit(struct utf16_stream *stream, uint32_t unit, char *text)
{
	const uint32_t high = stream->high;
	size_t length = 0;

	stream->high = 0;
	if (high && unit >= LOW && unit < SURROGATES_END)
		return put(text, pair(high, unit));
	if (high)
		length = put(text, REPLACEMENT);
	if (unit >= HIGH && unit < LOW)
		stream->high = (uint16_t)unit;
	else if (unit != MARK)
		length += put(text + length, unit >= LOW && unit < SURROGATES_END ? REPLACEMENT : unit);
	return length;
}

size_t utf16_stream_take(struct utf16_stream *stream, struct span piece, uint8_t *text)
{
	size_t length = 0;

	for (size_t i = 0; i < piece.size; i++) {
		const uint32_t first = stream->odd, second = piece.data[i];

		if (!stream->has_odd) {
			stream->odd = piece.data[i];
			stream->has_odd = true;
			continue;
		}
		stream->has_odd = false;
		length += take_unit(stream, stream->big_endian ? first << 8 | second : second << 8 | first, (char *)text + length);
	}
	return length;
}
