/* handed_lock.h: a lock need not be released by who took it: a goroutine may be started that does so when its work is done. */
#ifndef HEURISTICS_HANGS_HANDED_LOCK_H
#define HEURISTICS_HANGS_HANDED_LOCK_H

#include "analyzer/waits/contention.h"

/* Whether a goroutine that does not wait for the lock has its address on its stack, and a deferred call there that releases such
 * a lock; or that cannot be told. Those whose code goes on to release one are in contention->unknown. One pass over the stacks. */
bool lock_may_be_handed(struct analysis *analysis, const struct contention *contention, const struct contended_lock *lock);

#endif
