/* utf16.c: see utf16.h. */
#include "base/utf16.h"

enum { HIGH = 0xd800, LOW = 0xdc00, SURROGATES_END = 0xe000, REPLACEMENT = 0xfffd, BYTES_PER_UNIT = 3 };

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
			rune = 0x10000 + ((rune - HIGH) << 10) + (next - LOW);
			i += 2;
		} else if (rune >= HIGH && rune < SURROGATES_END) {
			rune = REPLACEMENT;
		}
		length += put(text + length, rune);
	}
	return text;
}
