/* page.c: the layout of text reports. Colours are ECMA-48 SGR, written only when asked for. */
#include "report/text/page.h"

#include "report/escape.h"

#include <string.h>

static const char *const sgr[] = {
	[STYLE_PLAIN] = "",   [STYLE_BOLD] = "1",      [STYLE_FAINT] = "2",
	[STYLE_RED] = "1;31", [STYLE_YELLOW] = "1;33", [STYLE_GREEN] = "1;32",
};

enum { NARROWEST = 16 }; /* a column narrower than this is not wrapped to, but let stand out */

static void put_bytes(const struct page *page, enum style style, const char *text, size_t length)
{
	bool colored = page->color && style != STYLE_PLAIN && length;

	if (colored)
		fprintf(page->out, "\033[%sm", sgr[style]);
	fwrite(text, 1, length, page->out);
	if (colored)
		fputs("\033[0m", page->out);
}

void page_put(const struct page *page, enum style style, const char *text)
{
	text = escape_line(page->arena, text);
	put_bytes(page, style, text, strlen(text));
}

static void indent(const struct page *page, unsigned columns)
{
	fprintf(page->out, "%*s", (int)columns, "");
}

/* Bytes of `text` that fit into `columns` columns; at least one code point. */
static size_t fitting(const char *text, unsigned columns)
{
	size_t length = 0;
	unsigned used = 0;
	uint32_t c;

	while (text[length]) {
		size_t step = utf8_decode(text + length, &c);

		used += step ? code_point_columns(c) : 1;
		if (used > columns && length)
			break;
		length += step ? step : 1;
	}
	return length;
}

/* Bytes of the next line of `text`, without the spaces at which it is broken. */
static size_t line_length(const char *text, unsigned columns)
{
	size_t fits = fitting(text, columns);
	size_t at = fits;

	if (!text[fits])
		return fits;
	while (at && text[at] != ' ')
		at--;
	while (at && text[at - 1] == ' ')
		at--;
	if (at)
		return at;
	/* One long word: after a separator in its second half, else anywhere. */
	for (at = fits; at > fits / 2; at--)
		if (strchr("/.,])", text[at - 1]))
			return at;
	return fits;
}

static const char *skip_spaces(const char *text)
{
	return text + strspn(text, " ");
}

void page_wrap(const struct page *page, const char *first, unsigned hang, enum style style, const char *text)
{
	unsigned used = text_columns(first);
	unsigned margin = hang ? hang : used;

	text = skip_spaces(escape_line(page->arena, text));
	fputs(first, page->out);
	if (used + NARROWEST > page->columns && *text) {
		fputc('\n', page->out);
		indent(page, margin);
		used = margin;
	}
	for (;;) {
		unsigned room = page->columns > used + NARROWEST ? page->columns - used : NARROWEST;
		size_t length = line_length(text, room);

		put_bytes(page, style, text, length);
		fputc('\n', page->out);
		text = skip_spaces(text + length);
		if (!*text)
			return;
		indent(page, margin);
		used = margin;
	}
}

void page_row(const struct page *page, const char *first, const struct page_column columns[static PAGE_CELLS],
	      const char *const cells[static PAGE_CELLS], enum style style)
{
	const char *rest[PAGE_CELLS];
	unsigned at = text_columns(first);
	bool more = true;

	for (size_t i = 0; i < PAGE_CELLS; i++)
		rest[i] = cells[i] ? skip_spaces(escape_line(page->arena, cells[i])) : "";
	fputs(first, page->out);
	while (more) {
		more = false;
		for (size_t i = 0; i < PAGE_CELLS; i++) {
			size_t length = *rest[i] ? line_length(rest[i], columns[i].width) : 0;

			if (!length)
				continue;
			if (columns[i].start > at)
				indent(page, columns[i].start - at);
			put_bytes(page, i ? STYLE_PLAIN : style, rest[i], length);
			at = columns[i].start + text_columns(arena_strndup(page->arena, rest[i], length));
			rest[i] = skip_spaces(rest[i] + length);
			more |= *rest[i] != 0;
		}
		fputc('\n', page->out);
		at = 0;
	}
}

void page_heading(const struct page *page, const char *text)
{
	fputc('\n', page->out);
	put_bytes(page, STYLE_BOLD, text, strlen(text));
	fputc('\n', page->out);
}
