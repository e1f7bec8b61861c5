/* markdown.c: see markdown.h. */
#include "formats/log/markdown.h"

#include "formats/log/grammar.h"

#include <string.h>

enum { FARTHEST = 1 << 16 }; /* lines from where a mark opens to where it closes */

static const char *const marks[] = {"```", "**", "`"};

static bool begins(struct span text, const char *mark)
{
	return text.size > strlen(mark) && span_begins(text, mark);
}

static bool ends(struct span text, const char *mark)
{
	return text.size >= strlen(mark) && !memcmp(text.data + text.size - strlen(mark), mark, strlen(mark));
}

/* Whether the next line with something in it is one of the runtime's. */
static bool goes_on(const struct line_list *lines, size_t index)
{
	enum log_kind kind = LOG_BLANK;

	for (size_t i = index + 1; kind == LOG_BLANK && i < lines->items.count; i++)
		kind = lines->items.items[i].below ? LOG_STACK : log_kind_of(lines->items.items[i].text);
	return kind != LOG_BLANK && kind != LOG_OTHER;
}

static bool undo(struct line_list *lines, size_t index, const char *mark)
{
	struct stream_line *items = lines->items.items;
	const size_t size = strlen(mark);

	if (ends(span_from(items[index].text, size), mark) && !goes_on(lines, index))
		return false;
	items[index].text = span_from(items[index].text, size);
	for (size_t i = index; i < lines->items.count && i - index < FARTHEST; i++)
		if (!items[i].below && ends(items[i].text, mark)) {
			items[i].text.size -= size;
			break;
		}
	return true;
}

bool markdown_undo(struct line_list *lines, const struct anchored_lines *anchored)
{
	for (size_t i = 0; i < anchored->items.count; i++)
		for (size_t k = 0; k < sizeof marks / sizeof *marks; k++)
			if (begins(lines->items.items[anchored->items.items[i]].text, marks[k]))
				return undo(lines, anchored->items.items[i], marks[k]);
	return false;
}
