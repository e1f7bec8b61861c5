/* cursor.h: a line of a log that is read from its start. What does not match leaves the cursor where it was. */
#ifndef FORMATS_LOG_CURSOR_H
#define FORMATS_LOG_CURSOR_H

#include "formats/log/lines.h"

#include <stdbool.h>

struct cursor {
	const char *at, *end;
};

struct cursor cursor_of(const struct log_line *line);
size_t cursor_left(const struct cursor *cursor);
bool cursor_at_end(const struct cursor *cursor);

/* Goes past that text. */
bool cursor_take(struct cursor *cursor, const char *text);

/* Goes past blanks and tabs; how many. */
size_t cursor_skip_space(struct cursor *cursor);

/* A number in decimal; "0x" and hexadecimal digits; a decimal number that may be negative, or
 * is printed as the unsigned one of 64 bits that it is. More than 64 bits do not match. */
bool cursor_decimal(struct cursor *cursor, uint64_t *ret);
bool cursor_hex(struct cursor *cursor, uint64_t *ret);
bool cursor_signed(struct cursor *cursor, int64_t *ret);

/* Cuts that text off the end. */
bool cursor_cut_tail(struct cursor *cursor, const char *text);

/* Where a text begins, from the cursor on or the last such place; NULL: nowhere. */
const char *cursor_find(const struct cursor *cursor, const char *text);
const char *cursor_find_last(const struct cursor *cursor, const char *text);

#endif
