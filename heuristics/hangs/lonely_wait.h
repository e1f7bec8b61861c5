/* lonely_wait.h: goroutines that wait for one channel, WaitGroup or Cond that nobody else has on its stack: a lock has nothing to
 * do with it. */
#ifndef HEURISTICS_HANGS_LONELY_WAIT_H
#define HEURISTICS_HANGS_LONELY_WAIT_H

#include "analyzer/waits/waits.h"
#include "heuristics/detector.h"

struct lonely_wait {
	struct wait wait;     /* of the first */
	size_t first;         /* index in runtime->goroutines */
	const char *function; /* of the program, in which it waits */
	size_t count;         /* goroutines */
	bool likely;          /* … so many that it is likely the reason of a hang */
	const char *text, *action, *remedy;
};

/* The one that most wait for, by lonely_waits.def; false: none. Only where the process was ended because somebody asked. */
bool lonely_wait_find(struct analysis *analysis, struct lonely_wait *ret);

#endif
