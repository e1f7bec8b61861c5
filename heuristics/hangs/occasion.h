/* occasion.h: whether somebody looked at the process because it hangs, or may have: it was ended by a signal from outside that
 * asks for stacks, or photographed alive. Only then it is asked what it waits for. */
#ifndef HEURISTICS_HANGS_OCCASION_H
#define HEURISTICS_HANGS_OCCASION_H

#include "heuristics/ends/sent_signal.h"

struct occasion {
	bool known;
	bool signalled;          /* by `signal`; else alive */
	struct sent_signal signal;
};

struct occasion occasion_of(const struct analysis *analysis);

#endif
