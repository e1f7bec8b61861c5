/* runtime_panics.h: values of panics that are nobody's secret (runtime_panics.def). */
#ifndef LIB_RUNTIME_PANICS_H
#define LIB_RUNTIME_PANICS_H

#include "base/span.h"

/* Whether a value, or one with " [recovered]" behind it, is one that Go makes itself. */
bool runtime_panic_is(struct span value);

#endif
