/* crashes.c: see crashes.h. */
#include "report/content/crashes.h"

#include "base/count.h"

#include <inttypes.h>
#include <string.h>

enum { NUMBERS_SHOWN = 20, LINES_SHOWN = 50 };

static bool is_equal(const struct crash_entry *a, const struct crash_entry *b)
{
	return a->word && b->word && !strcmp(a->fingerprint, b->fingerprint) && !strcmp(a->word, b->word);
}

/* The last of the log that is equal: itself, if there is no other. */
static size_t first_equal(const struct crash_list *list, size_t index)
{
	size_t i = 0;

	while (i < index && !is_equal(&list->items[i], &list->items[index]))
		i++;
	return i;
}

void crash_list_settle(struct crash_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const size_t first = first_equal(list, i);

		if (first < i)
			list->items[i].report = list->items[first].report;
		else if (list->items[i].word && list->reports < CRASH_REPORTS_MOST)
			list->items[i].report = list->reports++;
		else
			list->items[i].report = CRASH_UNREPORTED;
	}
}

static size_t index_of(const struct crash_list *list, size_t report)
{
	size_t i = 0;

	while (list->items[i].report != report)
		i++;
	return i;
}

const struct crash_entry *crash_reported(const struct crash_list *list, size_t report)
{
	return &list->items[index_of(list, report)];
}

/* "; 2 more have its fingerprint and are as sure: 2, 1"; "" where there is none. */
static const char *equal_ones(struct arena *arena, const struct crash_list *list, size_t first)
{
	const char *numbers = "";
	size_t count = 0;

	for (size_t i = first + 1; i < list->count; i++) {
		if (!is_equal(&list->items[first], &list->items[i]))
			continue;
		if (count++ < NUMBERS_SHOWN)
			numbers = arena_printf(arena, "%s%s%zu", numbers, count > 1 ? ", " : "", list->items[i].number);
	}
	if (!count)
		return "";
	return arena_printf(arena, "; %s more %s its fingerprint and %s as sure: %s%s", count_text(arena, count), count > 1 ? "have" : "has",
			    count > 1 ? "are" : "is", numbers, count > NUMBERS_SHOWN ? ", …" : "");
}

/* Of what is said once. */
static const char *whole_log(struct arena *arena, const struct crash_list *list)
{
	if (list->count < list->total)
		return arena_printf(arena, "; of the %s crashes of the log the last %s were looked at", count_text(arena, list->total),
				    count_text(arena, list->count));
	return list->reports > 1 ? arena_printf(arena, "; of %s crashes, others are told below", count_text(arena, list->total)) : "";
}

const char *crash_sentence(struct arena *arena, const struct crash_list *list, size_t report)
{
	const size_t index = index_of(list, report);
	const struct crash_entry *entry = &list->items[index];

	return arena_printf(arena, "crash %zu of this log%s: lines %" PRIu64 " to %" PRIu64 "%s%s", entry->number, index ? "" : ", the last",
			    entry->first_line, entry->last_line, equal_ones(arena, list, index), index ? "" : whole_log(arena, list));
}

const char *crash_heading(struct arena *arena, const struct crash_list *list, size_t report)
{
	const struct crash_entry *entry = crash_reported(list, report);

	return arena_printf(arena, "crash %zu: lines %" PRIu64 " to %" PRIu64, entry->number, entry->first_line, entry->last_line);
}

static const char *line_of(struct arena *arena, const struct crash_list *list, size_t index)
{
	const struct crash_entry *entry = &list->items[index];
	const char *where = arena_printf(arena, "crash %zu, lines %" PRIu64 " to %" PRIu64, entry->number, entry->first_line, entry->last_line);

	if (!entry->word)
		return arena_printf(arena, "%s: not analysed (%s): %s", where, entry->error_code, entry->error);
	return arena_printf(arena, "%s: %s, %s: %s; fingerprint %s%s", where, entry->certainty, entry->rule ? entry->rule : "no rule",
			    entry->headline, entry->fingerprint, equal_ones(arena, list, index));
}

void crash_unreported(struct arena *arena, const struct crash_list *list, struct crash_lines *ret)
{
	size_t more = 0;

	*ret = (struct crash_lines){0};
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].report != CRASH_UNREPORTED || first_equal(list, i) < i)
			continue;
		if (ret->items.count < LINES_SHOWN)
			vec_push(arena, &ret->items, line_of(arena, list, i));
		else
			more++;
	}
	if (more)
		vec_push(arena, &ret->items, arena_printf(arena, "and %s more, of other fingerprints: --brief has a line for each crash",
							  count_text(arena, more)));
}
