/* word.h: which word of a damaged heap is wrong, what it looks like, and who else knows of it. */
#ifndef HEURISTICS_HEAP_WORD_H
#define HEURISTICS_HEAP_WORD_H

#include "heuristics/detector.h"

/* Appends to a finding of heap-damage what the runtime said of the wrong word before it threw, what the register held that a
 * fault came from, where in memory that value lies, and what lies around it. */
void heap_word_evidence(struct diagnosis *diagnosis, struct finding *finding, bool faulted);

#endif
