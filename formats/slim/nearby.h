/* nearby.h: words that hold an address near their own, as each frame pointer that a frame saved does. Goroutines that stand at one place
 * differ in nothing else, so of very many of them these words would be most of what a slim dump takes compressed. The record has them as
 * distances, which are the same for all; in the dump's memory, for debuggers, they are 0: of stacks by unwind tables nothing is lost. */
#ifndef FORMATS_SLIM_NEARBY_H
#define FORMATS_SLIM_NEARBY_H

#include "formats/dump/image.h"
#include "formats/dump/kept.h"

/* Finds those that are kept (kept.near), where so much is kept that it matters. */
const struct err *nearby_find(struct image *image);

/* How many there are. */
uint64_t nearby_count(const struct kept *kept);

/* Their distances in words, a byte each, in the order of the words, into nearby_count bytes. */
void nearby_put(const struct image *image, uint8_t *ret);

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
