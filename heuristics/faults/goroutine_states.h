/* goroutine_states.h: what the goroutines of a process are doing, by count. */
#ifndef HEURISTICS_FAULTS_GOROUTINE_STATES_H
#define HEURISTICS_FAULTS_GOROUTINE_STATES_H

#include "analyzer/analysis.h"

/* "23 goroutines: 14 waiting on channels, 5 in system calls or C, 4 of the Go runtime itself", most frequent first, the runtime's
 * last, on the analysis's arena; NULL: none is known. */
const char *goroutine_states_text(struct analysis *analysis);

#endif
