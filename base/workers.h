/* workers.h: threads that take one piece of work after the other. */
#ifndef BASE_WORKERS_H
#define BASE_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

enum { WORKERS_MOST = 64 };

/* The piece of work of that index; `worker`, below WORKERS_MOST, numbers the thread that does it. */
typedef void workers_work(void *context, size_t worker, size_t index);

/* Calls work for each index below `count` once, on so many threads (0: one for each usable CPU), of which the caller's is one. Indices are
 * taken in order. Signals that end the process are the caller's thread's. `forks`: the work makes children, which not every build can do
 * beside other threads (base/sandbox.h SANDBOX_FORKS_ALONE): then all of it is the caller's. */
void workers_run(unsigned workers, bool forks, size_t count, workers_work *work, void *context);

#endif
