/* sender.h: who wrote a line, told by what stands around its text: a hash, in which times and counters do not count. */
#ifndef FORMATS_LOG_SENDER_H
#define FORMATS_LOG_SENDER_H

#include "base/span.h"

#include <stddef.h>

/* How far the sender is told by what may change from line to line. */
enum sender_care {
	SENDER_BY_NUMBERS,
	SENDER_BY_STEADY, /* by the words and strings that are the same in many lines */
	SENDER_BY_WORDS,
	SENDER_BY_KEY,
};

enum {
	SENDER_PLACES = 64, /* of words, half of them before the text, half behind it; the last of a half is that of all further ones */
	SENDER_SEEN = 4,    /* times 64 bits: for what was seen at one */
};

/* Which words lines had at each place, as they are and without their numbers: so many bits are set as there are, about. */
struct sender_words {
	uint64_t seen[2][SENDER_PLACES][SENDER_SEEN];
};

/* A bit for each place whose words are too many to be of senders: as they are, and without their numbers. */
struct sender_unsteady {
	uint64_t numbers, words;
};

/* Adds a text as it is. */
uint64_t sender_add(uint64_t hash, struct span text);

/* Adds what stands around a text. */
uint64_t sender_rest(uint64_t hash, struct span text, enum sender_care care);

/* Looks at the words of what stands before a text, or behind it. */
void sender_look(struct sender_words *words, struct span text, bool behind);

/* Of so many lines that were looked at. */
struct sender_unsteady sender_unsteady(const struct sender_words *words, size_t lines, size_t lines_of_a_sender);

/* Adds what stands around a text, but for what is unsteady. */
uint64_t sender_steady(uint64_t hash, struct span text, bool behind, const struct sender_unsteady *unsteady);

#endif
