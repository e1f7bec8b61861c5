/* places.h: where in a program a stop finds SP or the frame pointer not where Go's tables say. Found once, for all
 * rules. */
#ifndef SCAN_PLACES_H
#define SCAN_PLACES_H

#include "analyzer/instructions/tear.h"

struct place {
	const struct pc_info *at;
	bool leaf; /* of its function, as tear.h */
	bool sp_torn, fp_torn;
	int64_t delta;     /* what pcsp claims: from SP to the frame's top */
	int64_t distance;  /* what it is */
	int64_t fp_offset; /* fp_torn: the frame pointer, from the frame's top */
};

struct places {
	VEC(struct place) items; /* by address, module by module */
	size_t functions;        /* looked at */
	size_t switching;        /* functions that set SP to another stack (SPWRITE): not looked at */
	size_t missing;          /* functions whose code the file does not hold, or which are too large */
	size_t damaged;          /* entries of the tables that cannot be read */
};

/* Looks at all functions of a program. */
const struct places *places_find(struct go_runtime *runtime);

#endif
