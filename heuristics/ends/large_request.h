/* large_request.h: how much Go's allocator was asked for at once, for an object that is larger than the classes of sizes
 * (runtime/sizeclasses.go: 32 KiB) and so gets pages of its own. */
#ifndef HEURISTICS_ENDS_LARGE_REQUEST_H
#define HEURISTICS_ENDS_LARGE_REQUEST_H

#include "heuristics/detector.h"

struct large_request {
	uint64_t size;        /* bytes */
	uint64_t slot;        /* where that is: the argument slot of `function`; 0: in a log */
	const char *function; /* of the runtime, which was asked */
};

/* What the allocator on a goroutine's stack was asked for. Two of its functions must have been called with the same size, since a slot
 * may be stale. False: it is not known, or no such object was asked for. */
bool large_request_find(struct analysis *analysis, int32_t goroutine, struct large_request *ret);

/* Whether that is more than all the writable memory that the dump lists, or the heap in use that a log tells of: then most likely it is the
 * size that is wrong. */
bool large_request_exceeds(const struct analysis *analysis, const struct large_request *request);

#endif
