/* page.h: text in columns on a stream: wrapping, hanging indents, tables, colour. Everything given to it is
 * escaped. */
#ifndef REPORT_TEXT_PAGE_H
#define REPORT_TEXT_PAGE_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdio.h>

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_FAINT, STYLE_RED, STYLE_YELLOW, STYLE_GREEN };

struct page {
	FILE *out;
	struct arena *arena;
	unsigned columns;
	bool color;
};

/* Writes text in a style. */
void page_put(const struct page *page, enum style style, const char *text);

/* Writes `first` (indent, number or label), then the words of `text`, wrapped; further lines are indented to the
 * width of `first`, or to `hang` if that is not 0. A word wider than a line is broken, after a '/' or '.' if
 * possible. The text may be empty. Ends with a newline. */
void page_wrap(const struct page *page, const char *first, unsigned hang, enum style style, const char *text);

/* One line or more of a table. Cells may be NULL; each is wrapped to its column. */
enum { PAGE_CELLS = 4 };

struct page_column {
	unsigned start, width; /* columns of the page */
};

void page_row(const struct page *page, const char *first, const struct page_column columns[static PAGE_CELLS],
	      const char *const cells[static PAGE_CELLS], enum style style);

/* A heading at the left margin, after an empty line. */
void page_heading(const struct page *page, const char *text);

#endif
