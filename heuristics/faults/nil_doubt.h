/* nil_doubt.h: whether a nil pointer was nil where it came from. */
#ifndef HEURISTICS_FAULTS_NIL_DOUBT_H
#define HEURISTICS_FAULTS_NIL_DOUBT_H

#include "heuristics/detector.h"
#include "heuristics/faults/memory_access.h"

/* Evidence against: the pointer was read from a slice none of whose elements is nil, or which is not known any more, or from behind the end of the object that it is
 * said to be a field of. Then another goroutine changed the value as it was read (a data race), may have, or has changed it since. */
void nil_doubt_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stack *stack, size_t at,
			const struct memory_access *access);

#endif
