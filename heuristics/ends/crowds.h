/* crowds.h: what most goroutines of the program were doing. */
#ifndef HEURISTICS_ENDS_CROWDS_H
#define HEURISTICS_ENDS_CROWDS_H

#include "heuristics/detector.h"

/* The largest group of equal stacks among the goroutines of the program that stand so. */
struct crowd {
	size_t all;            /* how many stand so */
	size_t group, count;   /* the largest group, and how many of it do; of equal ones the first */
	const char *function;  /* of the program, that they stand in; see crowds_text */
	const char *creator;   /* "main.main at main.go:23"; NULL: unknown */
};

/* False: none does. */
bool crowd_find(const struct diagnosis *diagnosis,
		bool (*stands)(struct analysis *analysis, const struct goroutine *goroutine), struct crowd *ret);

/* "main.main at main.go:23": the go statement that made a goroutine; NULL: unknown. */
const char *creator_text(const struct diagnosis *diagnosis, size_t goroutine);

/* "1 goroutine: running, in main.spin; 3 goroutines: chan receive, in main.forever", those that run before others, the largest
 * groups of equal stacks first; goroutines that the runtime made for itself do not count. NULL: there are none. */
const char *crowds_text(const struct diagnosis *diagnosis);

#endif
