/* exposure.h: goroutines that wait for a kernel operation which was told to write to their stack: nothing has happened to
 * them yet. A hint, never a finding. */
#ifndef HEURISTICS_DAMAGE_EXPOSURE_H
#define HEURISTICS_DAMAGE_EXPOSURE_H

#include "analyzer/instructions/outparams.h"
#include "heuristics/detector.h"

/* Fills diagnosis->exposures, by goroutine. */
void exposures_find(struct diagnosis *diagnosis, const struct outparams *outparams);

#endif
