/* observations.h: what a dump shows beside its verdict, and what never changes that: goroutines that have been parked for
 * long, and circles of locks as far as stacks show them. */
#ifndef REPORT_OBSERVATIONS_H
#define REPORT_OBSERVATIONS_H

#include "report/selection.h"

struct observation {
	const char *kind; /* "parked-goroutines", "lock-circle" */
	const char *text; /* sentences */
	size_t count;     /* goroutines */
	const uint32_t *members; /* their indices in runtime->goroutines */
	const char *function;    /* of the program, in which they wait; NULL: unknown, or several */
	int64_t least, most;     /* nanoseconds that they have waited at least; most 0: not known */
};

struct observations {
	VEC(struct observation) items;
};

/* Of all goroutines, `selection`. Bounded: a few samples of each group that waits, and stacks of at most 64 MB. */
const struct observations *observations_of(const struct diagnosis *diagnosis, const struct selection *selection);

#endif
