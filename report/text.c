/* text.c: the report of one screen. Line 1 answers; the rest proves, in the order in which somebody on call asks:
 * what happened, how do you know, where, is it known, what do I do now, what else is in there. */
#include "report/text.h"

#include "report/escape.h"
#include "report/place.h"

#include <inttypes.h>

enum { COLUMNS = 100, LEAST_COLUMNS = 72 };

const char *count_text(struct arena *arena, uint64_t count)
{
	char digits[32];
	char grouped[48];
	size_t length = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, count);
	size_t at = 0;

	for (size_t i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			grouped[at++] = ',';
		grouped[at++] = digits[i];
	}
	return arena_strndup(arena, grouped, at);
}

const char *duration_text(struct arena *arena, int64_t nanoseconds)
{
	static const struct {
		int64_t seconds;
		char unit;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}, {1, 's'}};
	int64_t seconds = nanoseconds / NANOTIME_SECOND;
	size_t i = 0;
	int64_t rest;

	while (units[i].seconds > seconds && units[i].seconds > 1)
		i++;
	rest = seconds % units[i].seconds / units[i + 1].seconds;
	if (!rest)
		return arena_printf(arena, "%" PRId64 "%c", seconds / units[i].seconds, units[i].unit);
	return arena_printf(arena, "%" PRId64 "%c%" PRId64 "%c", seconds / units[i].seconds, units[i].unit, rest,
			    units[i + 1].unit);
}

static const char *verdict_word(const struct text *text)
{
	static const char *const words[] = {
		[CERTAINTY_POSSIBLE] = "POSSIBLE", [CERTAINTY_LIKELY] = "LIKELY", [CERTAINTY_CERTAIN] = "CERTAIN"};

	if (text->finding)
		return words[text->finding->certainty];
	return text->diagnosis->verdict.kind == VERDICT_HEALTHY ? "HEALTHY" : "UNKNOWN";
}

static enum style verdict_style(const struct text *text)
{
	if (!text->finding)
		return text->diagnosis->verdict.kind == VERDICT_HEALTHY ? STYLE_GREEN : STYLE_YELLOW;
	return text->finding->certainty == CERTAINTY_POSSIBLE ? STYLE_YELLOW : STYLE_RED;
}

static void verdict_line(const struct text *text)
{
	const char *word = verdict_word(text);
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

static const char *identity_text(const struct go_runtime *runtime)
{
	switch (runtime->identity) {
	case IDENTITY_SAME:
		return "the same build";
	case IDENTITY_EQUIVALENT:
		return "equal wherever it can be compared";
	case IDENTITY_UNVERIFIED:
		return "not verified to be the same build";
	case IDENTITY_MISMATCH:
		return "ANOTHER BUILD";
	default:
		return "";
	}
}

/* Before anything else is read: what makes everything else doubtful. */
static void warnings(const struct text *text)
{
	const struct go_runtime *runtime = text->analysis->runtime;

	if (runtime->identity == IDENTITY_MISMATCH)
		page_wrap(&text->page, "! ", 0, STYLE_RED,
			  arena_printf(text->arena,
				       "The executable %s is NOT the one that was running: function names, lines and "
				       "frames below may be wrong. Give the right one with --exe.",
				       runtime->exe ? runtime->exe->name : "given"));
	if (runtime->exe_source == EXE_NONE)
		page_wrap(&text->page, "! ", 0, STYLE_YELLOW,
			  "The executable was not found: most stacks and checks need it. Give it with --exe.");
	if (text->analysis->image->truncated)
		page_wrap(&text->page, "! ", 0, STYLE_YELLOW, "The dump was cut short: part of the memory is missing.");
}

static const char *joined(const struct text *text, const char *list, const char *item)
{
	return *list ? arena_printf(text->arena, "%s, %s", list, item) : item;
}

/* One line that says which dump this is. */
static void dump_line(const struct text *text)
{
	const struct image *image = text->analysis->image;
	const struct go_runtime *runtime = text->analysis->runtime;
	const char *line = arena_printf(text->arena, "%s: %s/%s", image->name,
					image->os == OS_LINUX ? "linux" : "windows", image->arch->name);

	if (runtime->version.text)
		line = joined(text, line, runtime->version.text);
	if (runtime->main_module)
		line = joined(text, line, arena_printf(text->arena, "module %s", runtime->main_module));
	if (image->pid)
		line = joined(text, line, arena_printf(text->arena, "pid %" PRId64, image->pid));
	if (image->stop.known)
		line = joined(text, line,
			      arena_printf(text->arena, "stopped by %s%s", image->stop.name,
					   image->stop.thread ? arena_printf(text->arena, " on thread %" PRId64,
									     image->stop.thread)
							      : ""));
	else if (text->analysis->dying_thread >= 0)
		line = joined(text, line,
			      arena_printf(text->arena, "ended by the Go runtime on thread %" PRId64,
					   image->threads.items[text->analysis->dying_thread].id));
	else
		line = joined(text, line, "a snapshot of a live process");
	line = joined(text, line,
		      arena_printf(text->arena, "%s threads, %s goroutines",
				   count_text(text->arena, image->threads.count),
				   count_text(text->arena, runtime->goroutines.count)));
	if (runtime->exe)
		line = arena_printf(text->arena, "%s; executable %s: %s", line, runtime->exe->name,
				    identity_text(runtime));
	else if (runtime->exe_source == EXE_MEMORY)
		line = arena_printf(text->arena, "%s; code and tables from the dump's own memory", line);
	page_wrap(&text->page, "", 2, STYLE_FAINT, line);
}

void text_dump(const struct text *text)
{
	warnings(text);
	dump_line(text);
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

static void list(const struct text *text, const char *heading, const char *const *items, size_t count)
{
	if (!count)
		return;
	page_heading(&text->page, heading);
	for (size_t i = 0; i < count; i++)
		page_wrap(&text->page, "  * ", 0, STYLE_PLAIN, items[i]);
}

static void what_to_do(const struct text *text)
{
	const struct narrative *narrative = text->narrative;

	list(text, "Do now", narrative->actions.items, narrative->actions.count);
	list(text, "For good", narrative->remedies.items, narrative->remedies.count);
	list(text, "What would confirm it", narrative->confirmations.items, narrative->confirmations.count);
}

void text_notes(const struct text *text)
{
	const struct notes *notes = text->analysis->notes;

	if (notes)
		list(text, "Notes: what could not be seen", notes->items, notes->count);
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
	text_notes(text);
}

static void point(struct text *text)
{
	struct stack stack;
	size_t frame = place_stack(text->diagnosis, text->finding, &stack);

	if (text->finding->frame >= 0 && frame < stack.frames.count) {
		text->pointed_pc = stack.frames.items[frame].pc;
		text->pointed_sp = stack.frames.items[frame].sp;
	}
}

static struct text text_of(const struct diagnosis *diagnosis, const struct report_options *options,
			   const struct goroutine_filter *filter, FILE *out)
{
	unsigned columns = !options->columns                  ? COLUMNS
			   : options->columns < LEAST_COLUMNS ? LEAST_COLUMNS
							      : options->columns;
	struct text text = {
		.page = {.out = out, .arena = diagnosis->arena, .columns = columns, .color = options->color},
		.arena = diagnosis->arena,
		.diagnosis = diagnosis,
		.analysis = diagnosis->analysis,
		.options = options,
		.narrative = narrative_of(diagnosis),
		.selection = selection_make(diagnosis, filter),
	};

	if (diagnosis->verdict.kind == VERDICT_FOUND) {
		text.finding = &diagnosis->findings.items[diagnosis->verdict.finding];
		point(&text);
	}
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
