/* pointer_kind.h: what is wrong with a pointer that led to a fault. */
#ifndef HEURISTICS_FAULTS_POINTER_KIND_H
#define HEURISTICS_FAULTS_POINTER_KIND_H

#include "analyzer/origins/origin.h"
#include "heuristics/faults/dangling.h"
#include "heuristics/faults/memory_access.h"

/* A fault of Go code that accessed memory. */
struct bad_access {
	struct memory_access access;
	bool has_base;     /* the instruction says which register held the pointer */
	uint64_t pointer;  /* what it held; else the address of the fault */
	uint64_t address;  /* that was accessed */
	struct stack stack; /* of the goroutine */
	size_t frame;      /* that faulted */
	const struct origin *origin; /* of the pointer, with its value; NULL: not known, or memory has changed since */
};

/* One kind: judge() says whether it fits, and adds what shows it. */
struct pointer_kind {
	const char *const *advice; /* what to do about it, NULL-terminated */
	bool (*judge)(struct diagnosis *diagnosis, const struct bad_access *bad, struct finding *finding, const char **cause);
};

/* What the word that an origin speaks of was made of: of a slot what had been stored there, else what it was loaded through; NULL:
 * the end. */
const struct origin *origin_before(const struct origin *origin);

/* The first kind that fits, with its evidence added to the finding, and the cause in words ("the memory that it led to has
 * been unmapped"); NULL: none does. */
const struct pointer_kind *pointer_kind_find(struct diagnosis *diagnosis, const struct bad_access *bad,
					     struct finding *finding, const char **cause);

#endif
