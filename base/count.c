/* count.c: see count.h. */
#include "base/count.h"

#include <inttypes.h>
#include <stdio.h>

const char *count_text(struct arena *arena, uint64_t count)
{
	char digits[32];
	char grouped[48];
	size_t length = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, count);
	size_t at = 0;

	for (size_t i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			grouped[at++] = ',';
		grouped[at++] = digits[i];
	}
	return arena_strndup(arena, grouped, at);
}

const char *counted_text(struct arena *arena, uint64_t count, const char *what)
{
	return arena_printf(arena, "%s %s%s", count_text(arena, count), what, count == 1 ? "" : "s");
}
