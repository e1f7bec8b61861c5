/* damaged_word.h: what the detectors of damaged return addresses share: the evidence that a word was one, and which. */
#ifndef HEURISTICS_DAMAGE_DAMAGED_WORD_H
#define HEURISTICS_DAMAGE_DAMAGED_WORD_H

#include "heuristics/detector.h"

/* Adds the finding of a detector about a damaged word, with all evidence but the exception's. The title is left to it. */
struct finding *damage_finding(struct diagnosis *diagnosis, const struct detector *detector, const struct damage *damage);

/* That the CPU itself stopped at the word, which a RET took; against the finding where nothing in the dump says so. */
void landing_evidence(struct diagnosis *diagnosis, struct finding *finding);

/* "goroutine 7", "thread 4711": whose stack it is on. */
const char *damage_owner(const struct diagnosis *diagnosis, const struct damage *damage);

/* The function that returns through the word, "a function"; and the one that it returns to. */
const char *damage_callee(const struct damage *damage);
const char *damage_caller(const struct damage *damage);

#endif
