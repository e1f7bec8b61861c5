/* loaded.h: functions of libraries that are loaded when they are needed: what is linked is loaded in every run, with all that it needs. A
 * static program has no loader, and is linked with them: it has nothing of this. */
#ifndef BASE_LOADED_H
#define BASE_LOADED_H

#include <stdbool.h>
#include <stddef.h>

struct loaded_function {
	const char *name; /* of the symbol */
	void *at;         /* the pointer to a function that is set */
};

/* Loads a library, for good (dlopen(3)), and sets pointers to its functions. False: it is not installed, or lacks one of them; some may be
 * set. Loading it again costs a search for the symbols. */
bool loaded_functions(const char *soname, const struct loaded_function *functions, size_t count);

#endif
