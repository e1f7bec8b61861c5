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

bool text_ends(const char *text, const char *end)
{
	const size_t length = strlen(text), size = strlen(end);

	return length >= size && !strcmp(text + length - size, end);
}
