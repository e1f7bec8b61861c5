/* stuck.h: what the findings of the rule `stuck` keep for the narrative. */
#ifndef HEURISTICS_HANGS_STUCK_H
#define HEURISTICS_HANGS_STUCK_H

#include "heuristics/hangs/root.h"
#include "heuristics/hangs/world_stop.h"

/* One of them is there. */
struct stuck {
	const struct hang_root *root;
	const struct world_stop *stop;
	const struct dead_end *end;
	const struct lonely_wait *lonely;
};

#endif
