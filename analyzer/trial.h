/* trial.h: goroutines walked on trial, by several threads at once. A trial has no effect: where something would have to be filed,
 * counted or noted, it gives up, and the goroutine is looked at again by the one thread that files, in the order of the list.
 * So what is found does not depend on the number of threads; and nearly all goroutines of nearly all dumps are ordinary. */
#ifndef ANALYZER_TRIAL_H
#define ANALYZER_TRIAL_H

#include "analyzer/analysis.h"

/* What a trial tells of a goroutine. */
struct trial {
	uint64_t signature; /* see struct goroutine_group */
	size_t depth;       /* frames of its stack, as far as it was walked */
	bool settled;       /* there is no more to tell; else the other members are of no use */
};

struct trials;

/* Looks at one goroutine. `analysis` is a copy that belongs to the thread: with an image, a memo of pcs and an arena of its own;
 * `stack` is room that is used again. */
typedef void trial_look(struct analysis *analysis, size_t index, struct stack *stack, struct trial *ret);

/* Prepares for trials; NULL: only one thread may work, or there are too few goroutines. Give it back with trials_end. */
struct trials *trials_new(struct analysis *analysis, trial_look *look);

/* Looks at goroutines `first` to `first + count` - 1. */
void trials_run(struct trials *trials, size_t first, size_t count, struct trial *ret);

/* NULL is allowed. */
void trials_end(struct trials *trials);

/* Before something that is more than looking: true on a trial, which then gives up. What is done after that has no effect. */
bool trial_gives_up(struct analysis *analysis);

/* Whether a trial has given up: what it would still find is thrown away. */
bool trial_is_over(const struct analysis *analysis);

#endif
