/* inputs.h: which files there are to look at. */
#ifndef SCAN_INPUTS_H
#define SCAN_INPUTS_H

#include "base/vec.h"

struct scan_input {
	const char *path;
	bool given;        /* named by the user, not found in a folder */
	const char *error; /* it cannot be looked at; NULL: so far it can */
};

struct scan_inputs {
	VEC(struct scan_input) items;
};

/* Files as they are named, and the regular files below the folders named, by name. */
void inputs_find(struct arena *arena, const char *const *paths, struct scan_inputs *ret);

#endif
