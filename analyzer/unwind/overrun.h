/* overrun.h: who wrote over a return address: what was written lies around it as a run of words alike, and where the run
 * begins, a function keeps a variable. */
#ifndef ANALYZER_OVERRUN_H
#define ANALYZER_OVERRUN_H

#include "analyzer/instructions/asm_frame.h"
#include "analyzer/unwind/local.h"
#include "analyzer/unwind/word_run.h"
#include "analyzer/unwind/unwind.h"

struct overrun {
	struct run run;            /* shape RUN_NONE: there is none */
	struct local local;        /* that the run begins in, or, downwards, ends in */
	bool presumed;             /* the run is not seen to begin at the variable: only that frame is known */
	bool has_store;            /* a store in assembly covers the word, by the size of its frame */
	struct asm_store store;
	const struct pc_info *assembly; /* the function that makes it */
	bool foretold;             /* executed from its entry on, it stores that very word there */
};

/* Looks around a damaged word. `live`: the lowest SP of the frames that the goroutine has now; what lies above may have been used
 * since the word was written. False: nothing was found. */
bool overrun_find(struct analysis *analysis, const struct damage *damage, uint64_t live, struct overrun *ret);

/* Which of several call sites a RET through the word came from: the one function called there in which the run begins, or that
 * stores over its return address; else the one that has left its frame in the dead memory below SP; 0: none or several. All of
 * them are in `sites`. */
uint64_t overrun_settles(struct analysis *analysis, const struct damage *damage, const uint64_t *sites, uint32_t count);

#endif
