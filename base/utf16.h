/* utf16.h: text of Windows. */
#ifndef BASE_UTF16_H
#define BASE_UTF16_H

#include "base/arena.h"
#include "base/span.h"

/* Little-endian UTF-16 as UTF-8, up to the first NUL, on the arena; a lone surrogate becomes U+FFFD. */
const char *utf16_text(struct arena *arena, struct span units);

/* UTF-16 that comes in pieces, which may end anywhere. All zero: little-endian, at its beginning. */
struct utf16_stream {
	bool big_endian;
	uint8_t odd;       /* the first byte of a unit whose second is still to come */
	bool has_odd;
	uint16_t high;     /* the first half of a pair whose second is still to come; 0: none */
};

enum { UTF16_MOST = 3 }; /* bytes of UTF-8 for two of UTF-16, at most; and as many for what was left of the piece before */

/* Makes UTF-8 of a piece, as utf16_text does, NULs included, byte order marks not; returns how many bytes that is. `text` has room for
 * UTF16_MOST * (piece.size / 2 + 2). */
size_t utf16_stream_take(struct utf16_stream *stream, struct span piece, uint8_t *text);

#endif
