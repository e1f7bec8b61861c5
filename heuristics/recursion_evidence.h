/* recursion_evidence.h: what fills a stack, as evidence. */
#ifndef HEURISTICS_RECURSION_EVIDENCE_H
#define HEURISTICS_RECURSION_EVIDENCE_H

#include "analyzer/recursion.h"
#include "heuristics/detector.h"

/* Says which frames repeat, how often, and what a turn takes; where nothing repeats regularly, which functions most of the
 * frames belong to. Answers the functions of the cycle in words ("main.f, which calls itself"), NULL where there is none that
 * fills most of the stack. *ret is then the recursion. */
const char *recursion_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stack *stack,
			       struct recursion *ret);

#endif
