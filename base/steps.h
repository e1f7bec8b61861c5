/* steps.h: one budget of steps for a whole analysis. What a file claims is bounded by what its bytes can hold; but bounded loops
 * within bounded loops may still take longer than anybody waits. So whatever goes over what a file claims counts its steps here:
 * lookups in memory that are not the last one's neighbour, frames, rows of tables, instructions, blocks of bytes that are searched.
 *
 * When the budget is used up, there is nothing left to see: memory reads as not saved, tables have no more rows, and everything ends
 * as it does for a dump that was cut short. Who runs the analysis says so (lib/job.c), and nothing is surer than possible.
 *
 * A budget belongs to the threads that were told of it; others count nothing. A step is what takes 10 to 50 ns. */
#ifndef BASE_STEPS_H
#define BASE_STEPS_H

#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct steps {
	_Atomic int64_t left;
	int64_t full; /* what it was filled with */
	atomic_bool used_up;
};

/* From here on this thread counts against that budget, which others may share. NULL: it counts nothing. What it has drawn and not
 * taken it gives back to the budget before. */
void steps_join(struct steps *steps);

/* The budget of this thread; NULL: none. */
struct steps *steps_joined(void);

/* Fills a budget anew; whether it was used up stays known. */
void steps_fill(struct steps *steps, uint64_t count);

/* Begins anew: nobody knows any more that it was used up. */
void steps_renew(struct steps *steps, uint64_t count);

/* Whether more than half of this thread's budget is left: for lists that are worth reading, and not worth all there is. */
bool steps_spare(void);

/* Whether this thread's budget was used up, at any time. */
bool steps_used_up(void);

/* Says at the head of the notes that it was, if it was. */
void steps_note(struct notes *notes);

extern _Thread_local int64_t steps_drawn; /* for steps_take alone */
bool steps_draw(void);

/* Bytes that are searched or compared for one step; steps of decoding an instruction, of a frame. */
enum { STEPS_BLOCK = 256, STEPS_INSTRUCTION = 16, STEPS_FRAME = 8 };

/* Takes steps; false: there are no more, and what would have been done is not. */
static inline bool steps_take(uint64_t count)
{
	steps_drawn -= (int64_t)count;
	return steps_drawn >= 0 || steps_draw();
}

#endif
