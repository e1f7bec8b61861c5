/* loaded.h: functions of libraries that are loaded when they are needed: what is linked is loaded in every run, with all that it needs. A
 * static program has no loader, and is linked with them, or does without: it has nothing of this. */
#ifndef BASE_LOADED_H
#define BASE_LOADED_H

#include <stdbool.h>
#include <stddef.h>

struct loaded_function {
	const char *name; /* of the symbol */
	void *at;         /* the pointer to a function that is set */
};

struct loaded_library {
	const char *soname;
	const struct loaded_function *functions;
	size_t count;
	enum { LOADED_UNTRIED, LOADED_WHOLE, LOADED_NOT } state; /* 0 at first */
};

/* Loads a library, for good (dlopen(3)), and sets the pointers to its functions, the first time that it is asked. False: it is not installed,
 * or lacks one of them; some may be set. Any thread may ask. */
bool loaded_library(struct loaded_library *library);

#endif
