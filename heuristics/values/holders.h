/* holders.h: who else can write a variable that lies in an object of the heap. */
#ifndef HEURISTICS_VALUES_HOLDERS_H
#define HEURISTICS_VALUES_HOLDERS_H

#include "heuristics/detector.h"

/* Other goroutines whose stacks have the address of the object that a variable lies in, or its own; whether they stand in functions
 * that store two words at that place of such an object. `name`: of the variable. */
void holder_evidence(struct diagnosis *diagnosis, struct finding *finding, uint64_t variable, const char *name);

#endif
