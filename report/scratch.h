/* scratch.h: memory for long lists. A report of a million goroutines makes a few strings for each and needs them for as
 * long as one is written. */
#ifndef REPORT_SCRATCH_H
#define REPORT_SCRATCH_H

#include "base/arena.h"

/* Calls item(context, scratch, index) for every index below `count`, until one returns false. What an item allocates on
 * `scratch` is gone soon after it returns. Running out of scratch memory exhausts `owner`. Call inside arena_run. */
void scratch_each(struct arena *owner, size_t count, bool (*item)(void *context, struct arena *scratch, size_t index),
		  void *context);

#endif
