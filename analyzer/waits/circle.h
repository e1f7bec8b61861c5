/* circle.h: a circle among things that wait for one another. */
#ifndef ANALYZER_WAITS_CIRCLE_H
#define ANALYZER_WAITS_CIRCLE_H

#include "base/vec.h"

#include <stdbool.h>

/* Numbers of things, each of which waits for the next, the last for the first; empty: there is no circle. */
struct circle {
	VEC(size_t) numbers;
};

/* One that number `at` waits for, among those that are still on; the count of all: there is none. */
typedef size_t circle_next(const void *graph, size_t at, const bool *on);

/* *ret: one circle of those of `count` that are on. Takes those off that cannot lie on one: each round costs a call for each
 * of them, and takes one off at least. *ret must be empty. */
void circle_find(struct arena *arena, const void *graph, circle_next *next, bool *on, size_t count, struct circle *ret);

#endif
