/* scan.c: the scan for people: what does damage first, by package and function, with what to do; the rest in
 * a line each, unless more is asked for. */
#include "report/escape.h"
#include "report/text/page.h"
#include "report/scan_report.h"
#include "report/quantity.h"

#include <inttypes.h>
#include <string.h>

enum { COLUMNS = 100, FIXES_SHOWN = 8, PLACES_SHOWN = 8 };

struct sheet {
	struct page page;
	struct arena *arena;
	const struct scan_report_options *options;
	const struct scanned *binary;
};

static const char *safe(const struct sheet *sheet, const char *text)
{
	return escape_line(sheet->arena, text);
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* ---- one function ---- */

/* "f.go:12, frame 70,000 bytes, leaf" */
static const char *traits(const struct sheet *sheet, const struct scan_finding *finding)
{
	const char *file = finding->file ? strrchr(finding->file, '/') : NULL;
	const char *text = "";

	if (finding->file)
		text = arena_printf(sheet->arena, "%s:%d", safe(sheet, file ? file + 1 : finding->file), finding->line);
	if (finding->is_place)
		text = arena_printf(sheet->arena, "%s%sframe %s bytes%s", text, *text ? ", " : "",
				    count_text(sheet->arena, (uint64_t)finding->frame), finding->leaf ? ", leaf" : "");
	return text;
}

static bool same_function(const struct scan_finding *a, const struct scan_finding *b)
{
	return a->rule == b->rule && a->level == b->level && a->function && b->function &&
	       !strcmp(a->function, b->function) && a->frame == b->frame;
}

static bool same_kind(const struct scan_finding *a, const struct scan_finding *b)
{
	return same_function(a, b) && a->error == b->error && a->where && b->where && !strcmp(a->where, b->where);
}

/* "epilogue, off by 160: 0x85acb8, 0x85accc", of findings that stand together; *count: how many. */
static const char *places_text(const struct sheet *sheet, const struct scan_finding *first,
			       const struct scan_finding *end, size_t *count)
{
	const size_t shown = sheet->options->verbose ? SIZE_MAX : PLACES_SHOWN;
	const char *text;
	size_t n;

	*count = 1;
	if (first->api)
		return arena_printf(sheet->arena,
				    "%s's %s, %" PRId64 " bytes below execIO's SP; call before 0x%" PRIx64, first->api,
				    first->parameter, first->below, first->pc);
	if (first->stored)
		return arena_printf(sheet->arena, "a store at SP+0x%" PRIx64 ", over %s return address at SP+0x%" PRIx64
				    ": 0x%" PRIx64, (uint64_t)first->offset, first->callers ? "its caller's" : "its own",
				    (uint64_t)first->return_offset, first->pc);
	text = arena_printf(sheet->arena, "%s, off by %" PRId64 ": 0x%" PRIx64, first->where, first->error, first->pc);
	for (n = 1; first + n < end && same_kind(first, first + n); n++)
		if (n < shown)
			text = arena_printf(sheet->arena, "%s, 0x%" PRIx64, text, first[n].pc);
	*count = n;
	return n > shown ? arena_printf(sheet->arena, "%s and %zu more", text, n - shown) : text;
}

/* A function's name without its package, which stands above it. */
static const char *short_name(const struct sheet *sheet, const struct scan_finding *finding)
{
	const char *slash = strrchr(finding->function, '/');
	size_t length = strcspn(finding->function, "[(");
	const char *dot =
		strchr(slash && (size_t)(slash - finding->function) < length ? slash : finding->function, '.');

	return safe(sheet, finding->package && *finding->package && dot ? dot + 1 : finding->function);
}

/* The findings of one function, which stand together; returns how many. */
static size_t function_row(const struct sheet *sheet, const struct scan_finding *first, const struct scan_finding *end)
{
	const char *about = traits(sheet, first);
	const char *text = arena_printf(sheet->arena, "%s%s%s%s", short_name(sheet, first), *about ? "  (" : "", about,
					*about ? ")" : "");
	size_t count = 0, part;

	for (; first + count < end && (!count || same_function(first, first + count)); count += part)
		text = arena_printf(sheet->arena, "%s%s%s", text, count ? "; " : "  ",
				    places_text(sheet, first + count, end, &part));
	page_wrap(&sheet->page, "      ", 10, STYLE_PLAIN, text);
	return count;
}

/* ---- one rule ---- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static void package_heading(const struct sheet *sheet, const struct scan_finding *finding)
{
	const char *package = finding->package && *finding->package ? finding->package : NULL;

	if (package)
		page_wrap(&sheet->page, "    ", 6, STYLE_BOLD,
			  finding->module ? arena_printf(sheet->arena, "%s  (module %s)", safe(sheet, package),
							 safe(sheet, finding->module))
					  : safe(sheet, package));
}

/* Each different advice once. */
static void fixes(const struct sheet *sheet, const struct scan_rule *rule, enum scan_level level)
{
	const char *said[FIXES_SHOWN];
	size_t count = 0;

	for (size_t i = 0; i < sheet->binary->findings.count && count < FIXES_SHOWN; i++) {
		const struct scan_finding *finding = &sheet->binary->findings.items[i];
		size_t at = 0;

		if (finding->rule != rule || finding->level != level || !finding->fix)
			continue;
		while (at < count && strcmp(said[at], finding->fix))
			at++;
		if (at < count)
			continue;
		said[count++] = finding->fix;
		page_wrap(&sheet->page, "    Fix: ", 0, STYLE_PLAIN, safe(sheet, finding->fix));
	}
}

static size_t count_of(const struct scanned *binary, const struct scan_rule *rule, enum scan_level level,
		       size_t *functions)
{
	const struct scan_finding *last = NULL;
	size_t count = 0;

	*functions = 0;
	for (size_t i = 0; i < binary->findings.count; i++) {
		const struct scan_finding *finding = &binary->findings.items[i];

		if (finding->rule != rule || finding->level != level)
			continue;
		count++;
		*functions += !last || !same_function(last, finding);
		last = finding;
	}
	return count;
}

static const char *level_word(enum scan_level level)
{
	static const char *const words[] = {[SCAN_NOTE] = "note", [SCAN_WARNING] = "warning", [SCAN_ERROR] = "EXPOSED"};

	return words[level];
}

static void list(const struct sheet *sheet, const struct scan_rule *rule, enum scan_level level)
{
	const struct scan_finding *items = sheet->binary->findings.items;
	const struct scan_finding *end = items + sheet->binary->findings.count;
	const struct scan_finding *last = NULL;

	for (const struct scan_finding *at = items; at < end;) {
		if (at->rule != rule || at->level != level) {
			at++;
			continue;
		}
		if (!last || !same_text(last->package, at->package))
			package_heading(sheet, at);
		last = at;
		at += function_row(sheet, at, end);
	}
	fixes(sheet, rule, level);
}

/* Findings that have no function speak for themselves. */
static bool are_sentences(const struct scanned *binary, const struct scan_rule *rule)
{
	for (size_t i = 0; i < binary->findings.count; i++)
		if (binary->findings.items[i].rule == rule)
			return !binary->findings.items[i].function;
	return false;
}

static const char *label(const struct sheet *sheet, const struct scan_rule *rule, enum scan_level level)
{
	return arena_printf(sheet->arena, "  %-8s %-14s ", level_word(level), rule->id);
}

static void sentences(const struct sheet *sheet, const struct scan_rule *rule, enum scan_level level)
{
	for (size_t i = 0; i < sheet->binary->findings.count; i++) {
		const struct scan_finding *finding = &sheet->binary->findings.items[i];

		if (finding->rule != rule || finding->level != level)
			continue;
		page_wrap(&sheet->page, label(sheet, rule, level), 0, STYLE_PLAIN, safe(sheet, finding->message));
		if (finding->reason && sheet->options->verbose)
			page_wrap(&sheet->page, "    ", 0, STYLE_PLAIN, safe(sheet, finding->reason));
		if (finding->fix && (level > SCAN_NOTE || sheet->options->verbose))
			page_wrap(&sheet->page, "    Fix: ", 0, STYLE_PLAIN, safe(sheet, finding->fix));
	}
}

static void rule_part(const struct sheet *sheet, const struct scan_rule *rule, enum scan_level level)
{
	size_t functions;
	size_t count = count_of(sheet->binary, rule, level, &functions);
	bool all = level == SCAN_ERROR || sheet->options->verbose;
	const char *remark = "";

	if (!count)
		return;
	if (are_sentences(sheet->binary, rule)) {
		sentences(sheet, rule, level);
		return;
	}
	if (level == SCAN_NOTE && rule == scan_rule_by_id("split-sp"))
		remark = " that the runtime does not preempt (signal-based profilers and debuggers do stop there)";
	page_wrap(&sheet->page, label(sheet, rule, level), 0, level == SCAN_ERROR ? STYLE_RED : STYLE_PLAIN,
		  arena_printf(sheet->arena, "%s place%s in %s function%s%s: %s", count_text(sheet->arena, count),
			       plural(count), count_text(sheet->arena, functions), plural(functions), remark,
			       rule->title));
	if (all)
		list(sheet, rule, level);
}

/* ---- one executable ---- */

static void heading(const struct sheet *sheet)
{
	const struct scanned *binary = sheet->binary;
	const char *text = arena_printf(sheet->arena, "%s: %s/%s", safe(sheet, binary->path), binary->os, binary->arch);

	if (binary->is_go)
		text = arena_printf(sheet->arena, "%s, %s, %s functions", text,
				    binary->go_version ? safe(sheet, binary->go_version) : "Go release unknown",
				    count_text(sheet->arena, binary->functions));
	if (binary->main_module)
		text = arena_printf(sheet->arena, "%s, module %s", text, safe(sheet, binary->main_module));
	fputc('\n', sheet->page.out);
	page_wrap(&sheet->page, "", 2, STYLE_BOLD, text);
}

static void binary_part(const struct sheet *sheet)
{
	heading(sheet);
	for (int level = SCAN_ERROR; level >= SCAN_NOTE; level--)
		for (size_t i = 0; scan_rules[i]; i++)
			rule_part(sheet, scan_rules[i], (enum scan_level)level);
	if (!sheet->binary->findings.count)
		page_wrap(&sheet->page, "  ", 0, STYLE_GREEN, "nothing found");
	for (size_t i = 0; i < sheet->binary->unchecked.count; i++)
		page_wrap(&sheet->page, "  not checked: ", 4, STYLE_FAINT,
			  safe(sheet, sheet->binary->unchecked.items[i]));
}

/* ---- the whole ---- */

static void first_line(const struct sheet *sheet, const struct scan_batch *batch)
{
	size_t exposed = 0, places = 0, count = batch->binaries.count;
	const char *text;

	for (size_t i = 0; i < count; i++) {
		exposed += batch->binaries.items[i].exposed != 0;
		places += batch->binaries.items[i].exposed;
	}
	if (exposed)
		text = arena_printf(sheet->arena,
				    "EXPOSED  %zu of %zu executable%s: at %s place%s a stack can be torn while the "
				    "program runs.",
				    exposed, count, plural(count), count_text(sheet->arena, places), plural(places));
	else if (count)
		text = arena_printf(sheet->arena,
				    "NOT EXPOSED  %zu executable%s: no place was found where a stack can be torn while "
				    "the program runs.",
				    count, plural(count));
	else
		text = "NOTHING SCANNED";
	page_wrap(&sheet->page, "", 2, exposed ? STYLE_RED : STYLE_BOLD, text);
}

/* Of many, those that there is nothing to say of are counted; returns how many. */
static size_t binary_parts(struct sheet *sheet, const struct scan_batch *batch)
{
	size_t sound = 0;

	for (size_t i = 0; i < batch->binaries.count; i++) {
		const struct scanned *binary = &batch->binaries.items[i];

		sheet->binary = binary;
		if (batch->binaries.count > 1 && !binary->findings.count && !binary->unchecked.count &&
		    !sheet->options->verbose)
			sound++;
		else
			binary_part(sheet);
	}
	return sound;
}

static void last_lines(const struct sheet *sheet, const struct scan_batch *batch, size_t sound)
{
	if (batch->failures.count || ((batch->others || sound) && !sheet->options->quiet))
		fputc('\n', sheet->page.out);
	if (sound && !sheet->options->quiet)
		page_wrap(&sheet->page, "", 2, STYLE_PLAIN,
			  arena_printf(sheet->arena, "Nothing was found in %s executable%s (-v names %s).",
				       count_text(sheet->arena, sound), plural(sound), sound == 1 ? "it" : "them"));
	for (size_t i = 0; i < batch->failures.count; i++)
		page_wrap(&sheet->page, "Could not be scanned: ", 2, STYLE_YELLOW,
			  arena_printf(sheet->arena, "%s: %s", safe(sheet, batch->failures.items[i].path),
				       safe(sheet, batch->failures.items[i].text)));
	if (batch->others && !sheet->options->quiet)
		page_wrap(&sheet->page, "", 2, STYLE_PLAIN,
			  arena_printf(sheet->arena, "%s other executable%s hold%s no Go code, or %s for another CPU.",
				       count_text(sheet->arena, batch->others), plural(batch->others),
				       batch->others == 1 ? "s" : "", batch->others == 1 ? "is" : "are"));
}

void report_scan_text(struct arena *arena, const struct scan_batch *batch, const struct scan_report_options *options,
		      FILE *out)
{
	struct sheet sheet = {
		.page = {.out = out,
			 .arena = arena,
			 .columns = options->columns ? options->columns : COLUMNS,
			 .color = options->color},
		.arena = arena,
		.options = options,
	};

	first_line(&sheet, batch);
	last_lines(&sheet, batch, options->quiet ? 0 : binary_parts(&sheet, batch));
}
