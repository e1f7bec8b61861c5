/* recorded_end.h: what a log says of how the process ended, as evidence. The runtime's words, the state that it printed of the goroutine
 * that died, and that goroutine's stack come from three parts of the runtime, and have to agree. */
#ifndef HEURISTICS_ENDS_RECORDED_END_H
#define HEURISTICS_ENDS_RECORDED_END_H

#include "heuristics/ends/ordinary_ends.h"

/* The last words: strong. */
void recorded_words_evidence(struct diagnosis *diagnosis, struct finding *finding, const char *line);

/* The state that the goroutine of a finding was printed with, first of all: strong if it ran. */
void recorded_state_evidence(struct diagnosis *diagnosis, struct finding *finding);

/* That its stack, as printed, leads from `frame` to where goroutines begin: strong; fair where its end is missing. */
void recorded_stack_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stack *stack, size_t frame);

/* Where a signal or an exception hit: that the stack which the runtime printed first begins just there: strong. */
void recorded_stop_evidence(struct diagnosis *diagnosis, struct finding *finding);

#endif
