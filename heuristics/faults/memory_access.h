/* memory_access.h: what the instruction that faulted did to memory: with the address of the fault it says what its base
 * register held. */
#ifndef HEURISTICS_FAULTS_MEMORY_ACCESS_H
#define HEURISTICS_FAULTS_MEMORY_ACCESS_H

#include "heuristics/detector.h"

#include "analyzer/last_words/fault_operand.h"

struct memory_access {
	bool store;
	unsigned size;    /* bytes */
	uint8_t reg;      /* that the address was formed from; REG_NONE: the address is the instruction's own */
	const char *base; /* its name; NULL: none */
	uint64_t offset;  /* added to it (two's complement) */
};

/* The one access of the instruction at a pc. False: its code is not there, or it makes none, more than one, or one whose
 * address it does not itself say. */
bool memory_access_at(struct analysis *analysis, uint64_t pc, struct memory_access *ret);

/* The access of the instruction at a pc that faulted at an address, with its base register. Of several (ldp, movs): the one whose
 * offset is the address, so that its register was nil; else the first. False: none is by a register alone. */
bool faulting_access_at(struct analysis *analysis, uint64_t pc, uint64_t address, struct memory_access *ret);

#endif
