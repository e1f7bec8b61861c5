/* advice.h: what to do about a verdict, by its rule and by words of the crash: rows of advice.def. */
#ifndef REPORT_NARRATIVE_ADVICE_H
#define REPORT_NARRATIVE_ADVICE_H

#include "report/narrative/telling.h"

/* Tells the first row of the verdict's rule whose text occurs in `subject` (NULL: only the row for any text fits): what would
 * confirm it, what to do now, what to do for good. False: no row fits. */
bool advise(struct telling *telling, const char *subject);

#endif
