/* rank.h: how evidence counts, for whoever has to say why a finding is as sure as it is. */
#ifndef HEURISTICS_VERDICT_RANK_H
#define HEURISTICS_VERDICT_RANK_H

#include "heuristics/detector.h"

/* The classes of witnesses: two of one class may come from one accident. */
enum evidence_class { CLASS_MACHINE = 1, CLASS_MEMORY = 2, CLASS_WALK = 4, CLASS_COUNT = 3 };

/* The classes, or'ed, of which a strong witness speaks for a finding. */
unsigned strong_classes(const struct finding *finding);

/* The first strong evidence against a finding; NULL: none. */
const struct evidence *strong_objection(const struct finding *finding);

/* Where strong evidence of one class comes from, in words. */
const char *evidence_class_source(enum evidence_class one);

/* Nothing is surer than what it was read with: how sure a finding can be at most, and *why, NULL if that is no limit. */
enum certainty certainty_cap(const struct go_runtime *runtime, const char **why);

/* Whether a finding explains those of that rule, where both speak of the same goroutine or thread. */
bool finding_supersedes(const struct finding *cause, const char *id);

/* Weighs the evidence of all findings, caps and sorts them, most certain first, and says which one explains which. */
void rank_findings(struct diagnosis *diagnosis);

/* verdict.c: chooses the verdict among ranked findings, says what separates the others from it, and what it leaves
 * unexplained. */
void verdict_give(struct diagnosis *diagnosis);

#endif
