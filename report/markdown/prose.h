/* prose.h: text of a dump in Markdown (GitHub Flavored Markdown, which is CommonMark with tables and links of its own). It is hostile:
 * nothing in it may become markup, HTML, a link, a mention of a person or a reference to an issue. */
#ifndef REPORT_MARKDOWN_PROSE_H
#define REPORT_MARKDOWN_PROSE_H

#include "base/arena.h"

#include <stdio.h>

/* Whether text stands in a cell of a table, where a "|" ends it, also in code. */
enum prose_place { PROSE_LINE, PROSE_CELL };

/* A sentence. Words of a language stay as they are; every other word, such as a name of a function, a path or a number, becomes a code
 * span, in which nothing is markup. Very long words are cut. */
const char *prose(struct arena *arena, enum prose_place place, const char *text);

/* All of a text as one code span; "" for an empty one. */
const char *code_span(struct arena *arena, enum prose_place place, const char *text);

/* Lines as a fenced block of code, `indent` blanks to the right. The fence is longer than any that the lines hold. */
struct fenced {
	FILE *out;
	struct arena *arena;
	unsigned indent;
	const char *language; /* one word of our own; "" */
};
void fenced_block(const struct fenced *fenced, const char *const *lines, size_t count);

#endif
