/* stacks.h: goroutines of equal stacks, one after the other, for forms that count: each group with its stack, once. */
#ifndef REPORT_PROFILE_STACKS_H
#define REPORT_PROFILE_STACKS_H

#include "report/report.h"

struct group_reader {
	const struct diagnosis *diagnosis;
	const struct report_options *options;
	const struct selection *selection; /* of options->filter */
	FILE *out;
	/* `stack` is walked; memory of `scratch` is gone soon after. */
	void (*read)(void *context, struct arena *scratch, const struct selected_group *group, const struct stack *stack);
	void *context;
};

/* Calls `read` for every group, largest first, until nobody waits for the rest. */
void groups_read(const struct group_reader *reader);

/* How many frames a profile shows: without runtime.goexit, which is below every goroutine (runtime/pprof hides it, too). */
size_t shown_frames(const struct stack *stack);

#endif
