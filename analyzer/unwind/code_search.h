/* code_search.h: reading the code of functions for what they call, within a budget for one dump. */
#ifndef ANALYZER_UNWIND_CODE_SEARCH_H
#define ANALYZER_UNWIND_CODE_SEARCH_H

#include "analyzer/analysis.h"

enum { FUNCTION_LIMIT = 1 << 20 /* bytes of a function that is searched for calls */ };

/* Whether a function's code may still be read for what was written over return addresses: so much of it for one dump. */
bool code_affords(struct analysis *analysis, const struct func *func);

/* Goes on to just behind the next call of a function; false: there is none, or its code cannot be read. */
bool go_to_call(const struct analysis *analysis, const struct func *func, uint64_t *pc);

/* Whether the function that a call site calls can return to it, as far as that is known: what ends in a panic does not. */
bool call_comes_back(struct go_runtime *runtime, const struct pc_info *site);

#endif
