/* quantity.c: see quantity.h. */
#include "report/quantity.h"

#include "golang/runtime.h"

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

const char *duration_text(struct arena *arena, int64_t nanoseconds)
{
	static const struct {
		int64_t seconds;
		char unit;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}, {1, 's'}};
	int64_t seconds = nanoseconds / NANOTIME_SECOND;
	size_t i = 0;
	int64_t rest;

	while (units[i].seconds > seconds && units[i].seconds > 1)
		i++;
	rest = seconds % units[i].seconds / units[i + 1].seconds;
	if (!rest)
		return arena_printf(arena, "%" PRId64 "%c", seconds / units[i].seconds, units[i].unit);
	return arena_printf(arena, "%" PRId64 "%c%" PRId64 "%c", seconds / units[i].seconds, units[i].unit, rest,
			    units[i + 1].unit);
}
