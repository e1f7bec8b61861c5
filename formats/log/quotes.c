/* quotes.c: see quotes.h. */
#include "formats/log/quotes.h"

#include <string.h>

size_t quote_next(struct span line, size_t at)
{
	while (at < line.size) {
		const uint8_t *quote = memchr(line.data + at, '"', line.size - at);
		size_t escapes = 0, position;

		if (!quote)
			return line.size;
		position = (size_t)(quote - line.data);
		while (position - escapes > at && line.data[position - escapes - 1] == '\\')
			escapes++;
		if (escapes % 2 == 0)
			return position;
		at = position + 1;
	}
	return line.size;
}
