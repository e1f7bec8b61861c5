/* recorded_waits.h: what goroutines of a log wait for, by the arguments that the runtime printed of their calls. */
#ifndef ANALYZER_WAITS_RECORDED_WAITS_H
#define ANALYZER_WAITS_RECORDED_WAITS_H

#include "analyzer/analysis.h"

/* The address of the channel, lock, WaitGroup or list of a Cond that a goroutine waits for: the first argument of the innermost function
 * of recorded_waits.def, of a channel or of another object, between its wait and its program's own frame number `program`; 0: the log does
 * not show it, or not reliably. */
uint64_t recorded_wait_object(const struct stack *stack, size_t program, bool channel);

/* What may contain a lock, as the frames of who waits for it were called with: addresses at most `reach` bytes below it, of frames
 * [from, to); at most `most` of them to `ret`. How many. */
size_t recorded_containers(const struct stack *stack, size_t from, size_t to, uint64_t object, uint64_t reach, size_t most, uint64_t *ret);

#endif
