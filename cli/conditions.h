/* conditions.h: what is asked of goroutines, from the words of a command line. */
#ifndef CLI_CONDITIONS_H
#define CLI_CONDITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RANGES_LIMIT = 1024, WORDS_LIMIT = 64 };

struct id_ranges {
	uint64_t ends[2 * RANGES_LIMIT]; /* first, last, first, last, … */
	size_t count;                    /* of ranges */
};

struct word_list {
	const char *items[WORDS_LIMIT + 1]; /* ended by NULL */
	size_t count;
};

/* "90s", "5m", "2h30m", "1d": days, hours, minutes and seconds in this order, more than 0. False for anything else. */
bool duration_parse(const char *text, int64_t *nanoseconds);

/* Adds "7", "7,9" or "7-12,20". False when the text is something else, or there are too many. */
bool id_ranges_add(struct id_ranges *ranges, const char *text);

/* False when the word is empty, or there are too many. */
bool word_list_add(struct word_list *list, const char *word);

#endif
