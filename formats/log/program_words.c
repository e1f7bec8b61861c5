/* program_words.c: what a log says of the file of its program: a GNU build-id, which programs and what starts them print, and which stands
 * in what tornstack prints (report/traceback.c); and how the file is probably called: as the folder of package main (go help build). */
#include "formats/log/reader.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { LEAST_DIGITS = 16, MOST_DIGITS = 64, GAP = 12 /* "BuildID[sha1]=", "\"build_id\": \"" */ };

static const char *const marks[] = {"build-id", "build_id", "build id", "buildid"};

/* The first such number behind a mark; all of it, or none. */
static const char *digits_behind(struct arena *arena, const char *text)
{
	size_t skipped = 0, count = 0;

	if (!strncasecmp(text, "[sha1]", strlen("[sha1]")))
		text += strlen("[sha1]");
	for (; skipped < GAP && *text && !isalnum((unsigned char)*text); skipped++)
		text++;
	while (isxdigit((unsigned char)text[count]))
		count++;
	if (count < LEAST_DIGITS || count > MOST_DIGITS || count % 2 || isalnum((unsigned char)text[count]) || text[count] == '/')
		return NULL;
	text = arena_strndup(arena, text, count);
	for (char *at = (char *)(uintptr_t)text; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return text;
}

const char *build_id_of(struct arena *arena, const char *text)
{
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		const char *at = strcasestr(text, marks[i]), *id = at ? digits_behind(arena, at + strlen(marks[i])) : NULL;

		if (id)
			return id;
	}
	return NULL;
}

/* "v2", the last folder of a later major version, is not what the file is called. */
static bool is_major(const char *name, size_t length)
{
	return length > 1 && *name == 'v' && strspn(name + 1, "0123456789") == length - 1;
}

static const char *folder_name(struct arena *arena, const char *file)
{
	const char *end = file + strlen(file), *start = end;

	for (int parts = 0; parts < 3 && end > file; parts++) {
		for (start = end; start > file && start[-1] != '/' && start[-1] != '\\'; start--)
			;
		if (parts && start < end && !is_major(start, (size_t)(end - start)))
			return arena_strndup(arena, start, (size_t)(end - start));
		end = start > file ? start - 1 : file;
	}
	return NULL;
}

static const char *program_of(struct arena *arena, const struct log_record *record)
{
	for (size_t i = 0; i < record->places.count; i++) {
		const struct recorded_place *place = &record->places.items[i];

		for (size_t k = 0; k < place->count; k++)
			if (place->calls[k].file && !strncmp(place->calls[k].function, "main.", 5))
				return folder_name(arena, place->calls[k].file);
	}
	return NULL;
}

void name_program(struct image *image, const struct log_record *record)
{
	for (size_t i = 0; i < record->words.count && !image->said.build_id; i++)
		image->said.build_id = build_id_of(image->arena, record->words.items[i]);
	image->said.name = program_of(image->arena, record);
}
