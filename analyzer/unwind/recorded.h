/* recorded.h: stacks that nobody walks: the runtime did, and printed them (formats/log/record.h). */
#ifndef ANALYZER_UNWIND_RECORDED_H
#define ANALYZER_UNWIND_RECORDED_H

#include "analyzer/analysis.h"
#include "formats/log/record.h"

/* The stack of a goroutine, as printed. */
void recorded_goroutine_stack(const struct analysis *analysis, size_t index, struct stack *ret);

/* Any other that was printed. */
void recorded_stack_take(const struct analysis *analysis, const struct recorded_stack *recorded, struct stack *ret);

/* That of the thread that died: its system stack, if it was on that. */
void recorded_thread_stack(const struct analysis *analysis, struct stack *ret);

#endif
