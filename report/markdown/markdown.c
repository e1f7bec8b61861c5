/* markdown.c: the report as an issue, ready to be pasted: what it is called, where it ran, what happened, and what proves it. It says
 * what the text report does, from the same words (report/content, report/narrative). */
#include "base/count.h"
#include "base/steps.h"
#include "report/content/build.h"
#include "report/content/crashes.h"
#include "report/content/document.h"
#include "report/content/evidence.h"
#include "report/content/exhibits.h"
#include "report/content/frames.h"
#include "report/content/goroutines.h"
#include "report/content/summary.h"
#include "report/fingerprint/fingerprint.h"
#include "report/markdown/prose.h"
#include "report/narrative/narrative.h"
#include "report/observations.h"
#include "report/report.h"
#include "report/target.h"

#include <inttypes.h>
#include <string.h>

enum { CODE_BEFORE = 4, CODE_AFTER = 2, ITEM_INDENT = 3, GROUPS_SHOWN = 12 };

struct lines {
	VEC(const char *) items;
};

static const char *sentence(const struct document *md, const char *text)
{
	return prose(md->arena, PROSE_LINE, text);
}

static void heading(const struct document *md, const char *text)
{
	fprintf(md->out, "\n### %s\n\n", text);
}

static void block(const struct document *md, unsigned indent, const char *language, const struct lines *lines)
{
	const struct fenced fenced = {md->out, md->arena, indent, language};

	fenced_block(&fenced, lines->items.items, lines->items.count);
}

static void list(const struct document *md, const char *title, const char *const *items, size_t count)
{
	if (count)
		heading(md, title);
	for (size_t i = 0; i < count; i++)
		fprintf(md->out, "- %s\n", sentence(md, items[i]));
}

/* ---- what it is ---- */

static void title(const struct document *md)
{
	struct warning warnings[WARNINGS_MOST];
	const size_t count = dump_warnings(md->arena, md->analysis, warnings);
	const struct fingerprint fingerprint = fingerprint_of(md->diagnosis);

	fprintf(md->out, "# %s\n\n**%s**%s%s\n\n", sentence(md, md->narrative->headline), verdict_word(md->diagnosis),
		md->finding ? ", rule " : "", md->finding ? code_span(md->arena, PROSE_LINE, md->finding->detector->id) : "");
	for (size_t i = 0; i < count; i++)
		fprintf(md->out, "> **Warning:** %s\n\n", sentence(md, warnings[i].text));
	fprintf(md->out, "%s\n\nFingerprint `%s`, of this build `%s`; tornstack %s\n", sentence(md, dump_summary(md->arena, md->analysis)),
		fingerprint.across, fingerprint.exact, md->options->version);
	if (md->options->crashes)
		fprintf(md->out, "\n%s\n", sentence(md, crash_sentence(md->arena, md->options->crashes, md->options->crash_report)));
	if (md->options->history)
		fprintf(md->out, "\n%s\n", sentence(md, history_sentence(md->arena, md->options->history)));
}

/* KEY='value', as `go env` prints it. */
static void add_variable(const struct document *md, struct lines *lines, const char *key, const char *value)
{
	if (value)
		vec_push(md->arena, &lines->items, arena_printf(md->arena, "%s='%s'", key, value));
}

/* What golang/go's form asks for first: `go version`, and of `go env` what the dump tells. */
static void environment(const struct document *md, const struct build_lines *build)
{
	const struct go_runtime *runtime = md->analysis->runtime;
	struct image *image = md->analysis->image;
	const char *os = target_os(image), *arch = target_arch(image), *system = machine_system(image);
	const char *cpus = machine_processors(md->arena, image);
	struct lines lines = {0};

	heading(md, "Go version and environment");
	vec_push(md->arena, &lines.items, arena_printf(md->arena, "go version %s %s/%s", runtime->version.text ? runtime->version.text : "unknown",
						       os ? os : "?", arch ? arch : "?"));
	add_variable(md, &lines, "GOOS", os);
	add_variable(md, &lines, "GOARCH", arch);
	for (size_t i = 0; i < build->items.count; i++) {
		const struct build_line *line = &build->items.items[i];

		if (!strcmp(line->kind, "build") && (!strncmp(line->fields[0], "CGO_", 4) || !strncmp(line->fields[0], "GO", 2)) &&
		    strcmp(line->fields[0], "GOOS") != 0 && strcmp(line->fields[0], "GOARCH") != 0)
			add_variable(md, &lines, line->fields[0], line->fields[1]);
	}
	if (system)
		vec_push(md->arena, &lines.items, arena_printf(md->arena, "system: %s", system));
	if (cpus)
		vec_push(md->arena, &lines.items, arena_printf(md->arena, "CPU: %s", cpus));
	block(md, 0, "", &lines);
}

