/* progress.h: how far long work has come, for whoever waits for it. */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stdint.h>

enum progress_phase {
	PROGRESS_COPYING,       /* of bytes of standard input or a pipe */
	PROGRESS_DECOMPRESSING, /* of bytes of the compressed file */
	PROGRESS_LISTING,       /* of goroutines that are read */
	PROGRESS_WALKING,       /* of goroutines whose stacks are walked */
	PROGRESS_JUDGING,
	PROGRESS_WRITING,       /* of goroutines, or groups of them, in the report */
};

struct progress {
	/* total 0: unknown. */
	void (*report)(void *context, enum progress_phase phase, uint64_t done, uint64_t total);
	void *context;
};

/* Reports one step; NULL: nobody waits. */
static inline void progress_report(const struct progress *progress, enum progress_phase phase, uint64_t done, uint64_t total)
{
	if (progress)
		progress->report(progress->context, phase, done, total);
}

enum { PROGRESS_STRIDE = 1 << 12 };

/* For steps that are short: reports one of PROGRESS_STRIDE. */
static inline void progress_step(const struct progress *progress, enum progress_phase phase, uint64_t done, uint64_t total)
{
	if (done % PROGRESS_STRIDE == 0)
		progress_report(progress, phase, done, total);
}

#endif
