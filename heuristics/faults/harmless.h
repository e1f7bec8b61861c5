/* harmless.h: whether an instruction can have raised the fault that stopped there. */
#ifndef HEURISTICS_FAULTS_HARMLESS_H
#define HEURISTICS_FAULTS_HARMLESS_H

#include "heuristics/detector.h"

/* Whether the instruction at which the fault stopped the thread cannot raise SIGSEGV with SI_KERNEL: it works with registers
 * alone, or what it accesses is there and may be accessed so. On arm64 no instruction raises that. False where the dump does
 * not tell. */
bool fault_is_harmless(struct analysis *analysis);

#endif
