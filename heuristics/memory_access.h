/* memory_access.h: what the instruction that faulted did to memory: with the address of the fault it says what its base
 * register held. */
#ifndef HEURISTICS_MEMORY_ACCESS_H
#define HEURISTICS_MEMORY_ACCESS_H

#include "heuristics/detector.h"

struct memory_access {
	bool store;
	unsigned size;    /* bytes */
	const char *base; /* name of the register that the address was formed from; NULL: the address is the instruction's own */
	uint64_t offset;  /* added to it (two's complement) */
};

/* The one access of the instruction at a pc. False: its code is not there, or it makes none, more than one, or one whose
 * address it does not itself say. */
bool memory_access_at(struct analysis *analysis, uint64_t pc, struct memory_access *ret);

#endif
