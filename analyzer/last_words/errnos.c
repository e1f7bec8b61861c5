/* errnos.c: see errnos.h. */
#include "analyzer/last_words/errnos.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name, *text;
} errnos[] = {
#define ERRNO(number, name, text) [number] = {name, text},
#include "analyzer/last_words/errnos.def"
#undef ERRNO
};

enum { COUNT = sizeof errnos / sizeof *errnos };

const char *errno_text(uint64_t number)
{
	return number < COUNT ? errnos[number].text : NULL;
}

const char *errno_name(uint64_t number)
{
	return number < COUNT ? errnos[number].name : NULL;
}

uint64_t errno_by_text(const char *text)
{
	size_t longest = 0, number = 0;

	for (size_t i = 0; i < COUNT; i++) {
		const size_t length = errnos[i].text ? strlen(errnos[i].text) : 0;

		if (length > longest && !strncasecmp(errnos[i].text, text, length)) {
			longest = length;
			number = i;
		}
	}
	return number;
}
