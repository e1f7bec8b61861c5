/* smashed.h: what a return address was of which nothing is left, from the frames around it; for damage.c. */
#ifndef ANALYZER_SMASHED_H
#define ANALYZER_SMASHED_H

#include "analyzer/unwind/damage.h"

/* smashed.c: by the frame pointer beside it, which says how large the caller's frame is and who called the caller. Fills
 * kind, candidates, above_pc, above_sp and, if just one call site fits, repaired. False: none fits. */
bool smashed_by_frame_pointer(struct analysis *analysis, const struct walk_subject *subject, struct damage *place);

/* bridge.c: without a frame pointer, by the nearest sound return address above: the function that its call leads to, and
 * the functions that this one calls, have frames that must fill the gap. Fills the same, and bridge, caller. */
bool smashed_by_frame_sizes(struct analysis *analysis, const struct walk_subject *subject, struct damage *place);

/* Whether the frame pointer leads to a return address, so that it is to be believed. What it says of the caller: how large its
 * frame is, and the return address of its own caller. */
bool caller_by_frame_pointer(struct analysis *analysis, const struct walk_subject *subject, const struct damage *place,
			     int64_t *delta, uint64_t *return_address);

/* The function that a return address' call leads to: of goexit's, the one that the goroutine was made to run; NULL: it
 * cannot be told. */
const struct func *called_by(const struct analysis *analysis, const struct walk_subject *subject, uint64_t return_address);

/* Call sites that fit, when more than one may. */
enum { SITES_KEPT = 16 };

struct search {
	struct analysis *analysis;
	const struct func *callee; /* NULL: any */
	bool returned;             /* through the word, by a RET */
	int64_t delta;             /* the caller's frame: from its SP after the return to its top */
	uint32_t count, direct;
	uint64_t sites[SITES_KEPT], last_direct;
};

/* All calls in one function. */
void search_function(struct search *search, const struct func *caller);

#endif
