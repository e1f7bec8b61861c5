/* harmless.h: whether an instruction can have raised the fault that stopped there. */
#ifndef HEURISTICS_FAULTS_HARMLESS_H
#define HEURISTICS_FAULTS_HARMLESS_H

#include "heuristics/detector.h"

/* Whether the instruction at which the fault stopped the thread cannot raise SIGSEGV with SI_KERNEL: it works with registers
 * alone, or with an address that the CPU can form, of which the kernel would tell were it not mapped. On arm64 no instruction raises that. False where the dump does
 * not tell. */
bool fault_is_harmless(struct analysis *analysis);

/* … but has raised SIGSEGV for an address that is mapped nowhere: *ret. The kernel could not give the process that signal. */
bool fault_lost_address(struct analysis *analysis, uint64_t *ret);

#endif
