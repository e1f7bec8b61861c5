/* cursor.h: a line of a log that is read from its start. What does not match leaves the cursor where it was.
 *
 * What each line of a log is asked many times is inline: the texts are literals, whose length the compiler knows. */
#ifndef FORMATS_LOG_CURSOR_H
#define FORMATS_LOG_CURSOR_H

#include "formats/log/lines.h"

#include <stdbool.h>
#include <string.h>

struct cursor {
	const char *at, *end;
};

static inline struct cursor cursor_of(const struct log_line *line)
{
	return (struct cursor){line->text, line->text + line->length};
}

static inline size_t cursor_left(const struct cursor *cursor)
{
	return (size_t)(cursor->end - cursor->at);
}

static inline bool cursor_at_end(const struct cursor *cursor)
{
	return cursor->at == cursor->end;
}

/* Goes past that text. */
static inline bool cursor_take(struct cursor *cursor, const char *text)
{
	const size_t length = strlen(text);

	if (cursor_left(cursor) < length || memcmp(cursor->at, text, length) != 0)
		return false;
	cursor->at += length;
	return true;
}

/* Cuts that text off the end. */
static inline bool cursor_cut_tail(struct cursor *cursor, const char *text)
{
	const size_t length = strlen(text);

	if (cursor_left(cursor) < length || memcmp(cursor->end - length, text, length) != 0)
		return false;
	cursor->end -= length;
	return true;
}

/* Goes past blanks and tabs; how many. */
static inline size_t cursor_skip_space(struct cursor *cursor)
{
	const char *start = cursor->at;

	while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t'))
		cursor->at++;
	return (size_t)(cursor->at - start);
}

/* A number in decimal; "0x" and hexadecimal digits; a decimal number that may be negative, or
 * is printed as the unsigned one of 64 bits that it is. More than 64 bits do not match. */
bool cursor_decimal(struct cursor *cursor, uint64_t *ret);
bool cursor_hex(struct cursor *cursor, uint64_t *ret);
bool cursor_signed(struct cursor *cursor, int64_t *ret);

/* Where a text begins, from the cursor on or the last such place; NULL: nowhere. */
const char *cursor_find(const struct cursor *cursor, const char *text);
const char *cursor_find_last(const struct cursor *cursor, const char *text);

#endif
