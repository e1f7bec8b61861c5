/* recorded_walker.h: a walk of a stack, as a log shows it: what its frames were called with. */
#ifndef HEURISTICS_DAMAGE_RECORDED_WALKER_H
#define HEURISTICS_DAMAGE_RECORDED_WALKER_H

#include "heuristics/damage/walk_crash.h"

/* The goroutine, not the walker's own, whose g is an argument of one of the frames of the thread that died, from number `from` on, the
 * innermost first; -1: none is. *frame: which one. */
int32_t recorded_victim(const struct analysis *analysis, size_t from, size_t *frame);

/* Whether frame number `at` was to read the words at an address, by its first two arguments (runtime.scanblock, scanConservative: where, and
 * how many bytes). */
bool recorded_reads(const struct analysis *analysis, size_t at, uint64_t address);

#endif
