/* layout.h: a slim dump before it is written: pieces of the old file, each with its place in the new one. */
#ifndef FORMATS_SLIM_LAYOUT_H
#define FORMATS_SLIM_LAYOUT_H

#include "formats/dump/image.h"
#include "formats/dump/kept.h"

#include <stdio.h>

enum { SLIM_PAGE = 4096 };

#define SLIM_MADE UINT64_MAX

struct layout_plan;

/* Bytes that follow each other in both files. */
struct piece {
	uint64_t position;            /* in the new file */
	uint64_t original;            /* in the old one; SLIM_MADE: it has no such place */
	uint64_t size;
	const struct segment *segment; /* memory, of which only kept words are written; NULL: the bytes are these: */
	const uint8_t *bytes;
	/* Of what is made, and too large for memory: writes it, `size` bytes; false: `out` did not take them. NULL: not so. */
	bool (*write)(const struct layout_plan *plan, FILE *out);
};

/* Pages of one segment that hold kept words. */
struct page_run {
	const struct segment *segment;
	uint64_t offset, size; /* in the segment */
	uint64_t position;     /* in the new file */
};

struct page_runs {
	VEC(struct page_run) items;
};

/* Bytes of the old file that are others in the new one. */
struct edit {
	uint64_t original, size;
	const uint8_t *bytes; /* NULL: zeros */
};

struct layout_plan {
	struct image *image;
	VEC(struct edit) edits; /* of what is no memory */
	VEC(struct piece) pieces; /* ascending by position when it is written */
	struct page_runs runs;
};

/* The place of a segment's byte in the old file. */
static inline uint64_t layout_original(const struct image *image, const struct segment *segment, uint64_t offset)
{
	return (segment->position ? segment->position : (uint64_t)(segment->saved.data - image->bytes.data)) + offset;
}

/* Finds the pages with kept words, those that are near each other in one run, so that there are not more than `most` of them. */
void layout_find_runs(struct layout_plan *plan, size_t most);

/* Adds a piece. Nothing for an empty one. */
void layout_add(struct layout_plan *plan, struct piece piece);

/* The bytes [start, start + size) of the old file, as far as it has them, at a position. */
void layout_add_bytes(struct layout_plan *plan, uint64_t start, uint64_t size, uint64_t position);

/* Changes bytes of the old file, NULL: to zeros, that are no memory. */
void layout_edit(struct layout_plan *plan, uint64_t original, uint64_t size, const uint8_t *bytes);

/* The runs, whose positions are known, as pieces. */
void layout_add_runs(struct layout_plan *plan);

/* Writes all pieces, zeros between them. False: `out` did not take them. */
bool layout_write(struct layout_plan *plan, FILE *out);

#endif
