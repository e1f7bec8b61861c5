/* dangling.h: what the process still holds of a block that is mapped nowhere any more: pointers into it, and the header of
 * the slice that once had it whole. */
#ifndef HEURISTICS_FAULTS_DANGLING_H
#define HEURISTICS_FAULTS_DANGLING_H

#include "heuristics/faults/address_place.h"

struct dangling {
	uint64_t header;      /* address of the words (start, length) of the largest block that has the address, as strings and
			       * slices are kept; 0: none */
	uint64_t start, size; /* that block: nothing of it is mapped */
	bool whole;           /* it starts at a page, as what mmap gave */
	uint64_t pointer;     /* address of a word that holds `value`; 0: none */
	uint64_t others;      /* words that lead to other places near it */
};

/* What is looked for. */
struct dangling_query {
	const struct hole *hole;
	uint64_t address; /* of the fault */
	uint64_t value;   /* the pointer that the instruction used */
	uint64_t sp;      /* of the goroutine that faulted: what lies below it is younger than the fault */
};

/* Looks through what the dump saved of writable memory (a bounded part of a large dump: image_data) for words that lead near
 * an address in a hole; but not where the fault itself left its address: in the goroutine's record, on its stack below SP, on
 * stacks of threads. */
void dangling_find(struct analysis *analysis, const struct dangling_query *query, struct dangling *ret);

#endif
