/* occasion.c: see occasion.h. SIGQUIT is what Go programs print their stacks at, SIGABRT what watchdogs send. */
#include "heuristics/hangs/occasion.h"

struct occasion occasion_of(const struct analysis *analysis)
{
	struct occasion occasion = {0};

	if (analysis->messages.line || !analysis->runtime->layout || !analysis->runtime->goroutines.count)
		return occasion;
	if (analysis->dying_thread < 0) {
		occasion.known = !analysis->image->stop.known;
		return occasion;
	}
	occasion.signalled = sent_signal_find(analysis, &occasion.signal) && !occasion.signal.own &&
			     (occasion.signal.signal->number == SIGNAL_QUIT || occasion.signal.signal->number == SIGNAL_ABORT);
	occasion.known = occasion.signalled;
	return occasion;
}
