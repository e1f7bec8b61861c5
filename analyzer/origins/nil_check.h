/* nil_check.h: pointers that the code itself has found not to be nil. */
#ifndef ANALYZER_ORIGINS_NIL_CHECK_H
#define ANALYZER_ORIGINS_NIL_CHECK_H

#include "analyzer/analysis.h"

/* Whether on every way to the instruction at pc, in the function of `info`, the register was compared with 0 and was not 0, or memory
 * near the address in it was accessed without a fault, and has not changed since. False also where the code does not say. */
bool is_checked_for_nil(struct analysis *analysis, const struct pc_info *info, uint64_t pc, uint8_t reg);

#endif
