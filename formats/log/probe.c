/* probe.c: what may be a log (lines.h), by how it begins; of UTF-16 half of the bytes are 0 (sieve.h). */
#include "formats/log/lines.h"
#include "formats/log/sieve.h"

#include <string.h>

static bool has_mark(struct span start, uint8_t first, uint8_t second)
{
	return start.size >= 2 && start.data[0] == first && start.data[1] == second;
}

/* Text of which every other byte is 0: that of units as they are written with one byte order. */
static bool is_spaced(struct span start, size_t zero)
{
	enum { LOOKED_AT = 64, FEWEST = 16 };
	const size_t size = start.size < LOOKED_AT ? start.size & ~(size_t)1 : LOOKED_AT;

	for (size_t i = 0; i < size; i++)
		if ((i % 2 == zero) != !start.data[i])
			return false;
	return size >= FEWEST;
}

bool log_is_big_endian(struct span start)
{
	return has_mark(start, 0xfe, 0xff) || is_spaced(start, 0);
}

bool log_is_wide(struct span start)
{
	return has_mark(start, 0xff, 0xfe) || log_is_big_endian(start) || is_spaced(start, 1);
}

bool log_probe(struct span bytes)
{
	enum { LOOKED_AT = 4096, SPARE = 64 };
	const size_t size = bytes.size < LOOKED_AT ? bytes.size : LOOKED_AT;
	size_t controls = 0;

	if (log_is_wide(bytes))
		return true;
	for (size_t i = 0; i < size; i++) {
		if (!bytes.data[i])
			return false;
		controls += bytes.data[i] < ' ' && !strchr("\t\n\r\033\f\007", bytes.data[i]);
	}
	return size && controls * SPARE <= size;
}
