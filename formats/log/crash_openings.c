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

bool crash_opening(struct span note)
{
	for (size_t i = 0; i < sizeof openings / sizeof *openings; i++)
		if (span_begins(note, openings[i]))
			return true;
	return false;
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
	for (size_t i = 0; i < sizeof by_walk / sizeof *by_walk; i++)
		if (span_begins(end, by_walk[i]))
			return true;
	return false;
}
