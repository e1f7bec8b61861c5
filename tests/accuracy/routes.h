/* routes.h: how a goroutine that waits could come to call a function: from a call in one of its live frames, by calls of
 * calls. */
#ifndef ACCURACY_ROUTES_H
#define ACCURACY_ROUTES_H

#include "tests/accuracy/target.h"

#include "analyzer/analysis.h"

enum { HOP_LIMIT = 12 };

/* A call on the way: its instruction, what it calls. */
struct hop {
	uint64_t call, target;
	uint8_t reg; /* of an indirect call: the register that holds the target; REG_NONE */
};

struct route {
	struct hop hops[HOP_LIMIT];
	size_t count;
	struct frame from; /* the live frame that makes the first call */
};

struct routes;

/* Finds the calls of all functions, and which of them the frames of a goroutine's stack lead to. */
struct routes *routes_find(struct target *target, size_t goroutine);

/* The shortest way to a function; false: there is none. One that nobody calls directly is called through a register. */
bool route_to(const struct routes *routes, const struct func *func, struct route *ret);

#endif
