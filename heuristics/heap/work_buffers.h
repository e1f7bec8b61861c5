/* work_buffers.h: the lists of objects that the garbage collector has yet to look at (runtime.workbuf, runtime/mgcwork.go): blocks
 * of 2 KB, from memory that the heap has free, two of them in the hands of each processor. */
#ifndef HEURISTICS_HEAP_WORK_BUFFERS_H
#define HEURISTICS_HEAP_WORK_BUFFERS_H

#include "heuristics/detector.h"

/* Appends those whose count of entries is more than there is room for, with what lies there; at most two. */
void work_buffer_evidence(struct diagnosis *diagnosis, struct finding *finding);

#endif
