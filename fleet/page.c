/* page.c: clusters as a page that needs no network and no script. */
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

static void row(const struct document *html, const struct cluster *cluster)
{
	html_put(html, "<tr><td class=\"number\">%</td><td>%</td><td>%</td>", html_number(html, (int64_t)cluster->count),
		 view_day(html->arena, cluster->first), view_day(html->arena, cluster->last));
	html_put(html, "<td><a href=\"#c%\">%</a></td>", cluster->id, view_verdict(html->arena, cluster));
	cell(html, cluster->sample.place);
	html_put(html, "<td class=\"number\">%</td><td class=\"number\">%</td>", html_number(html, (int64_t)cluster->aspects[ASPECT_BUILD].rows.count),
		 html_number(html, (int64_t)cluster->aspects[ASPECT_HOST].rows.count));
	cell(html, view_builds(html->arena, cluster));
	html_put(html, "</tr>\n");
}

static void table(const struct document *html, const struct clusters *clusters)
{
	html_section(html, "clusters", "Clusters");
	html_put(html, "<div class=\"wide\"><table class=\"clusters\"><thead><tr><th>crashes</th><th>first seen</th><th>last seen</th><th>verdict</th>"
		       "<th>place</th><th>builds</th><th>hosts</th><th>in builds</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < clusters->items.count; i++)
		row(html, &clusters->items.items[i]);
	html_put(html, "</tbody></table></div>\n");
	html_section_end(html);
}

static void fact(const struct document *html, const char *name, const char *text)
{
	if (text)
		html_put(html, "<dt>%</dt><dd>%</dd>\n", name, text);
}

static void detail(const struct document *html, const struct cluster *cluster)
{
	html_put(html, "<section id=\"c%\"><h2><span class=\"%\">%</span></h2>\n<p>", cluster->id, tone_of(cluster), view_verdict(html->arena, cluster));
	html_sentence(html, cluster->sample.headline ? cluster->sample.headline : "");
	html_put(html, "</p>\n<dl>\n");
	fact(html, "id", cluster->id);
	fact(html, "together", view_likeness(html->arena, cluster));
	fact(html, "builds", view_builds(html->arena, cluster));
	for (size_t i = 0; i < ASPECTS; i++)
		fact(html, aspect_name((enum aspect)i), view_aspect(html->arena, cluster, (enum aspect)i));
	fact(html, "sample", cluster->sample.path);
	html_put(html, "</dl>\n</section>\n");
}

void view_page(struct arena *arena, const struct fleet *fleet, const struct clusters *clusters, const struct view_options *options, FILE *out)
{
	const struct document html = {.arena = arena, .out = out};

	html_head(&html, options->title);
	html_put(&html, "<body>\n<a class=\"skip\" href=\"#main\">Skip to the clusters</a>\n<header class=\"doubt\"><h1>%</h1><p class=\"dump\">%</p></header>\n"
			"<main id=\"main\" tabindex=\"-1\">\n", options->title, view_summary(arena, fleet, clusters));
	table(&html, clusters);
	for (size_t i = 0; i < clusters->items.count; i++)
		detail(&html, &clusters->items.items[i]);
	html_put(&html, "</main>\n</body>\n</html>\n");
}
