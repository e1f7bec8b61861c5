/* summary.c: see views.h. */
#include "fleet/views.h"

#include <inttypes.h>
#include <stdlib.h>

enum { SHOWN = 6, DAY = 10 };

const char *view_day(struct arena *arena, int64_t seconds)
{
	return arena_strndup(arena, incident_time(arena, seconds), DAY);
}

static const char *counted(struct arena *arena, uint64_t count, const char *one, const char *many)
{
	return arena_printf(arena, "%" PRIu64 " %s", count, count == 1 ? one : many);
}

const char *view_summary(struct arena *arena, const struct fleet *fleet, const struct clusters *clusters)
{
	const uint64_t copies = fleet->copies + fleet->more_copies, crashes = fleet->analysed + fleet->more - copies;
	const char *text = arena_printf(arena, "%s in %s",
					fleet->more ? counted(arena, crashes, "crash", "crashes") : counted(arena, crashes, "input", "inputs"),
					counted(arena, clusters->items.count, "cluster", "clusters"));

	if (copies)
		text = arena_printf(arena, "%s, %s", text, counted(arena, copies, "copy", "copies"));
	if (fleet->failed)
		text = arena_printf(arena, "%s, %" PRIu64 " not analysed", text, fleet->failed);
	if (fleet->others)
		text = arena_printf(arena, "%s; %s", text, counted(arena, fleet->others, "other file", "other files"));
	return text;
}

const char *view_verdict(struct arena *arena, const struct cluster *cluster)
{
	const struct sample *sample = &cluster->sample;

	return sample->rule ? arena_printf(arena, "%s %s", sample->certainty, sample->rule) : sample->certainty;
}

const char *view_sample(struct arena *arena, const struct cluster *cluster)
{
	const struct sample *sample = &cluster->sample;

	return sample->total > 1 ? arena_printf(arena, "%s#%zu", sample->path, sample->number) : sample->path;
}

static int most_first(const void *a, const void *b)
{
	const struct tally_row *x = *(const struct tally_row *const *)a, *y = *(const struct tally_row *const *)b;

	return x->count != y->count ? (x->count > y->count ? -1 : 1) : strcmp(x->text, y->text);
}

const char *view_aspect(struct arena *arena, const struct cluster *cluster, enum aspect aspect)
{
	const struct tally *tally = &cluster->aspects[aspect];
	const size_t count = tally->rows.count;
	const struct tally_row **rows = arena_array(arena, count + 1, sizeof *rows);
	const char *text = NULL;

	for (size_t i = 0; i < count; i++)
		rows[i] = &tally->rows.items[i];
	if (count)
		qsort(rows, count, sizeof *rows, most_first);
	if (count == 1)
		return rows[0]->text;
	for (size_t i = 0; i < count && i < SHOWN; i++)
		text = arena_printf(arena, "%s%s%s (%" PRIu64 ")", text ? text : "", text ? ", " : "", rows[i]->text, rows[i]->count);
	return count > SHOWN ? arena_printf(arena, "%s and %zu more", text, count - SHOWN) : text;
}

const char *view_builds(struct arena *arena, const struct cluster *cluster)
{
	const char *gone = cluster->gone_in ? arena_printf(arena, "gone since %s (%s)", cluster->gone_in, view_day(arena, cluster->gone_since))
					    : NULL;

	if (!cluster->new_in)
		return gone;
	return arena_printf(arena, "new in %s%s%s", cluster->new_in, gone ? "; " : "", gone ? gone : "");
}

const char *view_likeness(struct arena *arena, const struct cluster *cluster)
{
	enum { PERCENT = 100 };
	const char *text = "";

	for (size_t i = 0; i < cluster->common.count && i < SHOWN; i++)
		text = arena_printf(arena, "%s%s%s", text, i ? ", " : "", cluster->common.items[i]);
	if (!*text)
		text = "no function";
	if (cluster->groups.count == 1)
		return arena_printf(arena, "one fingerprint: %s", text);
	return arena_printf(arena, "%zu fingerprints, at least %d %% alike, in common: %s", cluster->groups.count,
			    (int)(cluster->alike * PERCENT), text);
}
