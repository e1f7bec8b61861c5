/* prefix.c: see prefix.h. */
#include "base/prefix.h"

#include <string.h>

const char *prefix_of(const char *text, const char *const prefixes[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strncmp(text, prefixes[i], strlen(prefixes[i])))
			return prefixes[i];
	return NULL;
}
