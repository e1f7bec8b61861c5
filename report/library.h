/* library.h: whether code is the program's own. */
#ifndef REPORT_LIBRARY_H
#define REPORT_LIBRARY_H

#include "golang/runtime.h"

/* Whether a function belongs to Go's own library: its import path's first element has no dot, and it is not of the
 * main module (cmd/go: import paths without a dot in their first element are reserved for the standard library). */
bool function_is_library(const struct go_runtime *runtime, const char *function);

#endif
