/* moved_code.h: whether it is the dump's list of memory that is wrong, and not a word that leads into that memory. */
#ifndef HEURISTICS_DAMAGE_MOVED_CODE_H
#define HEURISTICS_DAMAGE_MOVED_CODE_H

#include "heuristics/finding.h"

struct damage;

/* Of a return address to generated code, of which one bit seems to be another: where another word of that stack lies that leads, with that
 * same bit changed, to the same code; 0: nowhere. Nothing but the dump's list of memory says where generated code lies. */
uint64_t moved_code_witness(struct analysis *analysis, const struct damage *damage);

/* Objects if there is one. */
void moved_code_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct damage *damage);

#endif
