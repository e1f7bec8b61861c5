/* segments.h: how loaders of dump formats bring the memory of a process into the order that struct image wants. */
#ifndef FORMATS_DUMP_SEGMENTS_H
#define FORMATS_DUMP_SEGMENTS_H

#include "formats/dump/image.h"

struct segment_overlaps {
	size_t count;       /* segments that claim addresses of another */
	size_t contradicts; /* those of them whose saved bytes differ from the other's, by the first 64 MB that overlap */
	uint64_t compared;  /* bytes */
};

/* Sorts segments by address and cuts what overlaps: the one that begins first keeps an address, of those that begin
 * together the one with the most saved bytes; but none keeps what it did not save from where another saved on. Returns how many are left. */
size_t segments_order(struct segment *items, size_t count, struct segment_overlaps *ret);

/* Lays what a dump saved over what it says existed, both ordered, and appends the result to image->segments: saved bytes
 * with the flags of the place where they lie, split where these change, and the rest of `existed` as not saved. Saved
 * bytes outside of it keep their own flags. */
void segments_lay_over(struct image *image, const struct segment *existed, size_t existed_count,
		       const struct segment *saved, size_t saved_count);

/* Sorts image->mappings as image_mapping wants them. */
void mappings_order(struct image *image);

#endif
