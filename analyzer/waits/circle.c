/* circle.c: see circle.h. */
#include "analyzer/waits/circle.h"

static void take_off(const void *graph, circle_next *next, bool *on, size_t count)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (size_t i = 0; i < count; i++)
			if (on[i] && next(graph, i, on) == count) {
				on[i] = false;
				changed = true;
			}
	}
}

/* Who waits for nobody that may lie on a circle does not either. Who is left waits for one, so that going on meets one again. */
void circle_find(struct arena *arena, const void *graph, circle_next *next, bool *on, size_t count, struct circle *ret)
{
	size_t at = 0;

	take_off(graph, next, on, count);
	while (at < count && !on[at])
		at++;
	if (at == count)
		return;
	for (size_t i = 0; i < count; i++) /* now it is on a circle, wherever it began */
		at = next(graph, at, on);
	for (size_t i = at, steps = 0; steps < count; steps++) {
		vec_push(arena, &ret->numbers, i);
		i = next(graph, i, on);
		if (i == at)
			return;
	}
}
