/* wakers.h: whether a program has code that was to wake those that wait. */
#ifndef HEURISTICS_HANGS_WAKERS_H
#define HEURISTICS_HANGS_WAKERS_H

#include "analyzer/waits/waits.h"

/* Whether a function of the package that a function is of calls one of wakers.def for that kind of wait, or has it inlined. `narrow`:
 * that function itself, or one that is written inside of it. Decodes the functions in question, 4,096 at most. */
bool wakers_exist(struct analysis *analysis, const char *function, enum wait_kind kind, bool narrow);

#endif