/* ---- what happened ---- */

static void exhibit(const struct document *md, enum exhibit exhibit)
{
	struct quoted_lines words = {0};
	struct code_lines code = {0};
	struct lines lines = {0};

	if (exhibit == EXHIBIT_LAST_WORDS)
		last_words(md->arena, md->analysis, &words);
	if (exhibit == EXHIBIT_INSTRUCTIONS)
		code_around(md->arena, md->diagnosis, CODE_BEFORE, CODE_AFTER, &code);
	for (size_t i = 0; i < words.items.count; i++)
		vec_push(md->arena, &lines.items, words.items.items[i]);
	for (size_t i = 0; i < code.items.count; i++) {
		const struct code_line *line = &code.items.items[i];

		vec_push(md->arena, &lines.items,
			 arena_printf(md->arena, "%s 0x%" PRIx64 "  %s%s%s", line->stopped ? ">>" : "  ", line->pc, line->text,
				      line->remark ? "    <- " : "", line->remark ? line->remark : ""));
	}
	if (!lines.items.count)
		return;
	fputc('\n', md->out);
	block(md, ITEM_INDENT, "", &lines);
	fputc('\n', md->out);
}

static void what_happened(const struct document *md)
{
	const struct narrative *narrative = md->narrative;

	if (narrative->paragraphs.count)
		heading(md, "What happened");
	for (size_t i = 0; i < narrative->paragraphs.count; i++) {
		fprintf(md->out, "%zu. %s\n", i + 1, sentence(md, narrative->paragraphs.items[i].text));
		exhibit(md, narrative->paragraphs.items[i].exhibit);
	}
}

/* ---- why that is believed ---- */

static const char *cell(const struct document *md, const char *text, bool code)
{
	if (!text)
		return "";
	return code ? code_span(md->arena, PROSE_CELL, text) : prose(md->arena, PROSE_CELL, text);
}

static void evidence(const struct document *md)
{
	const struct verdict *verdict = &md->diagnosis->verdict;
	const struct finding *finding = md->finding;

	if (!finding)
		return;
	heading(md, "Evidence");
	fputs("| | what | observed | expected |\n|---|---|---|---|\n", md->out);
	for (int against = 0; against < 2; against++)
		for (size_t i = 0; i < finding->evidence.count; i++) {
			const struct evidence *piece = &finding->evidence.items[i];

			if (piece->against != (against != 0) || !evidence_shown(piece, md->options->verbose))
				continue;
			fprintf(md->out, "| %s | %s | %s | %s |\n", against ? "against" : "for",
				cell(md, evidence_line(md->arena, piece), false), cell(md, piece->observed, true),
				cell(md, piece->expected, true));
		}
	if (verdict->unexplained.count || finding->rivals.count)
		fputc('\n', md->out);
	for (size_t i = 0; i < verdict->unexplained.count; i++)
		fprintf(md->out, "- not explained by this: %s\n", sentence(md, verdict->unexplained.items[i]));
	for (size_t i = 0; i < finding->rivals.count; i++) {
		const struct rival *rival = &finding->rivals.items[i];

		fprintf(md->out, "- it might have been: %s%s%s%s%s\n", sentence(md, rival->cause), rival->speaks_for ? "; for it: " : "",
			rival->speaks_for ? sentence(md, rival->speaks_for) : "", rival->speaks_against ? "; against it: " : "",
			rival->speaks_against ? sentence(md, rival->speaks_against) : "");
	}
}

