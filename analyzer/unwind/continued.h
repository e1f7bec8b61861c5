/* continued.h: what an executable makes of a log: where the printed SP of a stopped frame is not what its table says, and stacks that the
 * runtime gave up, walked on over the words of memory that it printed. */
#ifndef ANALYZER_UNWIND_CONTINUED_H
#define ANALYZER_UNWIND_CONTINUED_H

#include "analyzer/analysis.h"

/* Once stacks are grouped: files tears and damage, and keeps the stack that was walked on (analysis->continued). */
void recorded_continue(struct analysis *analysis);

#endif
