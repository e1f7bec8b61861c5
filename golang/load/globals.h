/* globals.h: finds the runtime's global variables without symbols, from the instructions of functions that use them. */
#ifndef GOLANG_LOAD_GLOBALS_H
#define GOLANG_LOAD_GLOBALS_H

#include "golang/runtime.h"

/* Fills runtime->globals from runtime->functions. Each rule cross-checks by shape; a rule that does not give exactly one
 * answer leaves 0 and a note. */
void globals_find(struct go_runtime *runtime);

#endif
