/* steps.c: see steps.h. Each thread draws many steps at a time, so that taking one is a subtraction. */
#include "base/steps.h"

#include <stddef.h>

enum { DRAWN = 1 << 14 };

_Thread_local int64_t steps_drawn;
static _Thread_local struct steps *joined;

void steps_join(struct steps *steps)
{
	if (joined && steps_drawn > 0)
		atomic_fetch_add(&joined->left, steps_drawn);
	joined = steps;
	steps_drawn = 0;
}

struct steps *steps_joined(void)
{
	return joined;
}

void steps_fill(struct steps *steps, uint64_t count)
{
	steps->full = count < INT64_MAX ? (int64_t)count : INT64_MAX;
	atomic_store(&steps->left, steps->full);
	if (joined == steps)
		steps_drawn = 0;
}

void steps_renew(struct steps *steps, uint64_t count)
{
	steps_fill(steps, count);
	atomic_store(&steps->used_up, false);
}

bool steps_spare(void)
{
	return !joined || atomic_load(&joined->left) > joined->full / 2;
}

bool steps_used_up(void)
{
	return joined && atomic_load(&joined->used_up);
}

void steps_note(struct notes *notes)
{
	if (steps_used_up())
		note_lead(notes, "the dump, or its executable, makes more work than files of their size may: it was given up before the "
				 "end. What had not been looked at is missing, and nothing is surer than possible");
}

bool steps_draw(void)
{
	const int64_t wanted = DRAWN - steps_drawn;

	if (!joined) {
		steps_drawn = INT64_MAX;
		return true;
	}
	if (atomic_load(&joined->left) >= wanted && atomic_fetch_sub(&joined->left, wanted) >= wanted) {
		steps_drawn = DRAWN;
		return true;
	}
	atomic_store(&joined->used_up, true);
	steps_drawn = 0;
	return false;
}
