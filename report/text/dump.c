/* dump.c: what every report says of its dump: what it is, warnings, notes. */
#include "report/text/text.h"

#include "base/steps.h"
#include "report/content/build.h"
#include "report/content/crashes.h"
#include "report/content/summary.h"
#include "report/fingerprint/fingerprint.h"

static void warnings(const struct text *text)
{
	struct warning found[WARNINGS_MOST];
	const size_t count = dump_warnings(text->arena, text->analysis, found);

	for (size_t i = 0; i < count; i++)
		page_wrap(&text->page, "! ", 0, found[i].grave ? STYLE_RED : STYLE_YELLOW, found[i].text);
}

/* To find this crash again, and the program that ran. */
static void fingerprint_lines(const struct text *text)
{
	const char *build_id = text->analysis->runtime->build_id;
	const struct fingerprint fingerprint = fingerprint_of(text->diagnosis);

	page_wrap(&text->page, "", 2, STYLE_FAINT,
		  arena_printf(text->arena, "fingerprint %s, of this build %s; tornstack %s", fingerprint.across, fingerprint.exact,
			       text->options->version));
	if (build_id)
		page_wrap(&text->page, "", 2, STYLE_FAINT, arena_printf(text->arena, "build-id %s", build_id));
}

void text_dump(const struct text *text)
{
	warnings(text);
	page_wrap(&text->page, "", 2, STYLE_FAINT, dump_summary(text->arena, text->analysis));
	fingerprint_lines(text);
	if (text->options->crashes)
		page_wrap(&text->page, "", 2, STYLE_PLAIN, crash_sentence(text->arena, text->options->crashes, text->options->crash_report));
	if (text->options->history)
		page_wrap(&text->page, "", 2, STYLE_PLAIN, history_sentence(text->arena, text->options->history));
}

void text_build(const struct text *text)
{
	struct image *image = text->analysis->image;
	const char *system = machine_system(image), *processors = machine_processors(text->arena, image);
	struct build_lines build;

	if (!text->options->verbose)
		return;
	build_list(text->arena, text->analysis->runtime, text->options->unmasked, &build);
	if (system || processors || build.items.count)
		page_heading(&text->page, "Machine and build");
	if (system)
		page_wrap(&text->page, "  ", 4, STYLE_PLAIN, system);
	if (processors)
		page_wrap(&text->page, "  ", 4, STYLE_PLAIN, processors);
	for (size_t i = 0; i < build.items.count; i++)
		page_wrap(&text->page, "  ", 4, STYLE_PLAIN, build_line_text(text->arena, &build.items.items[i], "  "));
}

void text_list(const struct text *text, const char *heading, const char *const *items, size_t count)
{
	if (!count)
		return;
	page_heading(&text->page, heading);
	for (size_t i = 0; i < count; i++)
		page_wrap(&text->page, "  * ", 0, STYLE_PLAIN, items[i]);
}

void text_notes(const struct text *text)
{
	struct notes *notes = text->analysis->notes;

	steps_note(notes);
	if (notes)
		text_list(text, "Notes: what could not be seen", notes->items, notes->count);
}
