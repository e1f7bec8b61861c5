/* crowds.h: what most goroutines of the program were doing. */
#ifndef HEURISTICS_ENDS_CROWDS_H
#define HEURISTICS_ENDS_CROWDS_H

#include "heuristics/detector.h"

/* "3 goroutines: chan receive, in main.forever; 1 goroutine: select, in main.choose", the largest groups of equal stacks
 * first; goroutines that the runtime made for itself do not count. NULL: there are none. */
const char *crowds_text(const struct diagnosis *diagnosis);

#endif
