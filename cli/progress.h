/* progress.h: one line on standard error that is written over, and gone in the end: how far a long run is. Only on a terminal
 * that can do so, and only of a run that takes over a second. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress_line {
	const char *doing; /* "walking stacks"; a new one starts a new estimate of the time */
	uint64_t done;
	uint64_t total;    /* 0: unknown */
	bool bytes;        /* that is what is counted */
	const char *name;  /* shown last, whatever bytes it has; NULL: none */
};

/* Called when the run begins. */
void progress_start(void);

/* Whether a step will be shown to anybody. */
bool progress_wanted(void);

/* Shows a step, unless another one was just now. */
void progress_show(const struct progress_line *step);

/* A step of many files, `done` of them done, the last one that of `path`; takes the line away after all of them. */
void progress_show_files(const char *doing, size_t done, size_t total, const char *path);

/* Takes the line away. May be called by a signal handler. */
void progress_erase(void);

#endif
