/* explain.c: what `tornstack explain` prints of a rule or a known bug. */
#include "report/page.h"
#include "report/report.h"
#include "report/scan_report.h"

#include <string.h>

enum { COLUMNS = 100 };

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

	for (size_t i = 0; i < RANGE_LIMIT && bug->affected[i].minor_last; i++)
		list = list ? arena_printf(arena, "%s, %s", list, range_text(arena, &bug->affected[i]))
			    : range_text(arena, &bug->affected[i]);
	return list ? list : "unknown";
}

static const char *fixes_text(struct arena *arena, const struct known_bug *bug)
{
	const char *list = NULL;

	for (size_t i = 0; i < RANGE_LIMIT && bug->fixed_in[i]; i++)
		list = list ? arena_printf(arena, "%s, %s", list, bug->fixed_in[i]) : bug->fixed_in[i];
	return list ? list : "no release";
}

void report_bug(struct arena *arena, const struct known_bug *bug, unsigned columns, FILE *out)
{
	struct page page = page_of(arena, columns, out);

	page_wrap(&page, "", 2, STYLE_BOLD, arena_printf(arena, "%s: %s", bug->id, bug->title));
	fputc('\n', out);
	if (bug->symptom)
		page_wrap(&page, "Symptom     ", 0, STYLE_PLAIN, bug->symptom);
	if (bug->os || bug->arch)
		page_wrap(&page, "Where       ", 0, STYLE_PLAIN,
			  arena_printf(arena, "%s/%s", bug->os ? bug->os : "any system",
				       bug->arch ? bug->arch : "any CPU"));
	page_wrap(&page, "Affected    ", 0, STYLE_PLAIN, affected_text(arena, bug));
	page_wrap(&page, "Fixed in    ", 0, STYLE_PLAIN, fixes_text(arena, bug));
	if (bug->caveat)
		page_wrap(&page, "But         ", 0, STYLE_PLAIN, bug->caveat);
	if (bug->workaround)
		page_wrap(&page, "Workaround  ", 0, STYLE_PLAIN, bug->workaround);
	if (bug->rule)
		page_wrap(&page, "Rule        ", 0, STYLE_PLAIN,
			  arena_printf(arena, "tornstack explain %s", bug->rule));
}

static void rule_line(const struct page *page, const char *id, const char *title)
{
	page_wrap(page, arena_printf(page->arena, "%-16s  ", id), 0, STYLE_PLAIN, title);
}

/* A rule of the scan that foresees what a detector finds bears its id. */
void report_rules(struct arena *arena, unsigned columns, FILE *out)
{
	struct page page = page_of(arena, columns, out);

	for (size_t i = 0; detectors[i]; i++)
		rule_line(&page, detectors[i]->id, detectors[i]->title);
	for (size_t i = 0; scan_rules[i]; i++)
		if (!detector_by_id(scan_rules[i]->id))
			rule_line(&page, scan_rules[i]->id, scan_rules[i]->title);
}
