/* columns.c: see columns.h. */
#include "formats/log/columns.h"

#include <string.h>

/* Where a quoted field ends that begins at an offset; the size: it does not end. */
static size_t quoted_end(struct span line, size_t at)
{
	for (;;) {
		const uint8_t *quote = at < line.size ? memchr(line.data + at, '"', line.size - at) : NULL;

		if (!quote)
			return line.size;
		at = (size_t)(quote - line.data);
		if (at + 1 >= line.size || line.data[at + 1] != '"')
			return at;
		at += 2;
	}
}

/* The field that begins at an offset; where the next one does: behind the end if it is the last. */
static size_t read_field(struct span line, size_t at, struct field *ret)
{
	const uint8_t *comma;

	*ret = (struct field){.start = at, .quoted = at < line.size && line.data[at] == '"'};
	if (ret->quoted) {
		ret->start = at + 1;
		ret->end = quoted_end(line, ret->start);
		ret->open = ret->end == line.size;
		return ret->end + 2;
	}
	comma = at < line.size ? memchr(line.data + at, ',', line.size - at) : NULL;
	ret->end = comma ? (size_t)(comma - line.data) : line.size;
	return ret->end + 1;
}

size_t column_at(struct span line, size_t at, struct field *ret)
{
	size_t column = 0, next = read_field(line, 0, ret);

	while (ret->end < at && next <= line.size) {
		next = read_field(line, next, ret);
		column++;
	}
	return column;
}

bool column_find(struct span line, size_t column, struct field *ret)
{
	size_t next = read_field(line, 0, ret);

	for (; column && next <= line.size; column--)
		next = read_field(line, next, ret);
	return !column;
}

struct span column_text(struct arena *arena, struct span text)
{
	uint8_t *copy;
	size_t size = 0;

	if (!text.size || !memmem(text.data, text.size, "\"\"", 2))
		return text;
	copy = arena_alloc(arena, text.size);
	for (size_t i = 0; i < text.size; i++) {
		copy[size++] = text.data[i];
		i += text.data[i] == '"' && i + 1 < text.size && text.data[i + 1] == '"';
	}
	return (struct span){copy, size};
}
