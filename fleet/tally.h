/* tally.h: how often each of many texts was met, when first and when last. In the order of the texts, whatever order they came in. */
#ifndef FLEET_TALLY_H
#define FLEET_TALLY_H

#include "base/vec.h"

#include <stdint.h>

struct tally_row {
	const char *text;
	uint64_t count;
	int64_t first, last; /* seconds since 1970 */
};

struct tally {
	VEC(struct tally_row) rows;
};

/* Counts a text, which must outlive the tally, `count` times more (0: it is only met) at a time; NULL is not counted. */
void tally_add(struct arena *arena, struct tally *tally, const char *text, uint64_t count, int64_t seen);

/* Adds all of another. */
void tally_merge(struct arena *arena, struct tally *tally, const struct tally *other);

/* The row of a text; NULL: none. */
const struct tally_row *tally_find(const struct tally *tally, const char *text);

/* The row that was met first; of several the first by text. NULL: there are none. */
const struct tally_row *tally_earliest(const struct tally *tally);

#endif
