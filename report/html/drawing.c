/* drawing.c: the torn stack as SVG: its words, the frame as it is, and as the runtime computes it. Beside it, the memory around the word
 * that the verdict rests on. */
#include "report/html/page.h"

#include "base/count.h"
#include "report/content/exhibits.h"

#include <inttypes.h>
#include <string.h>

enum {
	WIDTH = 1120, ROW = 30, TOP = 44, BOX_X = 236, BOX_WIDTH = 210, BOX_HEIGHT = 22, ADDRESS_X = 76, WHAT_X = 464, WHAT_LONGEST = 110,
	TRUE_X = 22, FALSE_X = 46, BAR = 8, AROUND = 8, WORD = 8,
};

static const char *const part_classes[] = {[WORD_PLAIN] = "plain", [WORD_TRUE] = "true", [WORD_FALSE] = "false", [WORD_DAMAGED] = "damaged"};

static int64_t row_y(size_t row)
{
	return TOP + (int64_t)row * ROW;
}

/* The row of a word, which those that are skipped have one of their own before; SIZE_MAX: it is not shown. */
static size_t row_of(const struct stack_words *words, uint64_t address)
{
	size_t row = 0;

	for (size_t i = 0; i < words->items.count; i++) {
		row += words->items.items[i].skipped != 0;
		if (words->items.items[i].address == address)
			return row;
		row++;
	}
	return SIZE_MAX;
}

/* What a word is, and of the damaged one what it was. */
static const char *what_of(const struct document *html, const struct stack_word *word)
{
	if (word->part == WORD_DAMAGED && html->finding->has_repaired && word->address == html->finding->slot)
		return arena_printf(html->arena, "%s; it was 0x%016" PRIx64, word->what, html->finding->repaired);
	return word->what;
}

/* In two lines where it is two things. */
static void draw_what(const struct document *html, const struct stack_word *word, int64_t y)
{
	const char *what = what_of(html, word), *second = strstr(what, "; ");
	const char *first = second ? arena_strndup(html->arena, what, (size_t)(second - what)) : what;

	html_put(html, "<text class=\"what % %\" x=\"%\" y=\"%\">%</text>", part_classes[word->part], second ? "second" : "", html_number(html, WHAT_X),
		 html_number(html, second ? y + 9 : y + 15), html_cut(html, first, WHAT_LONGEST));
	if (second)
		html_put(html, "<text class=\"what % second\" x=\"%\" y=\"%\">%</text>", part_classes[word->part], html_number(html, WHAT_X),
			 html_number(html, y + 23), html_cut(html, second + 2, WHAT_LONGEST));
}

static void draw_word(const struct document *html, const struct stack_word *word, size_t row)
{
	const int64_t y = row_y(row);
	const char *value = word->present ? arena_printf(html->arena, "0x%016" PRIx64, word->value) : "not in the dump";

	html_put(html, "<text class=\"address\" x=\"%\" y=\"%\">%</text>", html_number(html, ADDRESS_X), html_number(html, y + 15),
		 html_address(html, word->address));
	html_put(html, "<rect class=\"word %\" x=\"%\" y=\"%\" width=\"%\" height=\"%\" rx=\"4\"/>", part_classes[word->part],
		 html_number(html, BOX_X), html_number(html, y), html_number(html, BOX_WIDTH), html_number(html, BOX_HEIGHT));
	html_put(html, "<text class=\"value\" x=\"%\" y=\"%\">%</text>", html_number(html, BOX_X + 10), html_number(html, y + 15), value);
	if (word->what)
		draw_what(html, word, y);
	html_put(html, "\n");
}

static void draw_gap(const struct document *html, uint64_t bytes, size_t row)
{
	html_put(html, "<text class=\"gap\" x=\"%\" y=\"%\">⋮ % bytes</text>\n", html_number(html, BOX_X + 10), html_number(html, row_y(row) + 15),
		 count_text(html->arena, bytes));
}

/* A frame as a bar beside the words from one to another. */
static void draw_bar(const struct document *html, const struct stack_words *words, const char *class, int64_t x, uint64_t from, uint64_t to)
{
	const size_t first = row_of(words, from), last = row_of(words, to);

	if (first == SIZE_MAX || last == SIZE_MAX || last < first)
		return;
	html_put(html, "<rect class=\"bar %\" x=\"%\" y=\"%\" width=\"%\" height=\"%\" rx=\"3\"/>\n", class, html_number(html, x),
		 html_number(html, row_y(first)), html_number(html, BAR), html_number(html, row_y(last) - row_y(first)));
}

static void draw_frames(const struct document *html, const struct stack_words *words)
{
	const struct tear *tear = html->finding->tear;
	size_t seam;

	if (!tear)
		return;
	draw_bar(html, words, "true", TRUE_X, html->finding->observed, tear->top);
	draw_bar(html, words, "false", FALSE_X, html->finding->observed, tear->top + (uint64_t)html->finding->sp_error);
	seam = row_of(words, tear->top);
	if (seam != SIZE_MAX)
		html_put(html, "<line class=\"seam\" x1=\"%\" y1=\"%\" x2=\"%\" y2=\"%\"/>\n", html_number(html, TRUE_X),
			 html_number(html, row_y(seam) - 4), html_number(html, WIDTH - 20), html_number(html, row_y(seam) - 4));
}

