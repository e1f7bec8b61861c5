/* world_stop.h: code that cannot be interrupted while the runtime waits for it: to stop the world, to have each processor do
 * something, to scan its stack; or such code on all processors. */
#ifndef HEURISTICS_HANGS_WORLD_STOP_H
#define HEURISTICS_HANGS_WORLD_STOP_H

#include "heuristics/hangs/occasion.h"
#include "golang/preempt.h"

struct world_stop {
	const char *why;        /* "to stop the world"; NULL: all processors run such code */
	const char *function;   /* of the runtime, that waits */
	size_t thread;          /* whose stack passes it; meaningful if `function` */
	size_t goroutine;       /* that runs and cannot be interrupted */
	const char *running;    /* its function of the program; NULL: code that is no Go function */
	uint64_t pc;
	size_t frame;
	enum preemption preemption; /* why it cannot be; PREEMPTIBLE: it is switched off */
	bool asked;             /* g.preempt is set: the runtime asked it to stop */
	size_t held;            /* processors that such code runs on */
	size_t processors;      /* 0: unknown */
	size_t waiting;         /* goroutines that are runnable, or wait for the garbage collector */
};

/* False: nothing of the kind. */
bool world_stop_find(struct analysis *analysis, struct world_stop *ret);

/* "assembly, which has no safe points": why code is not interrupted. */
const char *world_stop_reason(const struct world_stop *stop);

#endif
