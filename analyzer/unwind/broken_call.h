/* broken_call.h: a log that breaks off before or in the call of a goroutine's function, since the runtime died as it printed that. */
#ifndef ANALYZER_UNWIND_BROKEN_CALL_H
#define ANALYZER_UNWIND_BROKEN_CALL_H

#include "analyzer/unwind/unwind.h"

/* Where the goroutine stood in that function, whose frame would be the next: behind an asynchronous preemption, where SP is known by the
 * frame below, and at a pc that is torn and for which the table claims a frame as large as the garbage collector was told to scan, or as the
 * runtime complained of. Needs the executable. False: it is not known. */
bool broken_call_find(struct analysis *analysis, size_t goroutine, const struct stack *printed, struct context *ret);

#endif
