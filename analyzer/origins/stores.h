/* stores.h: which functions store to a global variable, by their code. */
#ifndef ANALYZER_ORIGINS_STORES_H
#define ANALYZER_ORIGINS_STORES_H

#include "analyzer/analysis.h"

/* One function that does. */
struct storer {
	const struct pc_info *at; /* the first such store */
};

enum { STORERS_LIMIT = 64 };

struct storers {
	struct storer items[STORERS_LIMIT];
	size_t count;
	bool cut; /* there are more */
};

/* All whose instructions store to [address, address + size), which the program's modules hold. One pass over all code. */
void storers_find(struct analysis *analysis, uint64_t address, uint64_t size, struct storers *ret);

/* The index of the first frame of a stack that is in one of them; SIZE_MAX: none. */
size_t storers_frame(const struct storers *storers, const struct stack *stack);

#endif
