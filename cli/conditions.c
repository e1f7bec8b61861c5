/* conditions.c: durations, ids and words. */
#include "cli/conditions.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	char unit;
	int64_t seconds;
} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

enum { UNITS = sizeof units / sizeof *units, SECOND = 1000000000 };

/* strtoull takes signs and spaces; a number here has neither. */
static bool number_parse(const char **text, uint64_t *ret)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	errno = 0;
	*ret = strtoull(*text, &end, 10);
	*text = end;
	return !errno;
}

bool duration_parse(const char *text, int64_t *nanoseconds)
{
	const uint64_t limit = INT64_MAX / SECOND;
	uint64_t sum = 0;
	size_t unit = 0;

	while (*text) {
		uint64_t value;

		if (!number_parse(&text, &value))
			return false;
		while (unit < UNITS && units[unit].unit != *text)
			unit++;
		if (unit == UNITS || value > (limit - sum) / (uint64_t)units[unit].seconds)
			return false;
		sum += value * (uint64_t)units[unit++].seconds;
		text++;
	}
	*nanoseconds = (int64_t)sum * SECOND;
	return sum != 0;
}

bool id_ranges_add(struct id_ranges *ranges, const char *text)
{
	do {
		uint64_t *ends = &ranges->ends[2 * ranges->count];

		if (ranges->count == RANGES_LIMIT || !number_parse(&text, ends))
			return false;
		ends[1] = ends[0];
		if (*text == '-' && (text++, !number_parse(&text, ends + 1)))
			return false;
		if (ends[1] < ends[0])
			return false;
		ranges->count++;
	} while (*text++ == ',');
	return !text[-1];
}

bool word_list_add(struct word_list *list, const char *word)
{
	if (!*word || list->count == WORDS_LIMIT)
		return false;
	list->items[list->count++] = word;
	return true;
}
