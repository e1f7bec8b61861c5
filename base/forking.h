/* forking.h: children of a process that has several threads. A child is a copy of one thread, and of all memory as it was: what another
 * thread had locked stays locked in it for ever, and what that had half changed stays so. */
#ifndef BASE_FORKING_H
#define BASE_FORKING_H

#include <sys/types.h>

/* As fork(2), with all streams flushed before, while no thread is between the two below. */
pid_t forking_fork(void);

/* Around each change of what belongs to the whole process and is used by children, too. One lock for all of it: it is held for moments. Not
 * to be taken twice. */
void forking_lock(void);
void forking_unlock(void);

#endif
