/* fault_evidence.h: what detectors of faults say alike: what the kernel told, and what the instruction did. */
#ifndef HEURISTICS_FAULTS_FAULT_EVIDENCE_H
#define HEURISTICS_FAULTS_FAULT_EVIDENCE_H

#include "heuristics/detector.h"

/* What si_code says of the fault (formats/signal_codes.def); `weight` where the word can be read in memory. Nothing, where it
 * says no more than the signal. */
void fault_kernel_evidence(struct diagnosis *diagnosis, struct finding *finding, enum weight weight);

/* What the instruction accessed, and the register that it formed the address of, whole: with the tag that the CPU ignores.
 * Nothing of a fault that was told late, nor where the instruction does not say. */
void fault_access_evidence(struct diagnosis *diagnosis, struct finding *finding);

/* Whether the kernel said that a pointer's tag was not that of the memory. */
bool is_tag_fault(const struct analysis *analysis);

/* Whether the CPU stopped where a signed return address led whose signature did not fit (arm64's pointer authentication): *ret
 * becomes the address without the mark of that. Something else than the function that signed it wrote it. */
bool is_unsigned_return(const struct analysis *analysis, uint64_t *ret);

/* Of a fault of memory tags: the tags of pointer and memory, and what the thread had asked to be told. */
void fault_tag_evidence(struct diagnosis *diagnosis, struct finding *finding);

/* "SIGSEGV at pc 0x…"; of one that was told late "SIGSEGV, told when the thread was at pc 0x…". */
const char *fault_text(struct diagnosis *diagnosis);

#endif
