/* stacks.c: the stacks that the verdict is about, and the groups of equal ones. */
#include "report/html/page.h"

#include "base/count.h"
#include "report/content/frames.h"
#include "report/content/goroutines.h"

enum { GROUPS_SHOWN = 200, NAME_LONGEST = 400 };

static void frame_row(const struct document *html, const struct listed_line *line, const struct pointed_frame *pointed)
{
	const bool marked = !line->line.inlined && frame_is_pointed(pointed, line->line.frame);

	html_put(html, marked ? "<tr class=\"stopped\"><td class=\"mark\">▶</td>" : "<tr><td class=\"mark\"></td>");
	html_put(html, "<td class=\"address\">%</td><td><code>%</code></td><td>%", line->pc, html_cut(html, line->function, NAME_LONGEST), line->place);
	if (*line->remark)
		html_put(html, " <span class=\"quiet\">%</span>", line->remark);
	html_put(html, "</td></tr>\n");
}

static void wide_row(const struct document *html, const char *class, const char *text)
{
	html_put(html, "<tr class=\"%\"><td></td><td colspan=\"3\">%</td></tr>\n", class, text);
}

static void print_stack(const struct document *html, const char *title, const struct stack *stack, const char *creator)
{
	const struct pointed_frame pointed = verdict_frame(html->diagnosis);
	struct stack_listing listing;

	stack_list(html->arena, html->diagnosis, stack, html->options->verbose, &listing);
	html_put(html, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%\">\n<table class=\"frames\"><caption>%</caption>\n<thead><tr><td></td>"
		       "<th scope=\"col\">pc</th><th scope=\"col\">function</th><th scope=\"col\">place</th></tr></thead>\n<tbody>\n", title, title);
	for (size_t i = 0; i < listing.lines.count; i++) {
		if (listing.lines.items[i].seam)
			wide_row(html, "seam", seam_text(html->arena, &listing));
		if (listing.lines.items[i].elision)
			wide_row(html, "quiet", listing.lines.items[i].elision);
		else
			frame_row(html, &listing.lines.items[i], &pointed);
	}
	if (listing.end)
		wide_row(html, "quiet", listing.end);
	if (creator)
		wide_row(html, "quiet", arena_printf(html->arena, "created by %s", creator));
	html_put(html, "</tbody></table></div>\n");
}

void html_stacks(const struct document *html)
{
	const struct verdict_stacks shown = verdict_stacks(html->diagnosis);

	if (shown.goroutine < 0 && shown.thread < 0)
		return;
	html_section(html, "stacks", shown.goroutine >= 0 && shown.thread >= 0 ? "Stacks" : "Stack");
	document_stacks(html, print_stack);
	html_section_end(html);
}

static void group_row(const struct document *html, const struct selected_group *group, struct stack *stack)
{
	struct go_runtime *runtime = html->analysis->runtime;

	goroutine_stack(html->analysis, *group->members, stack);
	html_put(html, "<tr><td class=\"number\">%</td><td>%</td><td><code>%</code></td><td>%</td></tr>\n", count_text(html->arena, group->count),
		 goroutine_state(html->arena, runtime, &runtime->goroutines.items[*group->members]),
		 html_cut(html, group_place(html->arena, html->analysis, stack, false), NAME_LONGEST), group_ids(html->arena, runtime, group));
}

void html_groups(const struct document *html)
{
	const struct selection *selection = html->selection;
	struct stack stack = {0};

	if (!selection->group_count)
		return;
	html_put(html, "<details id=\"groups\"><summary>% in % of equal stacks</summary>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Groups of "
		       "goroutines\"><table><thead><tr><th scope=\"col\" class=\"number\">count</th><th scope=\"col\">state</th><th scope=\"col\">where</th><th scope=\"col\">ids</th>"
		       "</tr></thead>\n<tbody>\n", counted_text(html->arena, selection->count, "goroutine"), counted_text(html->arena, selection->group_count, "group"));
	for (size_t i = 0; i < selection->group_count && i < GROUPS_SHOWN; i++)
		group_row(html, &selection->groups[i], &stack);
	html_put(html, "</tbody></table></div>\n");
	if (selection->group_count > GROUPS_SHOWN)
		html_put(html, "<p class=\"quiet\">and % smaller groups</p>\n", count_text(html->arena, selection->group_count - GROUPS_SHOWN));
	html_put(html, "</details>\n");
}
