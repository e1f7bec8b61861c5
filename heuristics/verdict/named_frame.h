/* named_frame.h: where a finding says that it happened may be a return address on a stack. If a word took the place of the true one, another
 * function is named, and what lies behind it does not fit: the walk ends there, or goes on behind a call of yet another function. */
#ifndef HEURISTICS_VERDICT_NAMED_FRAME_H
#define HEURISTICS_VERDICT_NAMED_FRAME_H

#include "heuristics/finding.h"

/* Adds to each finding what speaks against the function that it names. Of a finding of a damaged stack, that is what it says itself. */
void named_frames_doubt(struct diagnosis *diagnosis);

#endif
