/* envelope.h: what stands around a text in one line of a log: a time, a host, a container before it, or the JSON object of which it is
 * a string. No format is known here: an envelope is learned from a line in which a mark shows where the text begins, and recognized on
 * lines that have none. Of strings the outermost is opened; what is in it may have an envelope of its own. */
#ifndef FORMATS_LOG_ENVELOPE_H
#define FORMATS_LOG_ENVELOPE_H

#include "formats/log/sender.h"

#include <stdbool.h>

struct envelope {
	struct span prefix; /* of the line that it was learned from */
	struct span key;    /* where the text is a string: what stands just before it, `"log":"`; empty: it runs to the end of its line */
	bool is_column;     /* the text is a column of comma-separated values: of that number */
	size_t column;
	bool guessed;       /* from where a file's name stands, which tells little */
	uint64_t uses;      /* lines that it was learned from */
	uint64_t ended;     /* … whose string ended with a newline */
	struct sender_unsteady unsteady; /* words that do not tell the sender (SENDER_BY_STEADY) */
};

/* What was found of one line. */
struct letter {
	size_t start, end; /* of the text, in the line */
	bool open;         /* a string whose end is not in this line */
	struct span before, after; /* what stands around it */
	uint64_t sender;   /* hash of the rest of the line, times and counters aside: lines of one process share it */
	bool partial;      /* the envelope says that the text goes on in the next one (CRI's "P"; docker) */
};

/* The envelope of a line with a mark at an offset, and where its text ends. */
struct envelope envelope_learn(struct span line, size_t from, size_t mark, size_t *ret_end);

/* Whether nothing stands around the text. */
bool envelope_is_empty(const struct envelope *envelope);

/* Whether two are recognized by the same. */
bool envelope_same(const struct envelope *a, const struct envelope *b);

/* Whether a line has this envelope. */
bool envelope_open(const struct envelope *envelope, struct span line, enum sender_care care, struct letter *ret);

#endif
