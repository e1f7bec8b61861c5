/* page.h: HTML on a stream. What comes from a dump is hostile: whatever is put into a page is escaped, there is no other way. */
#ifndef REPORT_HTML_PAGE_H
#define REPORT_HTML_PAGE_H

#include "report/content/document.h"
#include "report/narrative/narrative.h"

/* Writes markup of our own, in which each "%" stands for the next argument, a text (const char *), which is escaped: for attributes in
 * double quotes, too. */
void html_put(const struct document *html, const char *markup, ...);

/* A sentence, with names and numbers as machines write them as code. */
void html_sentence(const struct document *html, const char *text);

/* Lines of our own, as they are. */
void html_lines(const struct document *html, const char *const *lines, size_t count);

/* head.c: from the first byte to "</head>". */
void html_head(const struct document *html, const char *title);

/* "<section id=…><h2>": a heading; and its end. */
void html_section(const struct document *html, const char *id, const char *title);
void html_section_end(const struct document *html);

/* A number as text. */
const char *html_number(const struct document *html, int64_t value);
const char *html_address(const struct document *html, uint64_t value);

/* The first so many characters of a text, with "…" where it is longer. */
const char *html_cut(const struct document *html, const char *text, size_t characters);

/* drawing.c: the torn stack, drawn, and the memory around the word. */
void html_torn_stack(const struct document *html);
void html_memory(const struct document *html);

/* code.c: the machine code around the stop, with where SP is. */
void html_code(const struct document *html);

/* timeline.c: from the cause to the end. */
void html_timeline(const struct document *html);

/* waits.c: who waits for whom. */
void html_waits(const struct document *html);

/* flame.c: goroutines by stacks. */
void html_flame(const struct document *html);

/* stacks.c: the stacks that the verdict is about, and groups of equal ones. */
void html_stacks(const struct document *html);
void html_groups(const struct document *html);

#endif
