/* selection.h: the goroutines that a reader asks for: those of equal stacks in one group, and what is common to them. */
#ifndef REPORT_SELECTION_H
#define REPORT_SELECTION_H

#include "heuristics/detector.h"

/* Every condition must hold; of the values of one condition, any. Lists end with NULL; NULL: no such condition. Names
 * are found by any part of them. */
struct goroutine_filter {
	const char *const *functions; /* of a frame, or of a call inlined into one */
	const char *const *states;    /* see goroutine_state_means */
	const char *const *creators;  /* functions whose go statement made the goroutine */
	const uint64_t *ids;          /* ranges: first, last, first, last, … */
	size_t id_count;              /* of ranges */
	int64_t waiting_over; /* nanoseconds; 0: no such condition */
};

struct selected_group {
	const uint32_t *members; /* indices in runtime->goroutines, ascending */
	size_t count;
	size_t timed;            /* of which it is known how long they wait */
	int64_t least, most;     /* nanoseconds that those wait */
	size_t locked;           /* to their threads */
};

struct state_count {
	uint8_t status, wait_reason; /* as in struct goroutine; the reason is 0 where it means nothing */
	size_t count;
};

/* One go statement. */
struct creator_count {
	uint64_t gopc;
	size_t count;
	size_t parents; /* goroutines that executed it, where the release tells; else 0 */
	uint64_t parent; /* the lowest of them */
};

struct selection {
	size_t count;
	size_t untimed;                    /* blocked, and left out because it is not known for how long */
	const bool *chosen;                /* per goroutine */
	struct selected_group *groups;     /* largest first */
	size_t group_count;
};

/* On the diagnosis' arena. `filter` may be NULL: every goroutine. */
const struct selection *selection_make(const struct diagnosis *diagnosis, const struct goroutine_filter *filter);

/* What the selected goroutines do, and where they come from, most frequent first; returns the number of rows. */
size_t selection_states(const struct diagnosis *diagnosis, const struct selection *selection,
			const struct state_count **ret);
size_t selection_creators(const struct diagnosis *diagnosis, const struct selection *selection,
			  const struct creator_count **ret);

/* The one go statement of a group. `scratch` is for its work. */
struct creator_count group_creator(const struct go_runtime *runtime, struct arena *scratch,
				   const struct selected_group *group);

#endif
