/* named_frame.h: where a finding says that it happened may be a return address on a stack. If a word took the place of the true one, another
 * function is named, or the next one behind it is, and what lies behind does not fit: the walk ends, or goes on behind a call of yet another
 * function. */
#ifndef HEURISTICS_VERDICT_NAMED_FRAME_H
#define HEURISTICS_VERDICT_NAMED_FRAME_H

#include "heuristics/finding.h"

/* Adds to each finding what speaks against the function that it names: on the stack, up to the first frame of the program from there on, a frame
 * that the one behind it cannot have called (damage_contradicts_call), or a walk that does not end where a stack begins. Of a finding of a damaged stack, that is what it says
 * itself. */
void named_frames_doubt(struct diagnosis *diagnosis);

#endif
