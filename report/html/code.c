/* code.c: the machine code around the stop. At each instruction: how far SP is from the end of the frame, as Go's tables say and as the
 * function's instructions leave it. */
#include "report/html/page.h"

#include "analyzer/instructions/tear.h"
#include "report/content/exhibits.h"

#include <inttypes.h>

enum { BEFORE = 8, AFTER = 6 };

struct distances {
	bool has_claimed, has_executed;
	int64_t claimed, executed;
};

static struct distances distances_at(const struct document *html, uint64_t pc)
{
	const struct pc_info *info = go_pc(html->analysis->runtime, pc, true);
	struct frame_state state;
	struct distances ret = {.has_claimed = info->func && info->has_delta, .claimed = info->delta};

	ret.has_executed = info->func && frame_state_at(html->analysis->tear_cache, info, &state);
	ret.executed = ret.has_executed ? state.distance : 0;
	return ret;
}

static void code_row(const struct document *html, const struct code_line *line)
{
	const struct distances at = distances_at(html, line->pc);
	const bool split = at.has_claimed && at.has_executed && at.claimed != at.executed;

	html_put(html, "<tr class=\"% %\"><td class=\"mark\">%</td><th scope=\"row\">%</th><td><code>%</code>", line->stopped ? "stopped" : "",
		 split ? "split" : "", line->stopped ? "▶" : "", html_address(html, line->pc), line->text);
	if (line->remark)
		html_put(html, " <span class=\"remark\">← %</span>", line->remark);
	html_put(html, "</td><td class=\"number\">%</td><td class=\"number\">%</td><td class=\"number\">%</td></tr>\n",
		 at.has_claimed ? html_number(html, at.claimed) : "?", at.has_executed ? html_number(html, at.executed) : "?",
		 split ? arena_printf(html->arena, "%+" PRId64, at.claimed - at.executed) : "");
}

void html_code(const struct document *html)
{
	struct code_lines lines;

	code_around(html->arena, html->diagnosis, BEFORE, AFTER, &lines);
	if (!lines.items.count)
		return;
	html_section(html, "code", "The code around the stop");
	html_put(html, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Machine code\">\n<table class=\"code\"><caption>");
	if (lines.at->func)
		html_put(html, "<code>%</code>. ", go_func_name(lines.at));
	html_put(html, "From SP to the end of the frame, in bytes: as Go’s tables claim, and as executing the function leaves it.</caption>\n<thead><tr><td></td>"
		       "<th scope=\"col\">pc</th><th scope=\"col\">instruction</th><th scope=\"col\" class=\"number\">claimed</th><th scope=\"col\" class=\"number\">real</th>"
		       "<th scope=\"col\" class=\"number\">off by</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < lines.items.count; i++)
		code_row(html, &lines.items.items[i]);
	html_put(html, "</tbody></table></div>\n");
	html_section_end(html);
}
