/* citations.h: which known bugs a finding may cite. A bug is cited when the finding is of one of its rules, on its system and
 * CPU, and all that its row needs is in the dump. The release never forbids it: one outside the affected ranges is said, as
 * weak evidence against. */
#ifndef HEURISTICS_VERDICT_CITATIONS_H
#define HEURISTICS_VERDICT_CITATIONS_H

#include "heuristics/finding.h"

/* Gives each finding, ranked and with explained_by set, the bugs that it may cite. */
void citations_find(struct diagnosis *diagnosis);

/* bug_needs.c: whether the dump has what a bug needs of it, apart from findings; that is asked once, not for each finding. */
bool bug_is_possible(const struct diagnosis *diagnosis, const struct known_bug *bug);

/* Whether a finding that the bug's rules are about has what it needs of findings. */
bool bug_fits(const struct diagnosis *diagnosis, const struct finding *finding, const struct known_bug *bug);

#endif
