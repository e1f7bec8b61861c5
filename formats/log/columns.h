/* columns.h: lines of comma-separated values (RFC 4180), as log browsers export them: the text is in one column. */
#ifndef FORMATS_LOG_COLUMNS_H
#define FORMATS_LOG_COLUMNS_H

#include "base/arena.h"
#include "base/span.h"

#include <stdbool.h>

/* A field, without its quotes. */
struct field {
	size_t start, end;
	bool quoted, open; /* there is no quote at its end */
};

/* The field of a line that an offset is in; its number. */
size_t column_at(struct span line, size_t at, struct field *ret);

/* The field of a number; false: the line has fewer. */
bool column_find(struct span line, size_t column, struct field *ret);

/* What a quoted field says: quotes in it are doubled. */
struct span column_text(struct arena *arena, struct span text);

#endif
