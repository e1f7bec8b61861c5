/* findings.h: what was found in a dump that a test made. */
#ifndef TESTS_BUILD_FINDINGS_H
#define TESTS_BUILD_FINDINGS_H

#include "heuristics/finding.h"

/* The first finding of a rule; NULL: there is none. */
const struct finding *finding_of(const struct diagnosis *diagnosis, const char *rule);

#endif
