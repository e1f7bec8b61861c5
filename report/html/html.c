/* html.c: the report as one page that needs nothing else: no network, no script. It says what the text report does, from the same words
 * (report/content, report/narrative), and draws what text cannot. */
#include "report/html/page.h"

#include "base/steps.h"
#include "report/content/build.h"
#include "report/content/checks.h"
#include "report/content/evidence.h"
#include "report/content/exhibits.h"
#include "report/content/frames.h"
#include "report/content/summary.h"
#include "report/fingerprint/fingerprint.h"
#include "report/observations.h"

#include <inttypes.h>
#include <string.h>

static const char *const script[] = {
#include "report/html/report.js.inc"
};

/* ---- the answer ---- */

static void answer(const struct document *html)
{
	static const char *const tones[] = {[TONE_GOOD] = "good", [TONE_DOUBT] = "doubt", [TONE_BAD] = "bad"};
	const struct fingerprint fingerprint = fingerprint_of(html->diagnosis);
	struct warning warnings[WARNINGS_MOST];
	const size_t count = dump_warnings(html->arena, html->analysis, warnings);

	html_put(html, "<header class=\"%\">\n<p class=\"verdict\"><span class=\"word\">%</span>", tones[verdict_tone(html->diagnosis)], verdict_word(html->diagnosis));
	if (html->finding)
		html_put(html, " <span class=\"rule\">%</span>", html->finding->detector->id);
	html_put(html, "</p>\n<h1>");
	html_sentence(html, html->narrative->headline);
	html_put(html, "</h1>\n");
	for (size_t i = 0; i < count; i++)
		html_put(html, warnings[i].grave ? "<p class=\"warning grave\">%</p>\n" : "<p class=\"warning\">%</p>\n", warnings[i].text);
	html_put(html, "<p class=\"dump\">");
	html_sentence(html, dump_summary(html->arena, html->analysis));
	html_put(html, "</p>\n<p class=\"keys\"><span class=\"pair\"><span class=\"quiet\">fingerprint</span> <code class=\"copy\">%</code></span><span class=\"pair\"><span class=\"quiet\">of this build</span> <code class=\"copy\">%</code></span>",
		 fingerprint.across, fingerprint.exact);
	if (html->analysis->runtime->build_id)
		html_put(html, "<span class=\"pair\"><span class=\"quiet\">build-id</span> <code class=\"copy\">%</code></span>", html->analysis->runtime->build_id);
	html_put(html, "<span class=\"pair\"><span class=\"quiet\">tornstack</span> %</span></p>\n", html->options->version);
	if (html->options->history)
		html_put(html, "<p class=\"dump history\">%</p>\n", history_sentence(html->arena, html->options->history));
	html_put(html, "</header>\n");
}

/* ---- what happened ---- */

static void exhibit(const struct document *html, enum exhibit exhibit)
{
	struct quoted_lines words = {0};

	if (exhibit == EXHIBIT_LAST_WORDS)
		last_words(html->arena, html->analysis, &words);
	if (!words.items.count)
		return;
	html_put(html, "<pre class=\"words\">");
	for (size_t i = 0; i < words.items.count; i++) {
		const size_t tabs = strspn(words.items.items[i], "\t");

		html_put(html, tabs ? "    %\n" : "%\n", words.items.items[i] + tabs);
	}
	html_put(html, "</pre>\n");
}

static void what_happened(const struct document *html)
{
	const struct narrative *narrative = html->narrative;

	if (!narrative->paragraphs.count)
		return;
	html_section(html, "happened", "What happened");
	html_put(html, "<ol class=\"story\">\n");
	for (size_t i = 0; i < narrative->paragraphs.count; i++) {
		html_put(html, "<li><p>");
		html_sentence(html, narrative->paragraphs.items[i].text);
		html_put(html, "</p>\n");
		exhibit(html, narrative->paragraphs.items[i].exhibit);
		html_put(html, "</li>\n");
	}
	html_put(html, "</ol>\n");
	html_section_end(html);
}

/* ---- why that is believed ---- */

static void evidence_item(const struct document *html, const struct evidence *piece)
{
	const struct check check = evidence_check(html->arena, html->finding, piece);

	html_put(html, piece->against ? "<li class=\"against\"><p><span class=\"sign\">against</span> " : "<li class=\"for\"><p><span class=\"sign\">for</span> ");
	html_sentence(html, evidence_line(html->arena, piece));
	html_put(html, " <span class=\"quiet\">%</span></p>\n", weight_name(piece->weight));
	if (piece->observed || piece->expected || check.gdb)
		html_put(html, "<p class=\"values\">");
	if (piece->observed)
		html_put(html, "<span class=\"pair\"><span class=\"quiet\">observed</span> <code>%</code></span>", piece->observed);
	if (piece->expected)
		html_put(html, "<span class=\"pair\"><span class=\"quiet\">expected</span> <code>%</code></span>", piece->expected);
	if (check.gdb)
		html_put(html, "<span class=\"pair\"><span class=\"quiet\">gdb</span> <code class=\"copy\">%</code></span><span class=\"pair\"><span class=\"quiet\">Delve</span> <code class=\"copy\">%</code></span>", check.gdb, check.delve);
	if (piece->observed || piece->expected || check.gdb)
		html_put(html, "</p>");
	html_put(html, "</li>\n");
}

static void rivals(const struct document *html)
{
	const struct finding *finding = html->finding;

	for (size_t i = 0; i < finding->rivals.count; i++) {
		const struct rival *rival = &finding->rivals.items[i];

		html_put(html, i ? "<dt>%</dt>" : "<h3>What else it might have been</h3>\n<dl class=\"rivals\">\n<dt>%</dt>", rival->cause);
		if (rival->speaks_for)
			html_put(html, "<dd>for it: %</dd>", rival->speaks_for);
		if (rival->speaks_against)
			html_put(html, "<dd>against it: %</dd>", rival->speaks_against);
		html_put(html, i + 1 == finding->rivals.count ? "</dl>\n" : "\n");
	}
}

