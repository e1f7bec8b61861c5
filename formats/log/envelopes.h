/* envelopes.h: the envelopes of neighbouring lines. */
#ifndef FORMATS_LOG_ENVELOPES_H
#define FORMATS_LOG_ENVELOPES_H

#include "base/arena.h"
#include "formats/log/envelope.h"
#include "formats/log/stream_line.h"

enum { ENVELOPES = 32 }; /* that are told apart; the most used ones */

struct envelopes {
	struct envelope items[ENVELOPES]; /* strings first, then the longest prefix first */
	size_t count;
};

/* Learns them from all lines that have marks. */
struct envelopes envelopes_learn(const struct stream_line *lines, size_t count);

#endif
