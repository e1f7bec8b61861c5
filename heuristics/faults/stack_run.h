/* stack_run.h: words alike on a goroutine's stack, where a RET took its address from or was about to: what is left to say of an
 * overwritten return address when the program's code is not there. */
#ifndef HEURISTICS_STACK_RUN_H
#define HEURISTICS_STACK_RUN_H

#include "heuristics/detector.h"

/* Adds evidence to a finding of the dump's fault. Text for its title where the CPU jumped to one of the words: "a run of 20 words of
 * one byte repeated on its stack has that word"; else NULL. */
const char *stack_run_evidence(struct diagnosis *diagnosis, struct finding *finding);

#endif
