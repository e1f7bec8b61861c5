/* timeline.c: from the cause to the end: the verdict, what it explains, what that explains, and how the process ended. */
#include "report/html/page.h"

#include "report/stop_code.h"

#include <inttypes.h>

enum { EVENTS_MOST = 16 };

static const char *who(const struct document *html, const struct finding *finding)
{
	if (finding->goroutine >= 0)
		return arena_printf(html->arena, "goroutine %" PRIu64, html->analysis->runtime->goroutines.items[finding->goroutine].id);
	return finding->thread >= 0 ? thread_text(html->analysis, finding->thread) : "the process";
}

/* A consequence is told of the thread that met it. */
static const char *whose(const struct document *html, const struct finding *finding)
{
	return finding->thread >= 0 && finding != html->finding ? thread_text(html->analysis, finding->thread) : who(html, finding);
}

static void event(const struct document *html, const char *kind, const char *subject, const char *rule, const char *text)
{
	html_put(html, "<li class=\"%\"><span class=\"who\">%</span><span class=\"event\">", kind, subject);
	html_sentence(html, text);
	if (rule)
		html_put(html, " <span class=\"rule\">%</span>", rule);
	html_put(html, "</span></li>\n");
}

/* Findings that `index` explains, and what they explain. */
static void consequences(const struct document *html, size_t index, size_t *left)
{
	const struct diagnosis *diagnosis = html->diagnosis;

	for (size_t i = 0; i < diagnosis->findings.count && *left; i++) {
		const struct finding *finding = &diagnosis->findings.items[i];

		if (finding->explained_by != (int32_t)index || i == index)
			continue;
		--*left;
		event(html, "consequence", whose(html, finding), finding->detector->id, finding->title);
		consequences(html, i, left);
	}
}

static void end(const struct document *html)
{
	const struct image *image = html->analysis->image;
	const char *code = stop_code_text(html->arena, image);

	if (image->stop.known)
		event(html, "end", image->stop.thread ? arena_printf(html->arena, "thread %" PRId64, image->stop.thread) : "the process", NULL,
		      arena_printf(html->arena, "%s%s%s%s ended the process", image->stop.name ? image->stop.name : "a signal", code ? " (" : "",
				   code ? code : "", code ? ")" : ""));
	else if (html->analysis->dying_thread >= 0)
		event(html, "end", thread_text(html->analysis, html->analysis->dying_thread), NULL, "the Go runtime ended the process");
}

void html_timeline(const struct document *html)
{
	size_t left = EVENTS_MOST;

	if (!html->finding)
		return;
	html_section(html, "timeline", "From the cause to the end");
	html_put(html, "<ol class=\"timeline\">\n");
	event(html, "cause", who(html, html->finding), html->finding->detector->id, html->finding->title);
	consequences(html, html->diagnosis->verdict.finding, &left);
	end(html);
	html_put(html, "</ol>\n");
	html_section_end(html);
}
