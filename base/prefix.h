/* prefix.h: whether a text begins with one of several others, or ends with another. */
#ifndef BASE_PREFIX_H
#define BASE_PREFIX_H

#include <stdbool.h>
#include <stddef.h>

/* The first of `count` prefixes that a text begins with; NULL: none. */
const char *prefix_of(const char *text, const char *const prefixes[], size_t count);

/* Whether a text ends with another; each does with "". */
bool text_ends(const char *text, const char *end);

#endif
