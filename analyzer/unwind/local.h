/* local.h: variables on a stack, as far as the code of their function tells of them: it takes their address, or stores to them
 * by an index. What can be written past its end is one of these. */
#ifndef ANALYZER_LOCAL_H
#define ANALYZER_LOCAL_H

#include "analyzer/unwind/unwind.h"

struct local {
	const struct pc_info *function; /* NULL: not known */
	uint64_t pc;            /* of the instruction that takes its address or stores to it; 0: not known */
	int64_t offset;         /* from the function's SP there */
	uint64_t address;
	bool by_index;          /* the instruction reaches into it by an index, most often to store there */
	const char *passed_to;  /* the function that is called with the address; NULL: not seen */
};

/* Which variable: of those between two addresses (`hi` included) the one that lies nearest to `near`. */
struct local_wanted {
	uint64_t lo, hi, near;
	const char *passed_to; /* only if its address is passed to this function; NULL: any */
};

/* `entry`: what is known of the function's entry; `top`: of its frame. False: there is none that is known. */
bool local_find(struct analysis *analysis, const struct pc_info *entry, uint64_t top, const struct local_wanted *wanted,
		struct local *ret);

#endif
