/* dead_end.h: goroutines that wait for one another in a circle, or for others that are no more, and that nothing can wake. */
#ifndef HEURISTICS_HANGS_DEAD_END_H
#define HEURISTICS_HANGS_DEAD_END_H

#include "analyzer/waits/unreachable.h"
#include "heuristics/detector.h"

struct dead_end {
	const struct unreachable *among;
	const char *text, *action, *remedy;
	bool circle;
	size_t members[UNREACHABLE_MOST]; /* numbers in among->items: of the circle; else who waits, and whom for */
	size_t member_count;
	size_t waiting; /* goroutines that wait for the same as the first */
};

/* By dead_ends.def; false: there is none. */
bool dead_end_find(struct analysis *analysis, const struct contention *contention, struct dead_end *ret);

/* Title and evidence. */
void dead_end_report(struct diagnosis *diagnosis, struct finding *finding, const struct dead_end *end);

#endif
