/* generated_code.h: code that the process made itself, on a stack that the runtime walked. */
#ifndef HEURISTICS_DAMAGE_GENERATED_CODE_H
#define HEURISTICS_DAMAGE_GENERATED_CODE_H

#include "heuristics/damage/walk_crash.h"

/* Whether it was such code that stopped the walk: the stack of the victim leads into it, nothing on that stack is damaged, and the
 * runtime names no other place. The stack is left in *stack, *frame is the index of the frame of that code. */
bool generated_code_stopped(const struct walk_crash *crash, struct stack *stack, size_t *frame);

#endif
