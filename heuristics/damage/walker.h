/* walker.h: a thread that walked a stack when it died: by which frame of its own, and whose. */
#ifndef HEURISTICS_DAMAGE_WALKER_H
#define HEURISTICS_DAMAGE_WALKER_H

#include "analyzer/analysis.h"

/* Index of the innermost frame of a stack that walks another, or starts to; SIZE_MAX: none. */
size_t walker_find(const struct stack *stack);

/* Index of the goroutine whose stack the thread that died walked: one that a word of the walker's frames points to, a torn one
 * above all others; -1: unknown. */
int32_t walked_goroutine(struct analysis *analysis, const struct stack *stack, size_t walker);

#endif
