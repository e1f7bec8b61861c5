/* writer.h: the evidence of who wrote over a return address (analyzer/overrun.h). */
#ifndef HEURISTICS_WRITER_H
#define HEURISTICS_WRITER_H

#include "analyzer/unwind/overrun.h"
#include "heuristics/detector.h"

/* Looks for the writer; adds the evidence to the finding and leaves what was found in finding->overrun, NULL if nothing was. */
void writer_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct damage *damage);

/* The function that is to be looked at: the one in whose variable the run began, or the assembly; NULL: not known. */
const struct pc_info *writer_function(const struct overrun *overrun);

#endif
