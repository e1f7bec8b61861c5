/* word_shape.h: what an overwriting value looks like to someone who has seen many. A hint, never a proof. */
#ifndef HEURISTICS_DAMAGE_WORD_SHAPE_H
#define HEURISTICS_DAMAGE_WORD_SHAPE_H

#include "heuristics/finding.h"

/* "a small number", "a pointer into the stack of goroutine 7", …; NULL: like nothing in particular. `bytes` is 4 or 8: how
 * much of the word was written. */
const char *word_shape(const struct diagnosis *diagnosis, uint64_t value, unsigned bytes);

#endif
