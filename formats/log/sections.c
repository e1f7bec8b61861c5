/* sections.c: see sections.h. */
#include "formats/log/sections.h"

#include "base/hash.h"
#include "formats/log/grammar.h"
#include "formats/log/sender.h"

#include <string.h>

enum {
	FARTHEST = 1 << 20, /* bytes in which the file is looked for that the first line is of */
	MOST = 256,         /* files; lines of others are taken for those of the last */
};

static const char begin[] = "==> ", end[] = " <==";

/* Of what file a line says that it follows; 0: it does not. */
static uint64_t header_of(struct span line)
{
	enum { LEAST = sizeof begin - 1 + sizeof end - 1 };

	if (!span_begins(line, begin) || line.size <= LEAST || memcmp(line.data + line.size - (sizeof end - 1), end, sizeof end - 1) != 0)
		return 0;
	return sender_add(hash_key, line) | 1;
}

static size_t count_headers(const struct line_list *lines)
{
	size_t count = 0;

	for (size_t i = 0; i < lines->items.count; i++)
		count += !lines->items.items[i].below && header_of(lines->items.items[i].text);
	return count;
}

/* The file that what follows a text is of. */
static uint64_t name_before(struct span text)
{
	const size_t least = text.size > FARTHEST ? text.size - FARTHEST : 0;
	size_t stop = text.size;

	while (stop > least) {
		const uint8_t *newline = memrchr(text.data + least, '\n', stop - 1 - least);
		const size_t start = newline ? (size_t)(newline - text.data) + 1 : least;
		const uint64_t name = header_of(log_trim(span_slice(text, start, stop - start)));

		if (name)
			return name;
		stop = start;
		if (!newline)
			break;
	}
	return 0;
}

static struct log_section *section_of(struct arena *arena, struct log_sections *sections, uint64_t name)
{
	for (size_t i = 0; i < sections->items.count; i++)
		if (sections->items.items[i].name == name)
			return &sections->items.items[i];
	if (sections->items.count < MOST)
		vec_push(arena, &sections->items, (struct log_section){.name = name});
	return &sections->items.items[sections->items.count - 1];
}

static void drop_blank(struct log_section *section)
{
	const size_t count = section->lines.items.count;

	if (count && !section->lines.items.items[count - 1].text.size)
		section->lines.items.count--;
}

/* A goroutine as printed is taken apart again: another part of it may come behind the next header. */
static void push_lines(struct arena *arena, struct log_section *section, const struct stream_line *line)
{
	struct stream_line part = *line;
	size_t start = 0;

	part.below = 0;
	for (size_t at = 0; line->below && at < line->text.size; at++) {
		if (line->text.data[at] != '\n')
			continue;
		part.text = span_slice(line->text, start, at - start);
		vec_push_moving(arena, &section->lines.items, part);
		start = at + 1;
		part.raw = line->text.data + start;
		part.number++;
	}
	part.text = span_from(line->text, start);
	vec_push_moving(arena, &section->lines.items, part);
}

struct log_sections log_sections_of(struct arena *arena, const struct line_list *lines, struct span before, uint64_t *name)
{
	enum { FEWEST = 2 }; /* one may be what somebody says */
	struct log_sections sections = {0};
	struct log_section *section;

	if (count_headers(lines) < (*name ? 1 : FEWEST)) {
		vec_push(arena, &sections.items, (struct log_section){.name = *name, .lines = *lines});
		return sections;
	}
	if (!*name)
		*name = name_before(before);
	section = section_of(arena, &sections, *name);
	for (size_t i = 0; i < lines->items.count; i++) {
		const struct stream_line *line = &lines->items.items[i];
		const uint64_t next = line->below ? 0 : header_of(line->text);

		if (next) {
			drop_blank(section);
			*name = next;
			section = section_of(arena, &sections, next);
		} else {
			push_lines(arena, section, line);
		}
	}
	return sections;
}
