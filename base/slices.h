/* slices.h: work on a long array, divided among threads. */
#ifndef BASE_SLICES_H
#define BASE_SLICES_H

#include <stddef.h>

enum { SLICES_MOST = 8 };

/* CPUs that this process may use (sched_getaffinity(2)), at least 1. */
unsigned cpus_usable(void);

/* Work on [from, to) of an array; `slice` numbers the slices. */
typedef void slice_work(void *context, size_t slice, size_t from, size_t to);

/* How many slices an array of `count` is divided into: one for each of `workers` (0: one for each usable CPU), at most
 * SLICES_MOST, none shorter than `least`, at least one. */
size_t slices_count(unsigned workers, size_t count, size_t least);

/* Calls work for so many slices that together are [0, count), each on a thread of its own, the last one on the caller's; returns
 * when all are done. work may write only what belongs to its slice, and allocate nothing on an arena that is not its own: what
 * comes of it must not depend on how many slices there are. */
void slices_run(size_t slices, size_t count, slice_work *work, void *context);

#endif
