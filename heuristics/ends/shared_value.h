/* shared_value.h: whether two goroutines were in methods of the very same value. */
#ifndef HEURISTICS_ENDS_SHARED_VALUE_H
#define HEURISTICS_ENDS_SHARED_VALUE_H

#include "heuristics/detector.h"

struct shared_value {
	size_t goroutine;     /* the other one's index in runtime->goroutines */
	const char *function; /* where it was */
	const char *type;     /* "compress/flate.(*compressor)" */
	uint64_t address;
};

/* Looks for another goroutine, one that could run, in a method of a value that a method of a goroutine had been called on as well: of the
 * frames of its stack from `frame` on, those whose functions are of a package. Which value a call was made on is followed through
 * the callers' code (analyzer/origins); calls that were inlined are not. Who waits in package sync is left out. False: none is known. */
bool shared_value_find(const struct diagnosis *diagnosis, size_t goroutine, const struct stack *stack, size_t frame,
		       const char *package, struct shared_value *ret);

#endif
