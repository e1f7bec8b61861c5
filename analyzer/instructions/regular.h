/* regular.h: functions without a tear, told by one look at each of their instructions. */
#ifndef ANALYZER_INSTRUCTIONS_REGULAR_H
#define ANALYZER_INSTRUCTIONS_REGULAR_H

#include "golang/runtime.h"

/* Scratch memory for one program. */
struct regularity;

struct regularity *regularity_new(struct go_runtime *runtime);

/* A pc at which the frame pointer is neither the caller's nor the frame's own: a walk by frame pointers goes
 * astray there. */
struct torn_fp {
	uint64_t pc;
	int64_t offset; /* the frame pointer, from the frame's top */
	int32_t delta;  /* pcsp: from SP to the frame's top */
};

/* True when SP is at every instruction of a function where the pcsp table says, however the instruction is reached.
 * It is proved edge by edge: at the entry the table claims nothing, each instruction changes SP by just what the
 * claims before and behind it differ by, and the claim at the target of each branch is the one that it leaves with.
 * Then frame_state_at (tear.h) cannot differ from the table anywhere, and need not be asked. False proves nothing.
 *
 * On CPUs with a link register the frame pointer is followed in the same way; *torn gets the places where it is
 * torn, valid until the next call. */
bool func_is_regular(struct regularity *regularity, const struct go_module *module, const struct func *func,
		     const struct torn_fp **torn, size_t *torn_count);

#endif
