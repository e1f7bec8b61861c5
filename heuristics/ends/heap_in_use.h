/* heap_in_use.h: what the dump itself tells about the memory of the process, as evidence. */
#ifndef HEURISTICS_ENDS_HEAP_IN_USE_H
#define HEURISTICS_ENDS_HEAP_IN_USE_H

#include "heuristics/detector.h"

/* Says how much writable memory was mapped, how much of it by Go's heap, and what goroutines' stacks take. */
void heap_evidence(struct diagnosis *diagnosis, struct finding *finding);

#endif
