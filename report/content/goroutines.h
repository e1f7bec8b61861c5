/* goroutines.h: goroutines in words. Strings hold text of the dump as it is: formats escape. */
#ifndef REPORT_CONTENT_GOROUTINES_H
#define REPORT_CONTENT_GOROUTINES_H

#include "report/selection.h"

const char *goroutine_state(struct arena *arena, const struct go_runtime *runtime, const struct goroutine *g); /* "waiting: select" */
const char *goroutine_creator(struct arena *arena, struct go_runtime *runtime, const struct goroutine *g);	/* NULL: unknown */
const char *goroutine_traits(struct arena *arena, const struct analysis *analysis, size_t index); /* ", for at least 5m, thread 7", or "" */

/* Where a group is, in words of its program: its innermost frame outside Go's library, else its outermost; its stack is `stack`. */
const char *group_place(struct arena *arena, const struct analysis *analysis, const struct stack *stack, bool verbose);

/* "goroutines 4, 5, 9, …" */
const char *group_ids(struct arena *arena, const struct go_runtime *runtime, const struct selected_group *group);

#endif
