/* crash_openings.c: see crash_openings.h. */
#include "formats/log/crash_openings.h"

#include <string.h>

static const char *const openings[] = {
#define OPENING(text) text,
#include "formats/log/openings.def"
#undef OPENING
};

static const char *const of_walk[] = {
#define WALK_NOTE(text) text,
#include "formats/log/walk_notes.def"
};

static const char *const by_walk[] = {
#define WALK_DEATH(text) text,
#include "formats/log/walk_notes.def"
};

static const char *const gone[] = {
#define GONE(text) text,
#include "formats/log/gone.def"
#undef GONE
};

static bool begins_with_any(struct span text, const char *const *beginnings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (span_begins(text, beginnings[i]))
			return true;
	return false;
}

bool crash_opening(struct span note)
{
	return begins_with_any(note, openings, sizeof openings / sizeof *openings);
}

bool crash_opening_of_walk(struct span note)
{
	for (size_t i = 0; i < sizeof of_walk / sizeof *of_walk; i++)
		if (note.size && memmem(note.data, note.size, of_walk[i], strlen(of_walk[i])))
			return true;
	return false;
}

bool crash_by_walk(struct span end)
{
	return begins_with_any(end, by_walk, sizeof by_walk / sizeof *by_walk);
}

bool crash_is_over(struct span line)
{
	return begins_with_any(line, gone, sizeof gone / sizeof *gone);
}
