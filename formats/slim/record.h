/* record.h: what tornstack writes into a slim dump of its own: where its bytes lay in the dump that it was made from, which words of
 * memory are kept, and what cannot be found out again without the others. A note of owner "tornstack" in cores, a stream in minidumps.
 *
 * All numbers are 64-bit little-endian words. A header of SLIM_HEADER words: magic, version, size of the old file, flags, and how many
 * there are of: extents {place in the old file, place in this one, size}; comparisons {address, size, digest, compared, different, first};
 * words of memory, and blocks {number of the first word / 512, 512 bits: kept, 512 bits: removed; a word that is both is kept, but nearby:
 * see nearby.h}; bytes of the distances of those; threads' registers that are unknown, a bit each; bytes of
 * answers {pc, question, size, bytes to a whole word} of executables and libraries (kept.h); bytes of text: the notes of who read the old file, each ended by NUL. Where
 * names have pseudonyms, from the next whole word on: a check of the key, how many places there are, and of each {place in the old file, size, kind}
 * (renames.h); of answers the flag SLIM_ANSWER_RENAMED of the question. */
#ifndef FORMATS_SLIM_RECORD_H
#define FORMATS_SLIM_RECORD_H

#include "formats/slim/layout.h"

#define SLIM_MAGIC UINT64_C(0x6d696c736e726f74) /* "tornslim" */
#define SLIM_OWNER "tornstack"
#define SLIM_ANSWER_RENAMED (UINT64_C(1) << 32)

enum {
	SLIM_VERSION = 3,
	SLIM_HEADER = 12,        /* words */
	SLIM_NOTE = 0x6e726f74,  /* type of the note, and of the stream: "torn" */
	SLIM_TRUNCATED = 1,      /* flags: the old file was cut short */
	SLIM_REDACTED = 2,       /* what is not needed is not in it (redaction.h) */
	SLIM_RENAMED = 4,        /* names have pseudonyms (renames.h) */
};

/* How many bytes the record of a plan will take, which does not depend on positions, only on how many pieces there are. */
uint64_t slim_record_size(const struct layout_plan *plan, size_t extents);

/* Adds the record, of that size or less, zeros behind it, to the plan, at a position. That has all its pieces that have a place in the old file;
 * how many that are was known. */
void slim_record_add(struct layout_plan *plan, uint64_t position, uint64_t size);

/* The record of a slim dump; empty: it is none. */
struct span slim_record_find(struct span file);

struct slim_record {
	struct span extents, comparisons, blocks, distances, masks, answers, notes, renames;
	uint64_t original_size, flags, words;
};

/* False: it is damaged. */
bool slim_record_read(struct span bytes, struct slim_record *ret);

/* The old file as far as it is in the slim one, zeros elsewhere; it goes with the arena. Errors: LIMIT, BAD_DATA. */
const struct err *slim_unfold(struct arena *arena, struct span file, const struct slim_record *record, uint64_t max_size,
			      struct span *ret);

/* Makes an image that was loaded of the unfolded file refuse what is not kept, and tell what the record knows. */
const struct err *slim_record_apply(struct image *image, const struct slim_record *record);

#endif
