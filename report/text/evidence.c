/* evidence.c: why the verdict is believed, what speaks against it, and what else was found. */
#include "report/content/evidence.h"
#include "report/escape.h"
#include "report/text/text.h"

enum { SIGN_COLUMN = 4, WORD_COLUMN = 20, GAP = 2, TEXT_LEAST = 34 };

static bool shown(const struct text *text, const struct evidence *evidence)
{
	return evidence_shown(evidence, text->options->verbose);
}

static const char *weighed_line(const struct text *text, const struct evidence *evidence)
{
	const char *line = evidence_line(text->arena, evidence);

	return text->options->verbose ? arena_printf(text->arena, "%s (%s)", line, weight_name(evidence->weight)) : line;
}

static bool fits_cell(const char *value)
{
	return !value || text_columns(value) <= WORD_COLUMN;
}

static void evidence_row(const struct text *text, const struct page_column columns[static PAGE_CELLS],
			 const struct evidence *evidence)
{
	const char *observed = evidence->observed;
	const char *expected = evidence->expected;
	bool inside = fits_cell(observed ? escape_line(text->arena, observed) : NULL);
	const char *cells[PAGE_CELLS] = {weighed_line(text, evidence), inside ? observed : NULL,
					 fits_cell(expected ? escape_line(text->arena, expected) : NULL) ? expected
													 : NULL};

	page_row(&text->page, evidence->against ? "  - " : "  + ", columns, cells,
		 evidence->against ? STYLE_YELLOW : STYLE_PLAIN);
	if (observed && !inside)
		page_wrap(&text->page, "      observed: ", 0, STYLE_PLAIN, observed);
	if (expected && expected != cells[2])
		page_wrap(&text->page, "      expected: ", 0, STYLE_PLAIN, expected);
}

static unsigned widest(const struct text *text, const struct finding *finding, bool observed)
{
	unsigned width = 8; /* of the heading */

	for (size_t i = 0; i < finding->evidence.count; i++) {
		const struct evidence *evidence = &finding->evidence.items[i];
		const char *value = observed ? evidence->observed : evidence->expected;
		unsigned columns =
			value && shown(text, evidence) ? text_columns(escape_line(text->arena, value)) : 0;

		if (columns <= WORD_COLUMN && columns > width)
			width = columns;
	}
	return width;
}

static void evidence_table(const struct text *text, const struct finding *finding, const char *heading)
{
	unsigned expected = widest(text, finding, false);
	unsigned observed = widest(text, finding, true);
	unsigned values = expected + observed + 2 * GAP;
	unsigned room = text->page.columns > values + SIGN_COLUMN + TEXT_LEAST
				? text->page.columns - values - SIGN_COLUMN
				: TEXT_LEAST;
	struct page_column columns[PAGE_CELLS] = {{SIGN_COLUMN, room}, {SIGN_COLUMN + room + GAP, observed}};
	const char *const headings[PAGE_CELLS] = {heading, "observed", "expected"};

	columns[2] = (struct page_column){columns[1].start + observed + GAP, expected};
	if (heading) {
		struct page_column titles[PAGE_CELLS] = {{0, room + SIGN_COLUMN}, columns[1], columns[2]};

		page_row(&text->page, "", titles, headings, STYLE_BOLD);
	}
	for (int against = 0; against < 2; against++)
		for (size_t i = 0; i < finding->evidence.count; i++)
			if (finding->evidence.items[i].against == (against != 0) &&
			    shown(text, &finding->evidence.items[i]))
				evidence_row(text, columns, &finding->evidence.items[i]);
}

/* What else it might have been: what speaks for each, and against. */
static void rivals(const struct text *text)
{
	const struct finding *finding = text->finding;

	if (!finding->rivals.count)
		return;
	page_heading(&text->page, "What else it might have been");
	for (size_t i = 0; i < finding->rivals.count; i++) {
		const struct rival *rival = &finding->rivals.items[i];

		fprintf(text->page.out, "  %s\n", rival->cause);
		if (rival->speaks_for)
			page_wrap(&text->page, "    + ", 0, STYLE_YELLOW, rival->speaks_for);
		if (rival->speaks_against)
			page_wrap(&text->page, "    - ", 0, STYLE_PLAIN, rival->speaks_against);
	}
}

void text_evidence(const struct text *text)
{
	const struct verdict *verdict = &text->diagnosis->verdict;

	if (!text->finding)
		return;
	fputc('\n', text->page.out);
	evidence_table(text, text->finding, "Evidence   + for   - against");
	for (size_t i = 0; i < verdict->unexplained.count; i++)
		page_wrap(&text->page, "  ? ", 0, STYLE_YELLOW,
			  arena_printf(text->arena, "not explained by this: %s", verdict->unexplained.items[i]));
	rivals(text);
}

void text_other_findings(const struct text *text)
{
	const struct diagnosis *diagnosis = text->diagnosis;
	bool any = false;

	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		const struct finding *finding = &diagnosis->findings.items[i];

		if (finding == text->finding)
			continue;
		if (!any)
			page_heading(&text->page, "Other findings");
		any = true;
		page_wrap(&text->page, arena_printf(text->arena, "  %-8s  ", certainty_name(finding->certainty)), 12,
			  STYLE_PLAIN,
			  arena_printf(text->arena, "%s: %s%s", finding->detector->id, finding->title,
				       finding_relation(text->arena, diagnosis, i)));
		if (text->options->verbose)
			evidence_table(text, finding, NULL);
	}
}

void text_known_bugs(const struct text *text)
{
	if (!text->finding || !text->finding->bugs.count)
		return;
	page_heading(&text->page, text->finding->bugs.count > 1 ? "Known bugs" : "Known bug");
	for (size_t i = 0; i < text->finding->bugs.count; i++)
		page_wrap(&text->page, "  ", 0, STYLE_PLAIN, bug_line(text->arena, text->diagnosis, &text->finding->bugs.items[i]));
}
