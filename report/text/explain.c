/* explain.c: what `tornstack explain` prints of a rule or a known bug. */
#include "report/text/page.h"
#include "report/report.h"
#include "report/scan_report.h"

#include <string.h>

enum { COLUMNS = 100, ONE_LINE = 10000, RULE_WIDTH = 18 };

static struct page page_of(struct arena *arena, unsigned columns, FILE *out)
{
	return (struct page){.out = out, .arena = arena, .columns = columns ? columns : COLUMNS};
}

static void explanation(const struct page *page, const char *id, const char *title, const char *text)
{
	page_wrap(page, "", 2, STYLE_BOLD, arena_printf(page->arena, "%s: %s", id, title));
	for (const char *at = text; at && *at;) {
		size_t length = strcspn(at, "\n");

		fputc('\n', page->out);
		page_wrap(page, "", 0, STYLE_PLAIN, arena_strndup(page->arena, at, length));
		at += length + strspn(at + length, "\n");
	}
}

static void bugs_of_rule(const struct page *page, const char *rule)
{
	const struct known_bug *bug;
	bool any = false;

	for (size_t i = 0; (bug = known_bug_at(i)); i++) {
		if (!known_bug_concerns(bug, rule))
			continue;
		if (!any)
			fputs("\nKnown bugs that it may cite:\n", page->out);
		any = true;
		page_wrap(page, "  ", 2, STYLE_PLAIN, arena_printf(page->arena, "%s: %s", bug->id, bug->title));
	}
}

void report_rule(struct arena *arena, const struct detector *detector, unsigned columns, FILE *out)
{
	struct page page = page_of(arena, columns, out);
	const char *list = NULL;

	explanation(&page, detector->id, detector->title, detector->explanation);
	for (const char *const *other = detector->supersedes; other && *other; other++)
		list = list ? arena_printf(arena, "%s, %s", list, *other) : *other;
	if (list) {
		fputc('\n', out);
		page_wrap(&page, "Explains, where both are found: ", 2, STYLE_PLAIN, list);
	}
	bugs_of_rule(&page, detector->id);
}

void report_scan_rule(struct arena *arena, const struct scan_rule *rule, unsigned columns, FILE *out)
{
	struct page page = page_of(arena, columns, out);

	explanation(&page, rule->id, rule->title, rule->explanation);
}

static const char *range_text(struct arena *arena, const struct release_range *range)
{
	const char *last = range->patch_last == ANY_PATCH ? "x" : arena_printf(arena, "%d", range->patch_last);

	return arena_printf(arena, "1.%d.%d to 1.%d.%s", range->minor_first, range->patch_first, range->minor_last,
			    last);
}

static const char *affected_text(struct arena *arena, const struct known_bug *bug)
{
	const char *list = NULL;

	for (size_t i = 0; i < RANGE_LIMIT && bug->affected[i].minor_first; i++)
		list = list ? arena_printf(arena, "%s, %s", list, range_text(arena, &bug->affected[i]))
			    : range_text(arena, &bug->affected[i]);
	return list ? list : "unknown";
}

static const char *list_text(struct arena *arena, const char *const *list, const char *none)
{
	const char *text = NULL;

	for (; *list; list++)
		text = text ? arena_printf(arena, "%s, %s", text, *list) : *list;
	return text ? text : none;
}

static void bug_line(const struct page *page, const char *what, const char *text)
{
	if (text)
		page_wrap(page, arena_printf(page->arena, "%-12s", what), 0, STYLE_PLAIN, text);
}

/* Rows about the same issue bear its id with words behind. */
static const char *same_issue(struct arena *arena, const struct known_bug *bug)
{
	const size_t length = strcspn(bug->id, " ");
	const struct known_bug *other;
	const char *list = NULL;

	for (size_t i = 0; (other = known_bug_at(i)); i++)
		if (other != bug && strcspn(other->id, " ") == length && !strncmp(other->id, bug->id, length))
			list = list ? arena_printf(arena, "%s, %s", list, other->id) : other->id;
	return list;
}

void report_bug(struct arena *arena, const struct known_bug *bug, unsigned columns, FILE *out)
{
	struct page page = page_of(arena, columns, out);
	const bool is_released = bug->affected[0].minor_first || bug->fixed_in[0];

	page_wrap(&page, "", 2, STYLE_BOLD, arena_printf(arena, "%s: %s", bug->id, bug->title));
	fputc('\n', out);
	bug_line(&page, "Symptom", bug->symptom);
	if (bug->os[0] || bug->arch[0])
		bug_line(&page, "Where", arena_printf(arena, "%s; %s", list_text(arena, bug->os, "any system"),
						      list_text(arena, bug->arch, "any CPU")));
	bug_line(&page, "Affected", is_released ? affected_text(arena, bug) : NULL);
	bug_line(&page, "Fixed in", is_released ? list_text(arena, bug->fixed_in, "no release") : NULL);
	bug_line(&page, "But", bug->caveat);
	bug_line(&page, "Unverified", bug->unverified);
	bug_line(&page, "Workaround", bug->workaround);
	bug_line(&page, "Rules", list_text(arena, bug->rules, "none cites it"));
	bug_line(&page, "See also", same_issue(arena, bug));
	bug_line(&page, "Issues", list_text(arena, bug->also, NULL));
	bug_line(&page, "Source", bug->source);
}

static void list_line(const struct page *page, int width, const char *id, const char *title)
{
	page_wrap(page, "", 0, STYLE_PLAIN, arena_printf(page->arena, "%-*s  %s", width, id, title));
}

/* A rule of the scan that foresees what a detector finds bears its id. */
void report_rules(struct arena *arena, FILE *out)
{
	struct page page = page_of(arena, ONE_LINE, out);
	const struct known_bug *bug;
	int width = 0;

	for (size_t i = 0; detectors[i]; i++)
		list_line(&page, RULE_WIDTH, detectors[i]->id, detectors[i]->title);
	for (size_t i = 0; scan_rules[i]; i++)
		if (!detector_by_id(scan_rules[i]->id))
			list_line(&page, RULE_WIDTH, scan_rules[i]->id, scan_rules[i]->title);
	fputc('\n', out);
	for (size_t i = 0; (bug = known_bug_at(i)); i++)
		width = (int)strlen(bug->id) > width ? (int)strlen(bug->id) : width;
	for (size_t i = 0; (bug = known_bug_at(i)); i++)
		list_line(&page, width, bug->id, bug->title);
}