static void words(const struct document *md)
{
	struct stack_words words;
	struct lines lines = {0};

	stack_words(md->arena, md->diagnosis, &words);
	if (!words.items.count)
		return;
	heading(md, "The torn stack, word by word");
	for (size_t i = 0; i < words.items.count; i++) {
		const struct stack_word *word = &words.items.items[i];

		if (word->skipped)
			vec_push(md->arena, &lines.items, arena_printf(md->arena, "…  %s bytes", count_text(md->arena, word->skipped)));
		vec_push(md->arena, &lines.items,
			 arena_printf(md->arena, "0x%-14" PRIx64 "  %s%s%s", word->address,
				      word->present ? arena_printf(md->arena, "0x%016" PRIx64, word->value) : "(not in the dump) ",
				      word->what ? "  " : "", word->what ? word->what : ""));
	}
	block(md, 0, "", &lines);
}

/* ---- stacks ---- */

static void add_frame(const struct document *md, const struct listed_line *line, const struct pointed_frame *pointed, struct lines *lines)
{
	const bool marked = !line->line.inlined && frame_is_pointed(pointed, line->line.frame);

	vec_push(md->arena, &lines->items,
		 arena_printf(md->arena, "%s %-14s  %s%s%s%s%s%s", marked ? ">>" : "  ", line->pc, line->function, *line->place ? "  " : "",
			      line->place, *line->remark ? "  (" : "", line->remark, *line->remark ? ")" : ""));
}

static void print_stack(const struct document *md, const char *title_text, const struct stack *stack, const char *creator)
{
	const struct pointed_frame pointed = verdict_frame(md->diagnosis);
	struct stack_listing listing;
	struct lines lines = {0};

	stack_list(md->arena, md->diagnosis, stack, md->options->verbose, &listing);
	for (size_t i = 0; i < listing.lines.count; i++) {
		const struct listed_line *line = &listing.lines.items[i];

		if (line->seam)
			vec_push(md->arena, &lines.items, arena_printf(md->arena, "~~~~ %s ~~~~", seam_text(md->arena, &listing)));
		if (line->elision)
			vec_push(md->arena, &lines.items, line->elision);
		else
			add_frame(md, line, &pointed, &lines);
	}
	if (listing.end)
		vec_push(md->arena, &lines.items, arena_printf(md->arena, "(%s)", listing.end));
	if (creator)
		vec_push(md->arena, &lines.items, arena_printf(md->arena, "   created by %s", creator));
	heading(md, sentence(md, title_text));
	block(md, 0, "", &lines);
}

/* ---- the rest ---- */

static void known_bugs(const struct document *md)
{
	if (!md->finding || !md->finding->bugs.count)
		return;
	heading(md, md->finding->bugs.count > 1 ? "Known bugs" : "Known bug");
	for (size_t i = 0; i < md->finding->bugs.count; i++)
		fprintf(md->out, "- %s\n", sentence(md, bug_line(md->arena, md->diagnosis, &md->finding->bugs.items[i])));
}

static void other_findings(const struct document *md)
{
	const struct diagnosis *diagnosis = md->diagnosis;

	if (diagnosis->findings.count <= (md->finding != NULL))
		return;
	heading(md, "Other findings");
	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		const struct finding *finding = &diagnosis->findings.items[i];

		if (finding != md->finding)
			fprintf(md->out, "- %s `%s`: %s%s\n", certainty_name(finding->certainty), finding->detector->id,
				sentence(md, finding->title), sentence(md, finding_relation(md->arena, diagnosis, i)));
	}
}

static void build_information(const struct document *md, const struct build_lines *build)
{
	const struct go_runtime *runtime = md->analysis->runtime;
	struct lines lines = {0};

	if (!build->items.count)
		return;
	vec_push(md->arena, &lines.items, arena_printf(md->arena, "%s: %s", runtime->exe ? runtime->exe->name : "executable",
						       runtime->version.text ? runtime->version.text : "unknown"));
	for (size_t i = 0; i < build->items.count; i++)
		vec_push(md->arena, &lines.items, arena_printf(md->arena, "\t%s", build_line_text(md->arena, &build->items.items[i], "\t")));
	fputs("\n<details><summary>Build settings and module versions</summary>\n\n", md->out);
	block(md, 0, "", &lines);
	fputs("\n</details>\n", md->out);
}

