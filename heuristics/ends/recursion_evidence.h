/* recursion_evidence.h: what fills a stack, as evidence. */
#ifndef HEURISTICS_ENDS_RECURSION_EVIDENCE_H
#define HEURISTICS_ENDS_RECURSION_EVIDENCE_H

#include "analyzer/unwind/recursion.h"
#include "heuristics/detector.h"

/* Says which frames repeat, how often, and what a turn takes; where nothing repeats regularly, which functions most of the
 * frames belong to. Answers these functions in words ("main.f, which calls itself", "mostly main.f and main.g"), NULL where no
 * recursion fills most of the stack. *inner is the index of its innermost frame. */
const char *recursion_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stack *stack, size_t *inner);

#endif
