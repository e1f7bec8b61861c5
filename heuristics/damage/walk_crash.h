/* walk_crash.h: the runtime died while it walked a goroutine's stack: how, which frame walked, and whose stack. */
#ifndef HEURISTICS_DAMAGE_WALK_CRASH_H
#define HEURISTICS_DAMAGE_WALK_CRASH_H

#include "heuristics/finding.h"

enum {
	WALK_CRASH_WORDS = 2,
	WALKER_BYTES = 16 << 10, /* of the walker's frame and those above it, which hold what it has read of the stack that it walks */
};

struct walk_crash {
	struct analysis *analysis;
	struct stack stack;    /* of the dying thread */
	size_t walker;         /* index of the innermost frame that walks; SIZE_MAX: none */
	const char *text;      /* the fatal text, NULL: a fault */
	bool faulted;          /* the unwinder faulted, or what reads the frames that it finds */
	uint64_t fault_pc;     /* where */
	bool past_end;         /* … and the address that it accessed lies past the end of the victim's stack */
	const char *by_frame_pointers; /* the function of a trace or a profile that follows them, and faulted; NULL: not so */
	int32_t victim;        /* index, -1 */
	uint64_t victim_words[WALK_CRASH_WORDS]; /* addresses of the walker's pointers to the victim's g; 0: no more */
	bool told;             /* of a log: an argument of frame number told_by names the victim */
	size_t told_by;
	const char *named_by;  /* the runtime's line that names the victim, NULL: none */
	bool own;              /* the victim is the goroutine that the thread runs: the walk was begun for it */
};

/* False: the runtime did not die so. *ret is in the arena of the analysis. */
bool walk_crash_find(struct analysis *analysis, struct walk_crash *ret);

/* Whether it is sure whose stack was walked: the runtime names it, the walk was begun for the thread's own goroutine, or a walker has
 * claimed it. A mere pointer to a g among the walker's words may be an old one. */
bool walk_crash_is_sure(const struct walk_crash *crash);

/* Gives a finding the evidence of how the runtime died, by which frame of its own, and over whose stack. */
void walk_crash_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct walk_crash *crash);

#endif
