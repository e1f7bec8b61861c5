/* places.h: where in memory a wrong value of the heap lies, what was written with it, and who else knows that place. */
#ifndef HEURISTICS_HEAP_PLACES_H
#define HEURISTICS_HEAP_PLACES_H

#include "heuristics/detector.h"

/* Appends as evidence: the places of a value in writable memory, the bytes around each that look alike, the objects that these
 * run over, and words outside of Go's memory that hold an address of them. `except`: a place that has been told. */
void heap_value_evidence(struct diagnosis *diagnosis, struct finding *finding, uint64_t value, uint64_t except);

/* … the bytes around one place that look alike, and who holds an address of them. */
void heap_run_evidence(struct diagnosis *diagnosis, struct finding *finding, uint64_t address);

/* … which words hold an address in [start, end), objects first. */
void heap_holder_evidence(struct diagnosis *diagnosis, struct finding *finding, uint64_t start, uint64_t end);

#endif
