/* overview.c: see overview.h. */
#include "lib/overview.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Whatever a history has forgotten since, and whoever added it. */
static bool is_new(const struct cluster *cluster, int64_t since)
{
	return cluster->first >= since && (!cluster->earlier || cluster->earlier >= since);
}

static bool keep_recent(const struct overview *overview, struct clusters *clusters)
{
	size_t kept = 0;
	bool news = false;

	for (size_t i = 0; i < clusters->items.count; i++) {
		const struct cluster cluster = clusters->items.items[i];

		if (cluster.last < overview->since)
			continue;
		news |= is_new(&cluster, overview->since);
		clusters->items.items[kept++] = cluster;
	}
	clusters->items.count = kept;
	return news;
}

/* Whoever reads it, at any moment, reads a whole one: it is written beside its place, and put there. */
static const struct err *write_metrics(struct arena *arena, const char *path, const struct fleet *fleet, const struct clusters *clusters)
{
	const char *beside = arena_printf(arena, "%s.%ld.new", path, (long)getpid());
	FILE *file = fopen(beside, "we");
	bool whole;

	if (!file)
		return err_new(arena, ERR_IO, "%s: %s", beside, strerror(errno));
	view_metrics(fleet, clusters, file);
	whole = !ferror(file);
	if (fclose(file) || !whole || rename(beside, path)) {
		const int error = errno;

		unlink(beside);
		return err_new(arena, ERR_IO, "%s: %s", path, strerror(error));
	}
	return NULL;
}

static const struct err *write_lines(struct arena *arena, const struct clusters *clusters, FILE *out)
{
	for (size_t i = 0; i < clusters->items.count; i++)
		if (!view_line(arena, &clusters->items.items[i], out))
			return err_new(arena, ERR_LIMIT, "no memory for the report");
	return NULL;
}

const struct err *overview_write(struct arena *arena, const struct overview *overview, const struct fleet *fleet, struct clusters *clusters, FILE *out,
				 bool *news)
{
	const struct err *err = overview->metrics ? write_metrics(arena, overview->metrics, fleet, clusters) : NULL;

	*news = overview->since && keep_recent(overview, clusters);
	if (err)
		return err;
	if (overview->format == TS_JSON)
		return write_lines(arena, clusters, out);
	if (overview->format == TS_HTML)
		view_page(arena, fleet, clusters, &overview->options, out);
	else if (overview->format == TS_TEXT)
		view_table(arena, fleet, clusters, &overview->options, out);
	return NULL;
}
