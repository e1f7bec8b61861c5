/* overrun.h: who wrote over a return address: what was written lies around it as a run of words alike, and where the run
 * begins, a function keeps a variable. */
#ifndef ANALYZER_OVERRUN_H
#define ANALYZER_OVERRUN_H

#include "analyzer/instructions/asm_frame.h"
#include "analyzer/unwind/unwind.h"

enum run_shape {
#define RUN_SHAPE(id, sure, text) RUN_##id,
#include "analyzer/unwind/run_shapes.def"
#undef RUN_SHAPE
	RUN_NONE
};

enum run_direction { RUN_UNKNOWN, RUN_UPWARDS, RUN_DOWNWARDS };

/* Words alike around an overwritten one. Between them may be some that were written later. */
struct run {
	enum run_shape shape;
	bool sure;           /* of its shape (run_shapes.def) */
	uint64_t start, end; /* addresses: of its first word, behind its last */
	uint32_t words;      /* of them that are of the shape */
	enum run_direction direction;
};

/* A variable on a stack whose address the code of its function takes. */
struct local {
	const struct pc_info *function; /* NULL: not known */
	uint64_t pc;            /* of the instruction that takes it */
	int64_t offset;         /* from the function's SP there */
	uint64_t address;
	const char *passed_to;  /* the function that is called with the address; NULL: not seen */
};

struct overrun {
	struct run run;            /* shape RUN_NONE: there is none */
	struct local local;        /* that the run begins in, or, downwards, ends in */
	bool has_store;            /* a store in assembly covers the word, by the size of its frame */
	struct asm_store store;
	const struct pc_info *assembly; /* the function that makes it */
};

/* Looks around a damaged word. False: nothing was found. */
bool overrun_find(struct analysis *analysis, const struct damage *damage, struct overrun *ret);

/* Which of several call sites a RET through the word came from: the one function called there in which the run begins, or
 * that stores over its return address; 0: none or several. */
uint64_t overrun_settles(struct analysis *analysis, const struct damage *damage, const uint64_t *sites, uint32_t count);

/* "text", and "of text" as the table has it; of RUN_NONE nothing. */
const char *run_shape_name(enum run_shape shape);
const char *run_shape_text(enum run_shape shape);

#endif
