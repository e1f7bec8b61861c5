/* tear.h: what SP really is at a pc. The pcsp table claims a distance from SP to the frame's top; executing the function's
 * own instructions says what the distance is. Where they differ, a stop at that pc leaves a torn stack, and the
 * difference is the repair. Nothing here knows any particular instruction sequence. */
#ifndef ANALYZER_INSTRUCTIONS_TEAR_H
#define ANALYZER_INSTRUCTIONS_TEAR_H

#include "golang/runtime.h"

/* The state of a function's frame before the instruction at a pc. The frame's top is SP at the function's entry (where
 * amd64 keeps the return address). */
struct frame_state {
	int64_t distance;   /* from SP up to the frame's top, bytes */
	bool assumed;       /* no known branch reaches the pc: the state starts from pcsp at the start of its block */
	bool link_live;     /* the link register holds the return address */
	bool return_kept;   /* a RET here, with SP at the frame's top on amd64, takes the return address */
	bool link_saved;    /* a slot of the frame holds the return address (CPUs with a link register) */
	int64_t link_slot;  /* … at top + link_slot */
	bool fp_known;      /* the frame-pointer register holds top + fp_offset */
	int64_t fp_offset;
};

struct tear_cache;

struct tear_cache *tear_cache_new(struct go_runtime *runtime);

/* Whether a function calls nothing but the stack-growing runtime.morestack*: what the compiler treats as a leaf. */
bool is_leaf(struct tear_cache *cache, const struct pc_info *info);

/* Whether SP, executed, is `distance` below the frame's top before an instruction beside the one at pc, or at pc itself: what the
 * table says at pc then is true a few instructions away. */
bool frame_state_beside(struct tear_cache *cache, const struct pc_info *info, int64_t distance);

/* Executes the function and gives the state at pc. False when it cannot be known: pc is no instruction boundary, paths
 * disagree, SP is computed from memory, the code is not there or is too large. */
bool frame_state_at(struct tear_cache *cache, const struct pc_info *info, struct frame_state *ret);

#endif
