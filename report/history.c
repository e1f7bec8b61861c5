/* history.c: see history.h. */
#include "report/history.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

const char *history_time(struct arena *arena, int64_t seconds)
{
	char text[64];
	struct tm parts;
	const time_t time = (time_t)seconds;

	if (!gmtime_r(&time, &parts) || !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts))
		return "1970-01-01T00:00:00Z";
	return arena_strdup(arena, text);
}

static const char *day(struct arena *arena, int64_t seconds)
{
	const char *text = history_time(arena, seconds);

	return arena_strndup(arena, text, strcspn(text, "T"));
}

static const char *how_often(struct arena *arena, const struct crash_history *history)
{
	if (history->count == 1)
		return arena_printf(arena, "seen once, on %s", day(arena, history->first));
	return arena_printf(arena, "seen %" PRIu64 " times since %s, last on %s", history->count, day(arena, history->first),
			    day(arena, history->last));
}

const char *history_sentence(struct arena *arena, const struct crash_history *history)
{
	const char *text;

	if (history->trouble)
		return arena_printf(arena, "history: not known: %s", history->trouble);
	text = history->count ? how_often(arena, history) : "not seen before";
	if (history->first_build)
		text = arena_printf(arena, "%s; first on build %s", text, history->first_build);
	if (history->gone_in)
		text = arena_printf(arena, "%s; gone since %s (%s)", text, history->gone_in, day(arena, history->gone_since));
	for (size_t i = 0; i < history->note_count; i++)
		text = arena_printf(arena, "%s; %s", text, history->notes[i]);
	return arena_printf(arena, "history: %s", text);
}
