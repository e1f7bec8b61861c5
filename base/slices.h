/* slices.h: work on a long array, divided among the CPUs. */
#ifndef BASE_SLICES_H
#define BASE_SLICES_H

#include <stddef.h>

/* Calls work for slices [from, to) that together are [0, count), each on a thread of its own; the last one on the caller's.
 * Returns when all are done. There is one slice when `count` is less than twice `least`. work may write only what belongs to
 * its slice, and allocate nothing on an arena: what comes of it must not depend on how many slices there are. */
void slices_run(size_t count, size_t least, void (*work)(void *context, size_t from, size_t to), void *context);

#endif