static void evidence(const struct document *html)
{
	const struct verdict *verdict = &html->diagnosis->verdict;

	if (!html->finding)
		return;
	html_section(html, "evidence", "Evidence");
	html_put(html, "<p class=\"quiet\">To read it again: <code class=\"copy\">gdb EXECUTABLE DUMP</code> or <code class=\"copy\">dlv core EXECUTABLE DUMP</code>, and "
		       "the commands below.</p>\n<ul class=\"evidence\">\n");
	for (int against = 0; against < 2; against++)
		for (size_t i = 0; i < html->finding->evidence.count; i++)
			if (html->finding->evidence.items[i].against == (against != 0) &&
			    evidence_shown(&html->finding->evidence.items[i], html->options->verbose))
				evidence_item(html, &html->finding->evidence.items[i]);
	for (size_t i = 0; i < verdict->unexplained.count; i++)
		html_put(html, "<li class=\"against\"><p><span class=\"sign\">open</span> not explained by this: %</p></li>\n", verdict->unexplained.items[i]);
	html_put(html, "</ul>\n");
	rivals(html);
	html_section_end(html);
}

/* ---- what to do, and the rest ---- */

static void items(const struct document *html, const char *id, const char *title, const char *const *texts, size_t count)
{
	if (!count)
		return;
	html_section(html, id, title);
	html_put(html, "<ul>\n");
	for (size_t i = 0; i < count; i++) {
		html_put(html, "<li>");
		html_sentence(html, texts[i]);
		html_put(html, "</li>\n");
	}
	html_put(html, "</ul>\n");
	html_section_end(html);
}

static void known_bugs(const struct document *html)
{
	VEC(const char *) lines = {0};

	for (size_t i = 0; html->finding && i < html->finding->bugs.count; i++)
		vec_push(html->arena, &lines, bug_line(html->arena, html->diagnosis, &html->finding->bugs.items[i]));
	items(html, "bugs", lines.count > 1 ? "Known bugs" : "Known bug", lines.items, lines.count);
}

static void other_findings(const struct document *html)
{
	const struct diagnosis *diagnosis = html->diagnosis;
	VEC(const char *) lines = {0};

	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		const struct finding *finding = &diagnosis->findings.items[i];

		if (finding != html->finding)
			vec_push(html->arena, &lines, arena_printf(html->arena, "%s, %s: %s%s", finding->detector->id, certainty_name(finding->certainty),
								    finding->title, finding_relation(html->arena, diagnosis, i)));
	}
	items(html, "others", "Other findings", lines.items, lines.count);
}

static void beside(const struct document *html)
{
	const struct observations *observations = observations_of(html->diagnosis, html->selection);
	struct exposure_lines exposures;
	struct notes *notes = html->analysis->notes;
	VEC(const char *) lines = {0};

	for (size_t i = 0; i < observations->items.count; i++)
		vec_push(html->arena, &lines, observations->items.items[i].text);
	items(html, "observed", "Observed besides (the verdict does not rest on it)", lines.items, lines.count);
	exposure_list(html->arena, html->diagnosis, &exposures);
	items(html, "exposed", EXPOSURES_HEADING, exposures.items.items, exposures.items.count);
	steps_note(notes);
	if (notes)
		items(html, "notes", "Notes: what could not be seen", notes->items, notes->count);
}

static void build(const struct document *html)
{
	struct image *image = html->analysis->image;
	const char *system = machine_system(image), *cpus = machine_processors(html->arena, image);
	struct build_lines lines;

	build_list(html->arena, html->analysis->runtime, html->options->unmasked, &lines);
	if (!system && !cpus && !lines.items.count)
		return;
	html_section(html, "build", "Machine and build");
	if (system || cpus)
		html_put(html, "<p>%% %</p>\n", system ? system : "", system && cpus ? "," : "", cpus ? cpus : "");
	if (lines.items.count) {
		html_put(html, "<pre class=\"build\">");
		for (size_t i = 0; i < lines.items.count; i++)
			html_put(html, "%\n", build_line_text(html->arena, &lines.items.items[i], "  "));
		html_put(html, "</pre>\n");
	}
	html_section_end(html);
}

static void body(const struct document *html)
{
	const struct narrative *narrative = html->narrative;

	html_put(html, "<body>\n<a class=\"skip\" href=\"#main\">Skip to the report</a>\n");
	answer(html);
	html_put(html, "<main id=\"main\" tabindex=\"-1\">\n");
	what_happened(html);
	items(html, "now", "Do now", narrative->actions.items, narrative->actions.count);
	html_timeline(html);
	html_torn_stack(html);
	html_code(html);
	html_stacks(html);
	html_waits(html);
	evidence(html);
	html_memory(html);
	known_bugs(html);
	items(html, "good", "For good", narrative->remedies.items, narrative->remedies.count);
	items(html, "confirm", "What would confirm it", narrative->confirmations.items, narrative->confirmations.count);
	other_findings(html);
	html_flame(html);
	html_groups(html);
	beside(html);
	build(html);
	html_put(html, "</main>\n<script>");
	html_lines(html, script, sizeof script / sizeof *script);
	html_put(html, "</script>\n</body>\n</html>\n");
}

void report_html(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out)
{
	const struct document html = document_of(diagnosis, options, narrative_of(diagnosis), out);

	html_head(&html, arena_printf(html.arena, "%s: %s", verdict_word(html.diagnosis), html.narrative->headline));
	body(&html);
}
