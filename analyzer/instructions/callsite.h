/* callsite.h: whether a word is a return address. */
#ifndef ANALYZER_INSTRUCTIONS_CALLSITE_H
#define ANALYZER_INSTRUCTIONS_CALLSITE_H

#include "golang/runtime.h"

/* What a call of a function does beside coming back with other registers. */
enum call_effect {
	CALL_USUAL,
	CALL_KEEPS, /* it leaves all registers but those that it says */
	CALL_ENDS,  /* it does not come back */
};

/* Of the function that a call leads to, by its name; `callee` without a function: CALL_USUAL. */
enum call_effect call_effect(const struct pc_info *callee);

/* Whether a return address is one: in a Go function, after a call that can reach `callee` (NULL: any function). */
bool callsite_reaches(struct go_runtime *runtime, uint64_t return_address, const struct func *callee);

#endif
