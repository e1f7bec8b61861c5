/* count.h: numbers of things in words. Texts live on the arena. */
#ifndef BASE_COUNT_H
#define BASE_COUNT_H

#include "base/arena.h"

#include <stdint.h>

/* "12,345" */
const char *count_text(struct arena *arena, uint64_t count);

/* "1 thread", "12,345 threads": what is counted has a regular plural. */
const char *counted_text(struct arena *arena, uint64_t count, const char *what);

#endif
