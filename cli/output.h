/* output.h: where results go: standard output, or a file that appears only when it is whole. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

struct output {
	FILE *file;
	const char *path;          /* NULL: standard output */
	char temporary[PATH_MAX];  /* empty: written in place (standard output, a device, a pipe) */
};

/* Opens an output; NULL is standard output. Refuses to replace `input`. Complains and returns false on failure. */
bool output_open(const char *path, const char *input, struct output *ret);

/* Closes it and, for a file, puts it in its place. Complains and returns false when that failed; nothing is left then. */
bool output_keep(struct output *output);

/* Closes it and leaves nothing behind. */
void output_discard(struct output *output);

#endif
