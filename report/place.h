/* place.h: where findings are: on which stack, at which frame, of which goroutines. */
#ifndef REPORT_PLACE_H
#define REPORT_PLACE_H

#include "heuristics/detector.h"

/* The stack that a finding's frame is one of: its goroutine's, or, where that does not hold the finding's pc at
 * that frame, its thread's. Returns the frame's index, 0 when it names none. The stack is empty when the finding
 * has neither. */
size_t place_stack(const struct diagnosis *diagnosis, const struct finding *finding, struct stack *ret);

/* The finding's frame as an index into the printed lines of that stack, in which inlined calls come before the
 * function that they were inlined into; -1: it names none. */
int64_t place_line(const struct diagnosis *diagnosis, const struct finding *finding);

/* The index of the finding about a frame: its tear's, or, for the first frame past a seam, that of the frame
 * below; -1. */
int64_t place_finding(const struct diagnosis *diagnosis, const struct stack *stack, size_t index);

/* Per goroutine (by index): whether findings, threads, the fault or the last words name it. */
const bool *place_goroutines(const struct diagnosis *diagnosis);

#endif
