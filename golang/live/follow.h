/* follow.h: copies what the analysis of goroutines reads: the list of them, each runtime.g, the live part of its stack, Ms and Ps, and what
 * goroutines wait for. The process may run meanwhile (then it is a rehearsal): nothing that is read is believed, every list has an
 * end. */
#ifndef GOLANG_LIVE_FOLLOW_H
#define GOLANG_LIVE_FOLLOW_H

#include "formats/live/memory.h"
#include "formats/live/process.h"
#include "formats/live/threads.h"
#include "golang/live/plan.h"

struct live_stack {
	uint64_t sp, hi;
};

struct live_pages {
	uint64_t *items; /* addresses */
	size_t count, capacity;
};

struct live_following {
	struct arena *arena;
	const struct live_plan *plan; /* NULL: there is none; threads alone are followed */
	const struct arch *arch;
	const struct live_maps *maps;
	const struct live_threads *threads; /* may be empty */
	struct live_memory *memory;
	size_t goroutines; /* entries of the list that are not dead */
	VEC(struct live_stack) stacks; /* in use */
	struct live_pages sudogs;      /* the first of each goroutine that waits */
};

/* Goroutines, their stacks, threads' stacks, Ms and Ps. */
void live_follow_stacks(struct live_following *following);

/* Marks the stacks of threads that stopped late. */
void live_follow_late(struct live_following *following);

/* What they wait for: sudogs, channels. After live_follow_stacks. */
void live_follow_waits(struct live_following *following);

/* Pages of objects that words of the copied stacks point to, and of those that the beginning of these objects points to: where mutexes
 * and the like lie. Of a rehearsal; the stop then copies them without looking. At most 128 MB. */
void live_follow_pointers(struct live_following *following, struct live_pages *ret);

#endif
