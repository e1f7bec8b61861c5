/* field_stores.h: whether a function stores a value of two words through a pointer. */
#ifndef ANALYZER_ORIGINS_FIELD_STORES_H
#define ANALYZER_ORIGINS_FIELD_STORES_H

#include "analyzer/analysis.h"

/* The first of two stores of a word each, at `offset` and the word behind it, from a register that is no stack or frame pointer.
 * False: the function at a pc has none. Which object that register leads to is not known. */
bool field_stores_find(struct analysis *analysis, const struct pc_info *at, uint64_t offset, uint64_t *ret_pc);

#endif
