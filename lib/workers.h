/* workers.h: threads that take one piece of work after the other. */
#ifndef LIB_WORKERS_H
#define LIB_WORKERS_H

#include <stddef.h>

/* Calls work for each index below `count` once, on so many threads (0: one for each usable CPU), of which the caller's is one. Indices are
 * taken in order. Signals that end the process are the caller's thread's. */
void workers_run(unsigned workers, size_t count, void (*work)(void *context, size_t index), void *context);

#endif
