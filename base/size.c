/* size.c: see size.h. */
#include "base/size.h"

#include <inttypes.h>

const char *size_text(struct arena *arena, uint64_t bytes)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	unsigned unit = 0;
	uint64_t tenths;

	while (unit + 1 < sizeof units / sizeof *units && bytes >> (10 * (unit + 1)))
		unit++;
	if (!unit)
		return arena_printf(arena, "%" PRIu64 " byte%s", bytes, bytes == 1 ? "" : "s");
	tenths = ((bytes >> (10 * (unit - 1))) * 10) >> 10;
	if (tenths >= 100)
		return arena_printf(arena, "%" PRIu64 " %s", tenths / 10, units[unit]);
	return arena_printf(arena, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, units[unit]);
}
