/* quantity.c: see quantity.h. */
#include "report/quantity.h"

#include "golang/runtime.h"

#include <inttypes.h>

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
