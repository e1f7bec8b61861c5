/* output.h: where results go: standard output, or a file that appears only when it is whole, and is its owner's alone. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "lib/tornstack.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

struct output {
	FILE *file;
	const char *path;         /* NULL: standard output */
	bool paged;               /* which goes through a pager (pager.h) */
	int descriptor;           /* of the temporary file, -1: there is none (yet) */
	char temporary[PATH_MAX]; /* empty: there is none (yet) */
};

/* Opens an output; NULL is standard output. Refuses to replace one of `inputs` (ended by NULL; NULL: none). The temporary file is made by the first write and
 * is there until output_keep or output_discard; `ret` must not move meanwhile. Complains and returns false on failure. */
bool output_open(const char *path, const char *const *inputs, struct output *ret);

/* Standard output that is a terminal is to go through a pager if it is long. */
void output_page(struct output *output);

/* Closes it and, for a file, puts it in its place. Complains and returns false when that failed; nothing is left. */
bool output_keep(struct output *output);

/* Closes it and leaves nothing behind. */
void output_discard(struct output *output);

/* Keeps what a call of the library wrote, or complains of why that failed and leaves nothing behind. False: it failed, or was kept and lacks
 * what could not be read. */
bool output_end(struct output *output, const struct ts_result *result);

/* For a signal handler that ends the process: removes the temporary file, if there is one. */
void output_abandon(void);

#endif
