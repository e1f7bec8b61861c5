/* callsite.h: whether a word is a return address. */
#ifndef ANALYZER_INSTRUCTIONS_CALLSITE_H
#define ANALYZER_INSTRUCTIONS_CALLSITE_H

#include "golang/runtime.h"

/* Whether a return address is one: in a Go function, after a call that can reach `callee` (NULL: any function). */
bool callsite_reaches(struct go_runtime *runtime, uint64_t return_address, const struct func *callee);

#endif
