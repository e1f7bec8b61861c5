/* bad_call.h: a function of Go called by an address at which no code is. */
#ifndef HEURISTICS_FAULTS_BAD_CALL_H
#define HEURISTICS_FAULTS_BAD_CALL_H

#include "heuristics/detector.h"

/* If the fault is that jump, fills the finding: where the call is, what it went to, and where that came from, as far as the code says.
 * False: it is none; nothing is added. */
bool bad_call_report(struct diagnosis *diagnosis, struct finding *finding);

#endif
