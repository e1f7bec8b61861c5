/* clobber.h: functions in assembly that change the frame pointer and do not put it back. Compiled functions save it first
 * thing and restore it last; of assembly only its author takes care (https://go.dev/doc/asm). */
#ifndef ANALYZER_INSTRUCTIONS_CLOBBER_H
#define ANALYZER_INSTRUCTIONS_CLOBBER_H

#include "golang/runtime.h"

struct clobber {
	const struct pc_info *call;  /* where the caller calls it, the call's return address */
	const struct pc_info *write; /* the instruction that changes the frame pointer, exact */
	bool known;     /* what it leaves in the register is a constant: */
	uint64_t value;
};

/* The last call, before the one that returns to `caller`, in the code of caller's function, of a function in assembly that writes
 * the frame-pointer register and never stores what was in it; one behind, where the code goes round in a loop, if there
 * is none before. False: there is none. */
bool clobber_find(struct go_runtime *runtime, const struct pc_info *caller, struct clobber *ret);

#endif
