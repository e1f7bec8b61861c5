/* frame_chain.h: the frame pointers that a goroutine's frames saved. Return addresses alone carry a walk; who returns into a
 * function whose caller's frame pointer is wrong goes astray later. */
#ifndef ANALYZER_UNWIND_FRAME_CHAIN_H
#define ANALYZER_UNWIND_FRAME_CHAIN_H

#include "analyzer/analysis.h"

/* Holds every saved frame pointer of a goroutine's stack, as just walked, against where the frame above saved its own; files
 * what is torn or was clobbered by assembly, and counts chains that lead into C's stack. */
void frame_chain_check(struct analysis *analysis, size_t goroutine, const struct stack *stack);

/* The function of the runtime, if the process died of a memory fault in one that follows frame pointers, for a trace or a
 * profile; NULL: it did not. */
const char *frame_chain_walker(const struct analysis *analysis);

/* Says, once all are checked, how many lead there. */
void frame_chain_note(struct analysis *analysis);

#endif
