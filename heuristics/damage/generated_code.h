/* generated_code.h: code that the process made itself, on a stack that the runtime walked. */
#ifndef HEURISTICS_DAMAGE_GENERATED_CODE_H
#define HEURISTICS_DAMAGE_GENERATED_CODE_H

#include "heuristics/damage/walk_crash.h"

/* Where the walk met it. */
struct generated_meeting {
	int32_t victim;     /* index of the goroutine, -1: not known */
	bool guessed;       /* the walker's frames are not in the dump; it is a goroutine that may have been walked, and has such code */
	struct stack stack; /* the victim's */
	size_t frame;       /* index of the frame of that code; SIZE_MAX: the stack does not lead there */
	uint64_t pc;        /* the return address in that code */
	uint64_t word;      /* where the walker holds it, if that alone tells: the stack is damaged, cut short, or whose it is is not sure; 0 */
};

/* Whether it was such code that stopped the walk: the stack of the victim leads into it, nothing on that stack is damaged, and the
 * runtime names no other place; or the walker has such a return address among its words, and none of those that were found damaged. */
bool generated_code_stopped(const struct walk_crash *crash, struct generated_meeting *ret);

#endif
