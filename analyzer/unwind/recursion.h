/* recursion.h: stacks on which the same calls repeat, and what is kept of those that have millions of frames. */
#ifndef ANALYZER_UNWIND_RECURSION_H
#define ANALYZER_UNWIND_RECURSION_H

#include "analyzer/analysis.h"

/* The part of a stack where each frame is what the one `period` frames below it is. */
struct recursion {
	bool by_function; /* the functions repeat, but not the places in them that call */
	size_t first;     /* index in stack->frames of its innermost frame */
	size_t kept;      /* frames from there on that are kept */
	size_t period;    /* frames of one turn, the fewest that repeat */
	uint64_t frames;  /* all of it, those that are not kept included */
	uint64_t bytes;   /* of the stack that they take */
};

/* How many kept frames from `index` on are as the one `period` frames below them; `period` where nothing repeats. What is
 * left out in between is skipped if it is known to repeat with that very period. */
size_t stack_repeats(const struct stack *stack, size_t index, size_t period, bool by_function);

/* How many frames there are from one on and before another; those that are not kept included, if they lie between. */
uint64_t stack_distance(const struct stack *stack, size_t from, size_t to);

/* The recursion in the middle of a stack. False: there is none. */
bool recursion_find(struct arena *arena, const struct stack *stack, struct recursion *ret);

/* Before a frame is added: drops what need not be kept of a stack that has grown long. Linear in frames, and as much memory
 * for any of them. */
void long_stack_keep(struct analysis *analysis, struct stack *stack);

/* When the walk is over: frames have moved, what is torn or damaged gets the index of its frame among those kept. */
void long_stack_place(struct analysis *analysis, const struct stack *stack);

#endif
