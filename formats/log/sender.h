/* sender.h: who wrote a line, told by what stands around its text: a hash, in which times and counters do not count. */
#ifndef FORMATS_LOG_SENDER_H
#define FORMATS_LOG_SENDER_H

#include "base/span.h"

/* How far the sender is told by what may change from line to line. */
enum sender_care { SENDER_BY_NUMBERS, SENDER_BY_WORDS, SENDER_BY_KEY };

/* Adds a text as it is. */
uint64_t sender_add(uint64_t hash, struct span text);

/* Adds what stands around a text. */
uint64_t sender_rest(uint64_t hash, struct span text, enum sender_care care);

#endif
