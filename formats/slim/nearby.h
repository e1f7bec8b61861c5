/* nearby.h: words that hold an address near their own, as each frame pointer that a frame saved does. Goroutines that stand at one place
 * differ in nothing else, so of very many of them these words would be most of what a slim dump takes compressed. The record has them as
 * distances, which are the same for all; in the dump's memory, for debuggers, they are 0: of stacks by unwind tables nothing is lost. */
#ifndef FORMATS_SLIM_NEARBY_H
#define FORMATS_SLIM_NEARBY_H

#include "formats/dump/image.h"
#include "formats/dump/kept.h"

#include <stdio.h>

/* Decides whether so much is kept that it matters, and counts those words (kept.nearby, kept.nearby_count). What is kept must not change any more. */
void nearby_find(struct image *image);

/* Whether a word of a segment is one. */
bool nearby_is(const struct kept *kept, const struct segment *segment, uint64_t number);

/* Those of the KEPT_BITS words of an element of the maps, as bits. `last` is the caller's, 0 before the first; elements are ascending. */
uint64_t nearby_bits(const struct image *image, size_t *last, uint64_t element);

/* Writes their distances in words, a byte each, in the order of the words: kept.nearby_count bytes. False: `out` did not take them. */
bool nearby_write(const struct image *image, FILE *out);

/* Puts the words back into an image of an unfolded dump, in ascending order. */
struct nearby_reader {
	struct image *image;
	struct span distances;
	size_t taken;   /* of the distances */
	size_t segment; /* that the last word was in */
	uint64_t page;  /* that can be written */
};

/* The word of a number; what the record has wrong is left out. */
void nearby_restore(struct nearby_reader *reader, uint64_t number);

#endif