static void draw_legend(const struct document *html)
{
	const bool frames = html->finding->tear;
	const char *good = frames ? "the frame as its instructions left it" : "what fits", *bad = frames ? "as the runtime computes it" : "what was damaged";

	html_put(html, "<rect class=\"bar true\" x=\"22\" y=\"12\" width=\"10\" height=\"10\" rx=\"2\"/><text class=\"what true\" x=\"40\" y=\"21\">%</text>\n", good);
	html_put(html, "<rect class=\"bar %\" x=\"330\" y=\"12\" width=\"10\" height=\"10\" rx=\"2\"/><text class=\"what %\" x=\"348\" y=\"21\">%</text>\n",
		 frames ? "false" : "damaged", frames ? "false" : "damaged", bad);
	html_put(html, "<text class=\"gap\" x=\"640\" y=\"21\">addresses grow downwards</text>\n");
}

static void draw_words(const struct document *html, const struct stack_words *words)
{
	size_t row = 0;

	for (size_t i = 0; i < words->items.count; i++) {
		const struct stack_word *word = &words->items.items[i];

		if (word->skipped)
			draw_gap(html, word->skipped, row++);
		draw_word(html, word, row++);
	}
}

static size_t rows_of(const struct stack_words *words)
{
	size_t rows = words->items.count;

	for (size_t i = 0; i < words->items.count; i++)
		rows += words->items.items[i].skipped != 0;
	return rows;
}

void html_torn_stack(const struct document *html)
{
	struct stack_words words;

	stack_words(html->arena, html->diagnosis, &words);
	if (!words.items.count)
		return;
	html_section(html, "torn", html->finding->tear ? "The torn stack" : "The damaged word");
	html_put(html, "<figure class=\"scroll\" tabindex=\"0\" aria-label=\"The stack, word by word\">\n<svg class=\"stack\" viewBox=\"0 0 % %\" "
		       "role=\"img\" aria-label=\"The words of the stack, what the runtime took them for, and what they are\">\n",
		 html_number(html, WIDTH), html_number(html, row_y(rows_of(&words)) + 8));
	draw_legend(html);
	draw_frames(html, &words);
	draw_words(html, &words);
	html_put(html, "</svg>\n</figure>\n");
	html_section_end(html);
}

/* ---- memory ---- */

/* The word that the verdict rests on; 0: none. */
static uint64_t cited_word(const struct finding *finding)
{
	if (finding->damage && finding->damage->slot)
		return finding->damage->slot;
	if (finding->tear)
		return finding->tear->false_known ? finding->tear->false_slot : finding->tear->pc_address;
	if (finding->has_slot)
		return finding->slot;
	for (size_t i = 0; i < finding->evidence.count; i++)
		if (finding->evidence.items[i].kind == EVIDENCE_MEMORY && finding->evidence.items[i].address)
			return finding->evidence.items[i].address;
	return 0;
}

static bool is_cited(const struct finding *finding, uint64_t address)
{
	for (size_t i = 0; i < finding->evidence.count; i++)
		if (finding->evidence.items[i].address == address)
			return true;
	return address == cited_word(finding);
}

/* What a word points to; NULL: it is no address, and may be anything that the program kept. */
static const char *meaning(const struct document *html, uint64_t value)
{
	const struct pc_info *info = go_pc(html->analysis->runtime, value, true);

	if (!value)
		return "zero";
	if (info->func)
		return arena_printf(html->arena, "%s+0x%" PRIx64, html_cut(html, go_func_name(info), WHAT_LONGEST), value - info->func->entry);
	return image_segment(html->analysis->image, value) ? "address" : NULL;
}

static void memory_row(const struct document *html, uint64_t address)
{
	const bool cited = is_cited(html->finding, address);
	const char *what;
	uint64_t value;

	if (!image_u64(html->analysis->image, address, &value)) {
		html_put(html, "<tr><th scope=\"row\">%</th><td>not in the dump</td><td></td></tr>\n", html_address(html, address));
		return;
	}
	what = meaning(html, value);
	html_put(html, cited ? "<tr class=\"cited\"><th scope=\"row\">%</th>" : "<tr><th scope=\"row\">%</th>", html_address(html, address));
	if (!what && !cited && !html->options->unmasked) {
		html_put(html, "<td class=\"hex\">·· ·· ·· ·· ·· ·· ·· ··</td><td class=\"quiet\">data, masked</td></tr>\n");
		return;
	}
	html_put(html, "<td class=\"hex\">");
	for (int i = 0; i < WORD; i++)
		html_put(html, i ? " %" : "%", arena_printf(html->arena, "%02x", (unsigned)(value >> 8 * i & 0xff)));
	html_put(html, "</td><td>%</td></tr>\n", what ? what : "data");
}

void html_memory(const struct document *html)
{
	const uint64_t word = html->finding ? cited_word(html->finding) & ~(uint64_t)(WORD - 1) : 0;

	if (word < AROUND * WORD || word > UINT64_MAX - AROUND * WORD || !image_holds(html->analysis->image, word, WORD))
		return;
	html_section(html, "memory", "Memory around it");
	html_put(html, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Memory\">\n<table class=\"memory\"><caption>Bytes as they lie in memory. Words that the "
		       "evidence cites are marked; of others only addresses are shown.</caption>\n<thead><tr><th scope=\"col\">address</th><th scope=\"col\">bytes"
		       "</th><th scope=\"col\">points to</th></tr></thead>\n<tbody>\n");
	for (int64_t i = -AROUND; i <= AROUND; i++)
		memory_row(html, word + (uint64_t)(i * WORD));
	html_put(html, "</tbody></table></div>\n");
	html_section_end(html);
}
