/* options.h: options of a caller that was compiled with another release's header. */
#ifndef LIB_OPTIONS_H
#define LIB_OPTIONS_H

#include "lib/tornstack.h"

/* Copies what the caller has into `ret`, of `known` bytes; what it has not is 0. NULL: all is. False: it has more, which is not 0, and
 * *result says so. */
bool options_take(const void *given, size_t size, void *ret, size_t known, struct ts_result *result);

#endif
