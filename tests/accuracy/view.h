/* view.h: the memory that the code at a crash has to do with: frames of the goroutine, objects that their words lead to, and
 * global variables that their code names. */
#ifndef ACCURACY_VIEW_H
#define ACCURACY_VIEW_H

#include "tests/accuracy/target.h"

struct stretch {
	uint64_t start, end;
};

struct view {
	int32_t goroutine; /* index in runtime->goroutines: the one that met the fault, or the one that died, or the first */
	struct stack stack; /* of it */
	VEC(struct stretch) stretches;
	VEC(uint64_t) objects; /* addresses of heap objects, each once */
};

/* goroutine -1: there is none. */
void view_of(struct target *target, struct view *ret);

/* Whether an address is that of a return address of the stack, sound or damaged, or of the frame pointer saved below it. */
bool view_is_linkage(const struct view *view, uint64_t address);

#endif
