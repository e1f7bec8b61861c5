/* reader.h: JSON that another process wrote, which may be anything. */
#ifndef REPORT_JSON_READER_H
#define REPORT_JSON_READER_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct json_t json_t; /* a value; jansson's own type, opaque */

/* An object; NULL: the text is none. It is released with the arena. */
const json_t *reader_object(struct arena *arena, const char *text, size_t size);

/* A member of an object, which may be NULL; NULL: there is none. */
const json_t *reader_member(const json_t *object, const char *key);

/* A text, which lives as long as the object, at most `most` bytes of it being allowed; NULL: there is none, or a longer one. */
const char *reader_text(const json_t *object, const char *key, size_t most);

/* False: there is no such whole number, and nothing is set. */
bool reader_number(const json_t *object, const char *key, int64_t *ret);

/* Items of an array; 0: it is none. An item's text, as reader_text. */
size_t reader_count(const json_t *array);
const char *reader_item(const json_t *array, size_t index, size_t most);

#endif
