/* stack_word.h: a number that the runtime met in a variable of a stack where a pointer has to be. */
#ifndef HEURISTICS_FAULTS_STACK_WORD_H
#define HEURISTICS_FAULTS_STACK_WORD_H

#include "heuristics/detector.h"

/* If that is what the runtime threw for, fills the finding: whose variable it is, and what it holds. False: it is not; nothing is added. */
bool stack_word_report(struct diagnosis *diagnosis, struct finding *finding);

#endif
