/* tally.c: see tally.h. */
#include "fleet/tally.h"

/* Where the text is, or would be. */
static size_t place_of(const struct tally *tally, const char *text)
{
	size_t from = 0, to = tally->rows.count;

	while (from < to) {
		const size_t middle = from + (to - from) / 2;

		if (strcmp(tally->rows.items[middle].text, text) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static bool is_at(const struct tally *tally, size_t at, const char *text)
{
	return at < tally->rows.count && !strcmp(tally->rows.items[at].text, text);
}

static void add(struct arena *arena, struct tally *tally, const struct tally_row *row)
{
	const size_t at = place_of(tally, row->text);
	struct tally_row *old;

	if (!is_at(tally, at, row->text)) {
		vec_push(arena, &tally->rows, *row);
		memmove(tally->rows.items + at + 1, tally->rows.items + at, (tally->rows.count - 1 - at) * sizeof *row);
		tally->rows.items[at] = *row;
		return;
	}
	old = &tally->rows.items[at];
	old->count += row->count;
	old->first = row->first < old->first ? row->first : old->first;
	old->last = row->last > old->last ? row->last : old->last;
}

void tally_add(struct arena *arena, struct tally *tally, const char *text, uint64_t count, int64_t seen)
{
	if (text)
		add(arena, tally, &(struct tally_row){text, count, seen, seen});
}

void tally_merge(struct arena *arena, struct tally *tally, const struct tally *other)
{
	for (size_t i = 0; i < other->rows.count; i++)
		add(arena, tally, &other->rows.items[i]);
}

const struct tally_row *tally_find(const struct tally *tally, const char *text)
{
	const size_t at = text ? place_of(tally, text) : 0;

	return text && is_at(tally, at, text) ? &tally->rows.items[at] : NULL;
}

const struct tally_row *tally_earliest(const struct tally *tally)
{
	const struct tally_row *best = NULL;

	for (size_t i = 0; i < tally->rows.count; i++)
		if (!best || tally->rows.items[i].first < best->first)
			best = &tally->rows.items[i];
	return best;
}
