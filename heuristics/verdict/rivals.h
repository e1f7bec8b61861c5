/* rivals.h: the other explanations of a damaged word that people have taken for the true one, and what the dump says for and
 * against each. Wrong attribution is how such defects stay unsolved for weeks. */
#ifndef HEURISTICS_VERDICT_RIVALS_H
#define HEURISTICS_VERDICT_RIVALS_H

#include "heuristics/finding.h"

/* Gives each finding about a damaged word, or a damaged heap, the rivals that apply to it, and a panic that a race is known to make of something
 * else (race_signs.h) that one. */
void rivals_find(struct diagnosis *diagnosis);

#endif
