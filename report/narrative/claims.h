/* claims.h: the rule that a report says nothing which it cannot prove. Every number and every function that a
 * sentence names must occur in the evidence, or in a field, of a finding; a sentence that breaks the rule is not
 * said. */
#ifndef REPORT_NARRATIVE_CLAIMS_H
#define REPORT_NARRATIVE_CLAIMS_H

#include "heuristics/finding.h"

/* Everything that findings state, made once per report. */
struct claims;

struct claims *claims_of(const struct diagnosis *diagnosis);

/* Whether findings state every claim of `text`. Claims are: 0x… numbers; decimal numbers from 10 on that stand alone
 * (thousands may be grouped by commas); and words with a dot inside them, such as names of Go functions. */
bool claims_backed(const struct claims *claims, const char *text);

#endif
