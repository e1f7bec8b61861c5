/* owner.h: whose memory an address lies in, for who looks for those that may have written there. */
#ifndef HEURISTICS_HEAP_OWNER_H
#define HEURISTICS_HEAP_OWNER_H

#include "heuristics/detector.h"

/* "24 bytes from the start of the object at 0x… (48 bytes)", "in free memory of Go's heap", "in a variable of the program",
 * "in memory that is neither …": completes "it lies …". Never NULL. */
const char *heap_owner(const struct diagnosis *diagnosis, uint64_t address);

/* Whether it is writable memory of neither Go's heap, nor its modules, nor a stack: of C, or records of the runtime's own. */
bool is_foreign_memory(const struct diagnosis *diagnosis, uint64_t address);

#endif
