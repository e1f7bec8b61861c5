/* heap_in_use.h: what the dump itself tells about the memory of the process, as evidence. */
#ifndef HEURISTICS_ENDS_HEAP_IN_USE_H
#define HEURISTICS_ENDS_HEAP_IN_USE_H

#include "heuristics/detector.h"

/* Says how much writable memory was mapped, how much of it by Go's heap, and what goroutines' stacks take. */
void heap_evidence(struct diagnosis *diagnosis, struct finding *finding);

/* Bytes of writable memory that the dump lists, saved or not; 0 of a log. */
uint64_t writable_size(const struct image *image);

/* Whether a line of the runtime's says what it asked of the system in vain, and how much of the heap was in use, in bytes (runtime/mheap.go
 * grow, Go 1.13 to 1.27). */
bool refused_line(const char *line, uint64_t *asked, uint64_t *used);

#endif
