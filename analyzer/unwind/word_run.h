/* word_run.h: words alike around an overwritten one: text, pointers, numbers. */
#ifndef ANALYZER_WORD_RUN_H
#define ANALYZER_WORD_RUN_H

#include "analyzer/analysis.h"

enum run_shape {
#define RUN_SHAPE(id, sure, text) RUN_##id,
#include "analyzer/unwind/run_shapes.def"
#undef RUN_SHAPE
	RUN_NONE
};

enum run_direction { RUN_UNKNOWN, RUN_UPWARDS, RUN_DOWNWARDS };

/* Between the words may be some that were written later. */
struct run {
	enum run_shape shape;
	bool sure;           /* of its shape (run_shapes.def) */
	uint64_t start, end; /* addresses: of its first word, behind its last */
	uint32_t words;      /* of them that are of the shape */
	enum run_direction direction;
};

/* Where a run is looked for. */
struct run_place {
	uint64_t slot, observed; /* the address, and the word that is or was there */
	uint64_t lo, hi;         /* the stack */
	uint64_t live;           /* below the slot and from here on memory was used since: more words may be missing; UINT64_MAX: none */
};

/* All addresses are multiples of a word. Of shape RUN_NONE: there is none. */
void run_find(struct analysis *analysis, const struct run_place *place, struct run *ret);

/* "text", and "of text" as the table has it; of RUN_NONE nothing. */
const char *run_shape_name(enum run_shape shape);
const char *run_shape_text(enum run_shape shape);

#endif
