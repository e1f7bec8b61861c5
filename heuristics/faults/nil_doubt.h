/* nil_doubt.h: whether a nil pointer was nil where it came from. */
#ifndef HEURISTICS_FAULTS_NIL_DOUBT_H
#define HEURISTICS_FAULTS_NIL_DOUBT_H

#include "heuristics/detector.h"
#include "heuristics/faults/memory_access.h"

/* Evidence against: the pointer was read from a slice none of whose elements is nil, or which is not known any more, or from behind the end of the object that it is
 * said to be a field of. Then another goroutine changed the value as it was read (a data race), may have, or has changed it since. */
void nil_doubt_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stack *stack, size_t at,
			const struct memory_access *access);

/* Whether the pointer of an access that faulted at `at` was none: the code itself had found that it is not nil. Then the address of the
 * fault, 0, was told for want of a better one. */
bool nil_is_refuted(struct analysis *analysis, const struct stack *stack, size_t at, const struct memory_access *access);

/* Whether by the code before it the register was 0, as memory is now. */
bool nil_is_confirmed(struct analysis *analysis, const struct stack *stack, size_t at, const struct memory_access *access);

#endif
