/* unreachable.h: goroutines that nothing can wake any more: each waits for a channel, lock, WaitGroup or Cond to which nothing leads that
 * could still run or begin to run: no variable, no memory of C, no goroutine but such ones. It is how the collector would mark if
 * stacks of blocked goroutines did not count before what they wait for is reached (runtime/mgc.go, goroutine leak detection, Go 1.26). */
#ifndef ANALYZER_WAITS_UNREACHABLE_H
#define ANALYZER_WAITS_UNREACHABLE_H

#include "analyzer/waits/circle.h"
#include "analyzer/waits/contention.h"

/* Of so many the peers are looked for; and of so many that have equal stacks. */
enum { UNREACHABLE_MOST = 128, UNREACHABLE_OF_GROUP = 8 };

struct unreachable_wait {
	size_t goroutine;     /* index in runtime->goroutines */
	struct wait wait;
	const char *function; /* of the program, in which it waits; NULL: unknown */
	bool leads[UNREACHABLE_MOST]; /* per number of another: this goroutine has what that one waits for, and waits for another thing
					 or in another way: so it might wake it, if it were not stuck itself */
	bool alone;           /* no other of them has what this one waits for */
};

struct unreachable {
	VEC(struct unreachable_wait *) items; /* at most UNREACHABLE_MOST */
	size_t count;        /* of all */
	size_t looked_at;    /* goroutines that wait for others */
	struct circle circle; /* numbers of items: each waits for what the next one has, or for a lock that the next one holds */
};

/* *ret stays empty where it is not known: the heap or some memory is not in the dump, or there are more than 100,000 goroutines,
 * 20,000 that wait for others, or a gigabyte of memory. Reads all memory that the process could write, once. */
void unreachable_find(struct analysis *analysis, const struct contention *contention, struct unreachable *ret);

#endif
