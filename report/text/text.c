/* text.c: the report of one screen. Line 1 answers; the rest proves, in the order in which somebody on call asks:
 * what happened, how do you know, where, is it known, what do I do now, what else is in there. */
#include "report/text/text.h"

#include "report/content/crashes.h"
#include "report/content/summary.h"
#include "report/escape.h"

#include <inttypes.h>

enum { COLUMNS = 100, LEAST_COLUMNS = 72 };

static enum style verdict_style(const struct text *text)
{
	static const enum style styles[] = {[TONE_GOOD] = STYLE_GREEN, [TONE_DOUBT] = STYLE_YELLOW, [TONE_BAD] = STYLE_RED};

	return styles[verdict_tone(text->diagnosis)];
}

static void verdict_line(const struct text *text)
{
	const char *word = verdict_word(text->diagnosis);
	struct page page = text->page;

	/* Quiet output is for grep and tables: one line, however long. */
	if (text->options->quiet)
		page.columns = 1u << 20;
	page_put(&page, verdict_style(text), word);
	/* The word is written already: page_wrap is to count its columns, not to print them again. */
	page.columns -= text_columns(word);
	page_wrap(&page, "  ", 2, STYLE_BOLD,
		  text->finding
			  ? arena_printf(text->arena, "%s: %s", text->finding->detector->id, text->narrative->headline)
			  : text->narrative->headline);
}

static void what_happened(const struct text *text)
{
	const struct narrative *narrative = text->narrative;

	if (!narrative->paragraphs.count)
		return;
	page_heading(&text->page, "What happened");
	for (size_t i = 0; i < narrative->paragraphs.count; i++) {
		page_wrap(&text->page, arena_printf(text->arena, "  %zu. ", i + 1), 0, STYLE_PLAIN,
			  narrative->paragraphs.items[i].text);
		text_exhibit(text, narrative->paragraphs.items[i].exhibit, 8);
	}
}

static void what_to_do(const struct text *text)
{
	const struct narrative *narrative = text->narrative;

	text_list(text, "Do now", narrative->actions.items, narrative->actions.count);
	text_list(text, "For good", narrative->remedies.items, narrative->remedies.count);
	text_list(text, "What would confirm it", narrative->confirmations.items, narrative->confirmations.count);
}

static void body(const struct text *text)
{
	text_dump(text);
	what_happened(text);
	text_evidence(text);
	text_torn_words(text);
	text_stacks(text);
	text_known_bugs(text);
	what_to_do(text);
	text_other_findings(text);
	text_goroutines(text);
	text_observations(text);
	text_exposures(text);
	text_threads(text);
	text_build(text);
	text_notes(text);
}

static struct page page_of(struct arena *arena, const struct report_options *options, FILE *out)
{
	const unsigned columns = !options->columns		   ? COLUMNS
				 : options->columns < LEAST_COLUMNS ? LEAST_COLUMNS
								    : options->columns;

	return (struct page){.out = out, .arena = arena, .columns = columns, .color = options->color};
}

static struct text text_of(const struct diagnosis *diagnosis, const struct report_options *options,
			   const struct goroutine_filter *filter, FILE *out)
{
	struct text text = {
		.page = page_of(diagnosis->arena, options, out),
		.arena = diagnosis->arena,
		.diagnosis = diagnosis,
		.analysis = diagnosis->analysis,
		.options = options,
		.narrative = narrative_of(diagnosis),
		.selection = selection_make(diagnosis, filter),
		.finding = verdict_finding(diagnosis),
		.pointed = verdict_frame(diagnosis),
	};

	return text;
}

void report_text(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out)
{
	struct text text = text_of(diagnosis, options, NULL, out);

	verdict_line(&text);
	if (!options->quiet)
		body(&text);
}

void report_goroutines(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out)
{
	struct text text = text_of(diagnosis, options, options->filter, out);

	text_selection(&text);
}

/* ---- several crashes of one log ---- */

void report_text_between(struct arena *arena, const struct report_options *options, FILE *out)
{
	const struct page page = page_of(arena, options, out);

	fputc('\n', out);
	page_put(&page, STYLE_BOLD, arena_printf(arena, "======== %s ========", crash_heading(arena, options->crashes, options->crash_report)));
	fputs("\n\n", out);
}

void report_text_end(struct arena *arena, const struct report_options *options, FILE *out)
{
	const struct page page = page_of(arena, options, out);
	struct crash_lines lines;

	crash_unreported(arena, options->crashes, &lines);
	if (lines.items.count)
		page_heading(&page, "Other crashes of this log");
	for (size_t i = 0; i < lines.items.count; i++)
		page_wrap(&page, "  * ", 0, STYLE_PLAIN, lines.items.items[i]);
}
