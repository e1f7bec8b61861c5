/* page.c: clusters as pages that need no network and no script: all on one, or one of each and an index. */
#include "fleet/views.h"

#include "report/html/page.h"

static void cell(const struct document *html, const char *text)
{
	html_put(html, "<td>%</td>", text ? text : "–");
}

static const char *tone_of(const struct cluster *cluster)
{
	const char *certainty = cluster->sample.certainty;

	if (!strcmp(certainty, "certain") || !strcmp(certainty, "likely"))
		return "bad";
	return strcmp(certainty, "healthy") ? "doubt" : "good";
}

static void row(const struct document *html, const struct cluster *cluster, const char *before, const char *after)
{
	html_put(html, "<tr><td class=\"number\">%</td><td>%</td><td>%</td>", html_number(html, (int64_t)cluster->count),
		 view_day(html->arena, cluster->first), view_day(html->arena, cluster->last));
	html_put(html, "<td><a href=\"%%%\">%</a></td>", before, cluster->id, after, view_verdict(html->arena, cluster));
	cell(html, cluster->sample.place);
	html_put(html, "<td class=\"number\">%</td><td class=\"number\">%</td>", html_number(html, (int64_t)cluster->aspects[ASPECT_BUILD].rows.count),
		 html_number(html, (int64_t)cluster->aspects[ASPECT_HOST].rows.count));
	cell(html, view_builds(html->arena, cluster));
	html_put(html, "</tr>\n");
}

/* A cluster is behind the link `before`ID`after`. */
static void table(const struct document *html, const struct clusters *clusters, const char *before, const char *after)
{
	html_section(html, "clusters", "Clusters");
	html_put(html, "<div class=\"wide\"><table class=\"clusters\"><thead><tr><th>crashes</th><th>first seen</th><th>last seen</th><th>verdict</th>"
		       "<th>place</th><th>builds</th><th>hosts</th><th>in builds</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < clusters->items.count; i++)
		row(html, &clusters->items.items[i], before, after);
	html_put(html, "</tbody></table></div>\n");
	html_section_end(html);
}

static void fact(const struct document *html, const char *name, const char *text)
{
	if (text)
		html_put(html, "<dt>%</dt><dd>%</dd>\n", name, text);
}

static void headline(const struct document *html, const struct cluster *cluster)
{
	html_put(html, "<p>");
	html_sentence(html, cluster->sample.headline ? cluster->sample.headline : "");
	html_put(html, "</p>\n");
}

static void facts(const struct document *html, const struct cluster *cluster)
{
	html_put(html, "<dl>\n");
	fact(html, "id", cluster->id);
	fact(html, "together", view_likeness(html->arena, cluster));
	fact(html, "builds", view_builds(html->arena, cluster));
	for (size_t i = 0; i < ASPECTS; i++)
		fact(html, aspect_name((enum aspect)i), view_aspect(html->arena, cluster, (enum aspect)i));
	fact(html, "sample", view_sample(html->arena, cluster));
	html_put(html, "</dl>\n");
}

static void detail(const struct document *html, const struct cluster *cluster)
{
	html_put(html, "<section id=\"c%\"><h2><span class=\"%\">%</span></h2>\n", cluster->id, tone_of(cluster), view_verdict(html->arena, cluster));
	headline(html, cluster);
	facts(html, cluster);
	html_put(html, "</section>\n");
}

static void begin(const struct document *html, const char *title, const char *tone, const char *summary)
{
	html_head(html, title);
	html_put(html, "<body>\n<a class=\"skip\" href=\"#main\">Skip to the clusters</a>\n<header class=\"%\"><h1>%</h1><p class=\"dump\">%</p></header>\n"
		       "<main id=\"main\" tabindex=\"-1\">\n", tone, title, summary);
}

static void put_lines(const struct document *html, const char *text)
{
	for (size_t length; *text; text += length + (text[length] == '\n')) {
		length = strcspn(text, "\n");
		html_put(html, "%\n", arena_strndup(html->arena, text, length));
	}
}

static void end(const struct document *html)
{
	html_put(html, "</main>\n</body>\n</html>\n");
}

void view_page(struct arena *arena, const struct fleet *fleet, const struct clusters *clusters, const struct view_options *options, FILE *out)
{
	const struct document html = {.arena = arena, .out = out};

	begin(&html, options->title, "doubt", view_summary(arena, fleet, clusters));
	table(&html, clusters, "#c", "");
	for (size_t i = 0; i < clusters->items.count; i++)
		detail(&html, &clusters->items.items[i]);
	end(&html);
}

void view_index(struct arena *arena, const struct fleet *fleet, const struct clusters *clusters, const struct view_options *options,
		const struct day_counts *days, FILE *out)
{
	const struct document html = {.arena = arena, .out = out};

	begin(&html, options->title, "doubt", view_summary(arena, fleet, clusters));
	html_section(&html, "time", "Over time");
	chart_days(&html, "crashes", days);
	html_section_end(&html);
	table(&html, clusters, "", ".html");
	end(&html);
}

void view_cluster(struct arena *arena, const struct cluster *cluster, const struct cluster_more *more, FILE *out)
{
	const struct document html = {.arena = arena, .out = out};

	begin(&html, view_verdict(arena, cluster), tone_of(cluster), history_sentence(arena, more->history));
	html_put(&html, "<p><a href=\"index.html\">all clusters</a></p>\n");
	headline(&html, cluster);
	html_section(&html, "charts", "When and where");
	chart_days(&html, "crashes", more->days);
	chart_tally(&html, "builds", &cluster->aspects[ASPECT_BUILD]);
	chart_tally(&html, "hosts", &cluster->aspects[ASPECT_HOST]);
	html_section_end(&html);
	html_section(&html, "facts", "What they have in common");
	facts(&html, cluster);
	html_section_end(&html);
	if (more->report) {
		html_section(&html, "report", "Report of one of them");
		html_put(&html, "<div class=\"wide\"><pre>");
		put_lines(&html, more->report);
		html_put(&html, "</pre></div>\n");
		html_section_end(&html);
	}
	end(&html);
}
