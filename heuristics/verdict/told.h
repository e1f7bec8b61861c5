/* told.h: a text that tornstack itself wrote of a dump (--traceback) names the verdict on that. */
#ifndef HEURISTICS_VERDICT_TOLD_H
#define HEURISTICS_VERDICT_TOLD_H

#include "heuristics/detector.h"

/* Adds it to what the detectors found in the text, unless one of them found the same. It is possible and no more: the words that prove it
 * are in the dump. */
void told_find(struct diagnosis *diagnosis);

/* Of a finding of another rule: how certain it can be. What the dump said is not the same as what is left of it in the text. */
enum certainty told_cap(const struct analysis *analysis, const struct finding *finding);

#endif
