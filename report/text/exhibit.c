/* exhibit.c: machine code, last words and stack words: what a reader can hold against the dump by hand. */
#include "report/content/exhibits.h"
#include "report/text/text.h"

#include <inttypes.h>

enum { BEFORE = 2, AFTER = 1 }; /* instructions shown around the stopped one */

static void instructions(const struct text *text, unsigned margin)
{
	struct code_lines lines;

	code_around(text->arena, text->diagnosis, BEFORE, AFTER, &lines);
	for (size_t i = 0; i < lines.items.count; i++) {
		const struct code_line *line = &lines.items.items[i];
		const char *first =
			arena_printf(text->arena, "%*s%s 0x%" PRIx64 "  ", (int)margin, "", line->stopped ? ">>" : "  ", line->pc);

		page_wrap(&text->page, first, 0, line->stopped ? STYLE_BOLD : STYLE_PLAIN,
			  arena_printf(text->arena, "%s%s%s", line->text, line->remark ? "    <- " : "", line->remark ? line->remark : ""));
	}
}

static void quoted(const struct text *text, unsigned margin, const char *line)
{
	for (; *line == '\t'; line++)
		margin += 4;
	page_wrap(&text->page, arena_printf(text->arena, "%*s", (int)margin, ""), margin + 2, STYLE_FAINT, line);
}

void text_exhibit(const struct text *text, enum exhibit exhibit, unsigned margin)
{
	struct quoted_lines lines = {0};

	if (exhibit == EXHIBIT_INSTRUCTIONS)
		instructions(text, margin);
	else if (exhibit == EXHIBIT_LAST_WORDS)
		last_words(text->arena, text->analysis, &lines);
	for (size_t i = 0; i < lines.items.count; i++)
		quoted(text, margin, lines.items.items[i]);
}

static void word_line(const struct text *text, const struct stack_word *word)
{
	const char *value = word->present ? arena_printf(text->arena, "0x%016" PRIx64, word->value) : "(not in the dump) ";

	page_wrap(&text->page, arena_printf(text->arena, "  0x%-14" PRIx64 "  %s%s", word->address, value, word->what ? "  " : ""),
		  0, STYLE_PLAIN, word->what ? word->what : "");
}

void text_torn_words(const struct text *text)
{
	struct stack_words words;

	stack_words(text->arena, text->diagnosis, &words);
	if (words.items.count)
		page_heading(&text->page, "The torn stack, word by word");
	for (size_t i = 0; i < words.items.count; i++) {
		if (words.items.items[i].skipped)
			fprintf(text->page.out, "  …  %s bytes\n", count_text(text->arena, words.items.items[i].skipped));
		word_line(text, &words.items.items[i]);
	}
}