static void group_row(const struct document *md, const struct selected_group *group, struct stack *stack)
{
	struct go_runtime *runtime = md->analysis->runtime;

	goroutine_stack(md->analysis, *group->members, stack);
	fprintf(md->out, "| %s | %s | %s | %s |\n", count_text(md->arena, group->count),
		cell(md, goroutine_state(md->arena, runtime, &runtime->goroutines.items[*group->members]), false),
		cell(md, group_place(md->arena, md->analysis, stack, false), true), cell(md, group_ids(md->arena, runtime, group), false));
}

static void groups(const struct document *md)
{
	struct go_runtime *runtime = md->analysis->runtime;
	const struct selection *selection = md->selection;
	struct stack stack = {0};
	size_t shown = 0, more = 0;

	if (!selection->group_count || md->options->goroutines == REPORT_GOROUTINES_FINDINGS)
		return;
	heading(md, arena_printf(md->arena, "Goroutines: %s, in %s of equal stacks", count_text(md->arena, runtime->goroutines.count),
				 counted_text(md->arena, selection->group_count, "group")));
	fputs("| count | state | where | ids |\n|---:|---|---|---|\n", md->out);
	for (size_t i = 0; i < selection->group_count; i++) {
		const struct selected_group *group = &selection->groups[i];

		if (shown < GROUPS_SHOWN && !goroutine_is_system(runtime, &runtime->goroutines.items[*group->members])) {
			group_row(md, group, &stack);
			shown++;
		} else {
			more += group->count;
		}
	}
	if (more)
		fprintf(md->out, "\nand %s more, in smaller groups or of the Go runtime itself.\n", count_text(md->arena, more));
}

static void beside(const struct document *md)
{
	const struct observations *observations = observations_of(md->diagnosis, md->selection);
	struct exposure_lines exposures;
	struct notes *notes = md->analysis->notes;

	if (observations->items.count)
		heading(md, "Observed besides (the verdict does not rest on it)");
	for (size_t i = 0; i < observations->items.count; i++)
		fprintf(md->out, "- %s\n", sentence(md, observations->items.items[i].text));
	exposure_list(md->arena, md->diagnosis, &exposures);
	list(md, EXPOSURES_HEADING, exposures.items.items, exposures.items.count);
	steps_note(notes);
	if (notes)
		list(md, "Notes: what could not be seen", notes->items, notes->count);
}

void report_markdown(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out)
{
	const struct document md = document_of(diagnosis, options, narrative_of(diagnosis), out);
	struct build_lines build;

	build_list(md.arena, md.analysis->runtime, options->unmasked, &build);
	title(&md);
	environment(&md, &build);
	what_happened(&md);
	evidence(&md);
	words(&md);
	document_stacks(&md, print_stack);
	known_bugs(&md);
	list(&md, "Do now", md.narrative->actions.items, md.narrative->actions.count);
	list(&md, "For good", md.narrative->remedies.items, md.narrative->remedies.count);
	list(&md, "What would confirm it", md.narrative->confirmations.items, md.narrative->confirmations.count);
	other_findings(&md);
	groups(&md);
	beside(&md);
	build_information(&md, &build);
}

/* ---- several crashes of one log ---- */

void report_markdown_between(struct arena *arena, const struct report_options *options, FILE *out)
{
	(void)arena; /* its title says what it is, and the paragraph below that, where */
	(void)options;
	fputs("\n---\n\n", out);
}

void report_markdown_end(struct arena *arena, const struct report_options *options, FILE *out)
{
	struct crash_lines lines;

	crash_unreported(arena, options->crashes, &lines);
	if (lines.items.count)
		fputs("\n---\n\n### Other crashes of this log\n\n", out);
	for (size_t i = 0; i < lines.items.count; i++)
		fprintf(out, "- %s\n", prose(arena, PROSE_LINE, lines.items.items[i]));
}
