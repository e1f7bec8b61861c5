/* contention.h: locks that goroutines of the program wait for, over the whole process, and who holds each as far as a dump shows:
 * a goroutine that stands between taking and releasing a lock of that kind (critical_section.h), and whose frame there leads to
 * its address. Cost: one look at every goroutine; the rest is bounded, and done only where somebody waits for a lock. */
#ifndef ANALYZER_CONTENTION_H
#define ANALYZER_CONTENTION_H

#include "analyzer/waits/critical_section.h"
#include "analyzer/waits/waits.h"

enum { LOCK_HOLDERS = 4, LOCK_ALIASES = 4 };

/* How it is known which lock a frame's function has taken: the code that calls Lock says how it computed its address. */
enum holder_proof {
	PROOF_SLOT,    /* from a word of the frame, which gives the lock */
	PROOF_CODE,    /* it is a global variable */
	PROOF_FRAME,   /* from a pointer that a word of the frame is, too */
	PROOF_POINTER, /* from a field of what a word of the frame points to */
};

struct lock_holder {
	size_t goroutine;     /* index in runtime->goroutines */
	size_t frame;         /* in its stack: the one that stands in the section */
	const char *function; /* of the program */
	uint64_t pc;          /* of that frame */
	struct critical_section section;
	enum holder_proof proof;
	uint64_t slot, word;  /* where that word is, and the word; 0: PROOF_CODE */
	bool waits_itself;    /* for this very lock */
};

struct contended_lock {
	struct wait wait;       /* of the first that waits */
	size_t first;           /* index in runtime->goroutines */
	const char *function;   /* of the program, in which that one waits */
	size_t waiters;
	int64_t longest;        /* nanoseconds that one of them has waited at least; 0: not known */
	uint64_t aliases[LOCK_ALIASES]; /* what may contain it: a structure that begins shortly before it */
	size_t alias_count;
	struct lock_holder holders[LOCK_HOLDERS];
	size_t holder_count;    /* kept or not */
};

struct contention {
	VEC(struct contended_lock) locks; /* those with most waiters first */
	uint32_t *waits_for;   /* per goroutine: 1 + index in locks; 0: none. NULL: nobody waits for a lock */
	bool unknown[LOCK_KINDS]; /* somebody stands in a section of such a lock, or goes on to release one, and which is not known */
	bool complete;         /* everybody was looked at */
};

/* On the analysis' arena. */
const struct contention *contention_find(struct analysis *analysis);

/* Whether who holds that lock may have taken it so. */
bool lock_may_be_held_as(const struct contended_lock *lock, enum lock_kind kind);

/* The lock that a goroutine waits for; NULL: none. */
const struct contended_lock *contended_by(const struct contention *contention, size_t goroutine);

#endif
