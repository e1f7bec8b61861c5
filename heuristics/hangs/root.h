/* root.h: from a lock that many wait for to what they wait for in the end. */
#ifndef HEURISTICS_HANGS_ROOT_H
#define HEURISTICS_HANGS_ROOT_H

#include "analyzer/waits/contention.h"
#include "heuristics/hangs/occasion.h"

enum root_kind {
#define ROOT(id, hopeless, signalled, after, alive, since, text, action, remedy) ROOT_##id,
#include "heuristics/hangs/roots.def"
#undef ROOT
	ROOT_KINDS,
	ROOT_NONE = ROOT_KINDS, /* it runs, or may at any moment; or who holds the lock is not known */
};

struct root_fact {
	bool hopeless;
	size_t signalled, alive; /* goroutines */
	int64_t after, since;    /* seconds */
	const char *text, *action, *remedy;
};

enum { CHAIN_LIMIT = 16 };

struct hang_root {
	enum root_kind kind;
	const struct root_fact *fact;
	const struct contended_lock *chain[CHAIN_LIMIT]; /* locks from the crowd to the root, each held by who waits for the next */
	size_t length;
	const struct lock_holder *holder; /* of the last of them; NULL: OWNER_ENDED */
	struct wait wait;        /* of the holder; meaningful unless OWNER_ENDED */
	const char *function;    /* of the program, in which it waits; NULL: unknown */
	uint64_t pc;             /* of that frame */
	size_t frame;            /* … in the holder's stack */
	size_t peers;            /* goroutines whose stacks have what it waits for (RECEIVE_ALONE and the like: 0) */
	uint32_t calls_since;    /* SYSTEM_CALL: how often its processor was in others since, or was taken away */
};

/* False: nothing is known to be stuck there. */
bool root_find(struct analysis *analysis, const struct contention *contention, const struct contended_lock *lock,
	       struct hang_root *ret);

/* Who holds a lock and waits for `next`; NULL: nobody is known to. */
const struct lock_holder *lock_holder_of(const struct contention *contention, const struct contended_lock *lock,
					 const struct contended_lock *next);

/* No way through its function leads there that does not take the lock, and the code says where it has that lock's address from. */
bool lock_holder_is_proven(const struct lock_holder *holder);

/* Whether so many wait for it for so long that it is worth a finding. */
bool root_counts(const struct hang_root *root, const struct occasion *occasion);

/* … or is for one alone, at any moment: who waits for a lock that it holds itself, and that nobody else is seen to release. */
bool root_is_proven(struct analysis *analysis, const struct contention *contention, const struct hang_root *root);

/* "waits to send on a channel that no goroutine receives from": what the root does, with the call's function and the descriptor. */
const char *root_text(struct analysis *analysis, const struct hang_root *root);

#endif
