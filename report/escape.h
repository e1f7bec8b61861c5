/* escape.h: text that came out of a dump, made harmless. */
#ifndef REPORT_ESCAPE_H
#define REPORT_ESCAPE_H

#include "base/arena.h"

#include <stddef.h>
#include <stdint.h>

/* One code point of UTF-8. Returns its length in bytes and sets *ret; 0 when the bytes are not valid UTF-8 there
 * (or at the terminating NUL). */
size_t utf8_decode(const char *text, uint32_t *ret);

/* `text` for a terminal, on one line: control characters (also C1, and those that reorder or hide text) and bytes
 * that are not UTF-8 become \n, \t, \xNN or \uNNNN. Returns `text` itself when there is nothing to escape; NULL
 * becomes "?". */
const char *escape_line(struct arena *arena, const char *text);

/* `text` as valid UTF-8: bytes that are not become \xNN. NULL stays NULL. Control characters are left to the JSON
 * writer. */
const char *escape_utf8(struct arena *arena, const char *text);

/* Columns that a terminal needs for escaped text. */
unsigned text_columns(const char *text);

/* Columns of one code point: 2 for the wide ones of East Asia, else 1. */
unsigned code_point_columns(uint32_t code_point);

#endif
