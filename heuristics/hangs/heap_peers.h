/* heap_peers.h: who may still use what somebody waits for, by way of one object of the heap: a variable that a closure shares, a
 * structure with a channel in it. */
#ifndef HEURISTICS_HANGS_HEAP_PEERS_H
#define HEURISTICS_HANGS_HEAP_PEERS_H

#include "analyzer/analysis.h"

/* Whether a goroutine that does not wait has, on its stack, the address of a heap object that holds one of some addresses; or that
 * cannot be told. One pass over at most 1 GB of writable memory and one over the stacks. */
bool heap_peers_run(struct analysis *analysis, const uint64_t *addresses, size_t count);

#endif
