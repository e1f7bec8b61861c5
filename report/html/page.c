/* page.c: see page.h. */
#include "report/html/page.h"

#include "report/content/phrases.h"
#include "report/escape.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

static void put_escaped(FILE *out, const char *text, size_t length)
{
	static const char *const entities[128] = {['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"};

	for (size_t i = 0; i < length; i++) {
		const unsigned char c = (unsigned char)text[i];

		if (c < 128 && entities[c])
			fputs(entities[c], out);
		else
			fputc(c, out);
	}
}

void html_put(const struct document *html, const char *markup, ...)
{
	va_list args;

	va_start(args, markup);
	for (; *markup; markup++) {
		if (*markup == '%') {
			const char *text = escape_line(html->arena, va_arg(args, const char *));

			put_escaped(html->out, text, strlen(text));
		} else {
			fputc(*markup, html->out);
		}
	}
	va_end(args);
}

void html_lines(const struct document *html, const char *const *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fprintf(html->out, "%s\n", lines[i]);
}

void html_sentence(const struct document *html, const char *text)
{
	struct phrase phrase;
	bool first = true;

	text = escape_line(html->arena, text);
	for (; phrase_next(&text, &phrase); first = false) {
		if (!first)
			fputc(' ', html->out);
		put_escaped(html->out, phrase.before, phrase.before_size);
		if (phrase.code && phrase.word_size)
			fputs("<code>", html->out);
		put_escaped(html->out, phrase.word, phrase.word_size);
		if (phrase.code && phrase.word_size)
			fputs("</code>", html->out);
		put_escaped(html->out, phrase.after, phrase.after_size);
	}
}

void html_section(const struct document *html, const char *id, const char *title)
{
	html_put(html, "<section id=\"%\" aria-labelledby=\"%-title\">\n<h2 id=\"%-title\">%</h2>\n", id, id, id, title);
}

void html_section_end(const struct document *html)
{
	html_put(html, "</section>\n");
}

const char *html_number(const struct document *html, int64_t value)
{
	return arena_printf(html->arena, "%" PRId64, value);
}

const char *html_address(const struct document *html, uint64_t value)
{
	return hex_text(html->arena, value);
}

const char *html_cut(const struct document *html, const char *text, size_t characters)
{
	const char *escaped = escape_line(html->arena, text), *at = escaped;
	uint32_t c;

	for (size_t i = 0; *at && i < characters; i++)
		at += utf8_decode(at, &c);
	return *at ? arena_printf(html->arena, "%.*s…", (int)(at - escaped), escaped) : escaped;
}
