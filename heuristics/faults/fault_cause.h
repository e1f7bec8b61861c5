/* fault_cause.h: faults that explain themselves: by what the kernel says of them, and by the instruction. */
#ifndef HEURISTICS_FAULTS_FAULT_CAUSE_H
#define HEURISTICS_FAULTS_FAULT_CAUSE_H

#include "heuristics/detector.h"

/* "the instruction `vpaddd …` is not one that this CPU has", "the memory
 * itself is broken"; NULL: the fault does not explain itself. */
const char *fault_cause(const struct diagnosis *diagnosis);

#endif
