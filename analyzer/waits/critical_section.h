/* critical_section.h: whether a frame stands between a call that takes a lock and the one that releases it, as the code of its
 * function says. Which goroutine owns a sync.Mutex is not in memory; this, and the lock's address in that frame, are what a
 * dump knows of it. */
#ifndef ANALYZER_CRITICAL_SECTION_H
#define ANALYZER_CRITICAL_SECTION_H

#include "analyzer/analysis.h"

enum lock_kind { LOCK_MUTEX, LOCK_WRITE, LOCK_READ, LOCK_KINDS };

/* Whose lock a call takes, as the instructions before it compute it. */
enum receiver_kind {
	RECEIVER_UNKNOWN,  /* computed in a way that is not followed */
	RECEIVER_SLOT,     /* the word at SP + slot, plus displacement */
	RECEIVER_REGISTER, /* some pointer that the function was given or has computed, plus displacement */
	RECEIVER_POINTER,  /* the word at field bytes beyond such a pointer, plus displacement */
	RECEIVER_GLOBAL,   /* displacement is its address */
};

struct lock_receiver {
	enum receiver_kind kind;
	uint64_t slot, field, displacement;
	bool semaphore; /* all that is the address of an RWMutex's readerSem, not of itself */
};

struct critical_section {
	const char *call; /* "sync.(*Mutex).Lock": how the lock was taken; NULL: the frame is in no such section */
	int32_t line;     /* of that call */
	const char *function; /* that makes it, be it inlined */
	bool always;      /* no way through the function leads there that does not take it */
	bool releases;    /* if no call: a way leads on from the frame that releases such a lock, and takes none before */
	struct lock_receiver receiver;
};

/* Room for the work on one function after the other, and how many bytes of code may still be looked at. All 0, but the last. */
struct section_scratch {
	struct step *steps;
	uint32_t *list;
	size_t capacity;
	uint64_t code_left;
};

/* Of the frame with that pc, per kind of lock: whether a way leads from taking one to it on which none of that kind is released.
 * A frame that is only about to take it is not inside. False: the function is too long, or nothing is left to look at; of code that is not there nothing is said. */
bool critical_sections_at(struct analysis *analysis, struct section_scratch *scratch, const struct pc_info *info, bool exact,
			  struct critical_section ret[static LOCK_KINDS]);

#endif
