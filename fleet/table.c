/* table.c: clusters for a terminal, a few lines each. */
#include "fleet/views.h"

#include "report/escape.h"
#include "report/text/page.h"

#include <inttypes.h>

enum { HANG = 9 };

static const char *safe(const struct page *page, const char *text)
{
	return escape_line(page->arena, text ? text : "-");
}

static enum style style_of(const struct cluster *cluster)
{
	const char *certainty = cluster->sample.certainty;

	if (!strcmp(certainty, "certain") || !strcmp(certainty, "likely"))
		return STYLE_RED;
	return strcmp(certainty, "healthy") ? STYLE_YELLOW : STYLE_GREEN;
}

static void put_detail(const struct page *page, const char *name, const char *text)
{
	if (text)
		page_wrap(page, arena_printf(page->arena, "%*s%s: ", HANG, "", name), HANG + 2, STYLE_PLAIN, safe(page, text));
}

static void put_more(const struct page *page, const struct cluster *cluster)
{
	put_detail(page, "together", view_likeness(page->arena, cluster));
	for (size_t i = 0; i < ASPECTS; i++)
		put_detail(page, aspect_name((enum aspect)i), view_aspect(page->arena, cluster, (enum aspect)i));
}

static void put_cluster(const struct page *page, const struct cluster *cluster, bool verbose)
{
	struct arena *arena = page->arena;
	const char *first = arena_printf(arena, "%7" PRIu64 "  %s  %s  %6zu %5zu  ", cluster->count, view_day(arena, cluster->first),
					 view_day(arena, cluster->last), cluster->aspects[ASPECT_BUILD].rows.count,
					 cluster->aspects[ASPECT_HOST].rows.count);
	const char *builds = view_builds(arena, cluster);

	page_wrap(page, first, 0, style_of(cluster),
		  arena_printf(arena, "%s: %s", view_verdict(arena, cluster), safe(page, cluster->sample.place)));
	page_wrap(page, arena_printf(arena, "%*s", HANG, ""), HANG, STYLE_PLAIN,
		  arena_printf(arena, "%s%s%s", cluster->id, builds ? "  " : "", builds ? safe(page, builds) : ""));
	page_wrap(page, arena_printf(arena, "%*s", HANG, ""), HANG, STYLE_FAINT, safe(page, view_sample(arena, cluster)));
	if (verbose)
		put_more(page, cluster);
}

void view_table(struct arena *arena, const struct fleet *fleet, const struct clusters *clusters, const struct view_options *options, FILE *out)
{
	const struct page page = {.out = out, .arena = arena, .columns = options->columns, .color = options->color};

	fprintf(out, "%s\n", view_summary(arena, fleet, clusters));
	if (options->quiet || !clusters->items.count)
		return;
	fprintf(out, "\n  COUNT  FIRST       LAST        BUILDS HOSTS  VERDICT\n");
	for (size_t i = 0; i < clusters->items.count; i++)
		put_cluster(&page, &clusters->items.items[i], options->verbose);
}
