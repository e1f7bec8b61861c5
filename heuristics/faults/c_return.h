/* c_return.h: code that is not Go's returned through a word that is no address: its return address was overwritten. */
#ifndef HEURISTICS_FAULTS_C_RETURN_H
#define HEURISTICS_FAULTS_C_RETURN_H

#include "heuristics/detector.h"

struct c_return {
	bool at_return;  /* the CPU stopped at the RET; else where it led */
	uint64_t word;   /* that it took */
	uint64_t slot;   /* where it lies; 0: a register has it, and memory is not known to */
};

/* Whether the fault came of such a RET. Nobody is asked here whose code it is. */
bool c_return_find(struct analysis *analysis, struct c_return *ret);

#endif
