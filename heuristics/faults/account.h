/* account.h: what the dump itself says of how the process ended, without any rule: signal or exception, sender, address,
 * instruction and place. For dumps that Go's rules are not asked of, and for those that no rule explains. */
#ifndef HEURISTICS_FAULTS_ACCOUNT_H
#define HEURISTICS_FAULTS_ACCOUNT_H

#include "heuristics/detector.h"

struct account {
	const char *what;        /* "SIGSEGV writing 0x0 in bar (a.out)", "process 7 sent SIGQUIT"; NULL: the dump does not tell */
	const char *states;      /* what its goroutines were doing, by count (goroutine_states.h); NULL: none is known */
	int32_t thread;          /* index in image->threads, -1: unknown */
	VEC(const char *) facts; /* sentences that back it, without a full stop */
};

/* Never NULL. */
const struct account *account_of(struct diagnosis *diagnosis);

#endif
