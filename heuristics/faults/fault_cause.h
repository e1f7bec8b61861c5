/* fault_cause.h: faults that explain themselves: by what the kernel says of them, and by the instruction. */
#ifndef HEURISTICS_FAULTS_FAULT_CAUSE_H
#define HEURISTICS_FAULTS_FAULT_CAUSE_H

#include "heuristics/detector.h"

/* "the instruction `vpaddd …` is not one that this CPU has", "the memory
 * itself is broken"; NULL: the fault does not explain itself. */
const char *fault_cause(const struct diagnosis *diagnosis);

/* As fault_cause, or what the kernel and the instruction say of it otherwise: why the CPU stopped there, not what went wrong before. */
const char *fault_reason(const struct diagnosis *diagnosis);

/* Whether the CPU refused an access for its address, which is no multiple of the size that the instruction needs (BUS_ADRALN). */
bool is_misaligned(const struct fault *fault);

/* "the address is no multiple of 8, as atomic instructions … need it": of such a fault. */
const char *misaligned_text(const struct diagnosis *diagnosis);

#endif
