/* plan.h: what has to be known of a Go program to copy the right pages of it while it stands still: where its lists begin, and
 * the structures that they lead through. Made once of a first look at its data (golang/runtime.h), which needs no stop. */
#ifndef GOLANG_LIVE_PLAN_H
#define GOLANG_LIVE_PLAN_H

#include "golang/runtime.h"

/* Plain numbers: it is handed from one process to another. */
struct live_plan {
	struct go_globals globals;
	struct layout layout;
};

/* False: the lists, or the structures of that release, are not known. */
bool live_plan_of(const struct go_runtime *runtime, struct live_plan *ret);

#endif
