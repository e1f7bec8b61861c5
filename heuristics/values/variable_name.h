/* variable_name.h: what to call a word of memory, in words for people. */
#ifndef HEURISTICS_VALUES_VARIABLE_NAME_H
#define HEURISTICS_VALUES_VARIABLE_NAME_H

#include "analyzer/origins/origin.h"
#include "heuristics/detector.h"

/* "main.routes"; "the global variable at 0x540b10"; "the field at offset 0x10 of what main.srv points to"; "a
 * variable of main.f". `word`: as the code loaded it. */
const char *variable_name(const struct diagnosis *diagnosis, const struct stack *stack, const struct origin *word);

/* Whether an address lies in the writable data of a module. */
bool is_global(const struct analysis *analysis, uint64_t address);

/* How far behind the beginning of its module's data (runtime.noptrdata) a global lies. */
uint64_t offset_in_data(const struct analysis *analysis, uint64_t address);

#endif
