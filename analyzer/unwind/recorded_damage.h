/* recorded_damage.h: where no walk is possible, mostly without an executable: words in the place of return addresses, as the runtime met and printed them. */
#ifndef ANALYZER_UNWIND_RECORDED_DAMAGE_H
#define ANALYZER_UNWIND_RECORDED_DAMAGE_H

#include "analyzer/analysis.h"

/* Files the word that the runtime complained of, or that the CPU stopped at, if the log tells that it was a return address. */
void recorded_damage_find(struct analysis *analysis);

#endif
