/* race_signs.h: panics that a race makes of something else: the runtime notices but few of the maps that two goroutines use. */
#ifndef HEURISTICS_ENDS_RACE_SIGNS_H
#define HEURISTICS_ENDS_RACE_SIGNS_H

#include "heuristics/detector.h"

/* What speaks for a race as the cause of the oldest panic of the goroutine that ended the process by one, and what against; false: it is none
 * of those that races are known for (race_signs.def). */
bool race_sign_find(const struct diagnosis *diagnosis, struct rival *ret);

#endif
