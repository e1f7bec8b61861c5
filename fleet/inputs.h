/* inputs.h: which files there are to be analysed, and what is known of each without reading it. */
#ifndef FLEET_INPUTS_H
#define FLEET_INPUTS_H

#include "base/vec.h"

#include <stdint.h>
#include <stdio.h>

struct input {
	const char *path;
	const char *file;  /* where it is read; NULL: at its path */
	bool given;        /* named by the user, not found in a folder */
	const char *error; /* it cannot be looked at; NULL: so far it can */
	uint64_t size;
	int64_t modified;  /* nanoseconds since 1970 */
	int64_t seen;      /* seconds since 1970: when it crashed, as who kept it wrote down; else when the file was changed */
	const char *host;  /* NULL: nobody wrote that down */
};

struct inputs_found {
	VEC(struct input) items;
	VEC(const char *) folders; /* that were named */
};

/* Files as they are named, those below folders, and what patterns (glob(7)) match where no file is called so; "-" stands for names on
 * `list`, one a line. Of a crash that `tornstack handle` kept only the dump is one, not its report and record, which tell when and where it
 * was; systemd-coredump tells that in attributes of the file. Hidden files count where they are named. */
void fleet_inputs(struct arena *arena, const char *const *paths, FILE *list, struct inputs_found *ret);

#endif
