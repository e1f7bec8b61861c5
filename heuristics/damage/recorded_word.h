/* recorded_word.h: a damaged return address that only a log tells of. */
#ifndef HEURISTICS_DAMAGE_RECORDED_WORD_H
#define HEURISTICS_DAMAGE_RECORDED_WORD_H

#include "heuristics/finding.h"

/* That the runtime met the word as it walked the stack, and said so; nothing is added where it did not. */
void recorded_complaint_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct damage *damage);

/* Of a word that was filed without an executable: what was printed of the code that it belongs to, and what is missing. */
void recorded_word_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct damage *damage);

/* That the CPU stopped at the word, if the runtime said so: it makes sigpanic look as if the instruction that a signal hit had called it,
 * and names that place where it finds no code there; at 0 it ends the stack. False: it did not. */
bool recorded_landing_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct damage *damage);

#endif
