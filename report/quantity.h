/* quantity.h: numbers and times as every report writes them. Texts live on the arena. */
#ifndef REPORT_QUANTITY_H
#define REPORT_QUANTITY_H

#include "base/arena.h"

#include <stdint.h>

/* "12,345" */
const char *count_text(struct arena *arena, uint64_t count);

/* "1 thread", "12,345 threads": what is counted has a regular plural. */
const char *counted_text(struct arena *arena, uint64_t count, const char *what);

/* "45s", "2m10s", "3h5m", "8d2h": whole seconds and the two largest units of them */
const char *duration_text(struct arena *arena, int64_t nanoseconds);

#endif
