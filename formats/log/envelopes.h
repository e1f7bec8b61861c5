/* envelopes.h: the envelopes of a part of a log. */
#ifndef FORMATS_LOG_ENVELOPES_H
#define FORMATS_LOG_ENVELOPES_H

#include "base/arena.h"
#include "formats/log/envelope.h"

enum { ENVELOPES = 32 }; /* that are told apart; the most used ones */

struct envelopes {
	struct envelope items[ENVELOPES]; /* strings first, then the longest prefix first */
	size_t count;
};

/* Learns them from all lines of a text that have marks. */
struct envelopes envelopes_learn(struct arena *arena, struct span text);

#endif
