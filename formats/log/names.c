/* names.c: see names.h. */
#include "formats/log/names.h"

#include "formats/log/grammar.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char says[] = "tornstack: names are pseudonyms of key ";

enum { DIGITS = 16, SAID = sizeof says - 1 + DIGITS };

void log_names_line(uint64_t check, char ret[static LOG_NAMES_LINE])
{
	snprintf(ret, LOG_NAMES_LINE, "%s%0*" PRIx64 "\n", says, DIGITS, check);
}

/* A function's name, before the arguments, or before where it was called. */
static void put_function(struct pseudonyms *pseudonyms, uint8_t *text, size_t size, const char *behind)
{
	const uint8_t *end = size ? memmem(text, size, behind, strlen(behind)) : NULL;

	for (const uint8_t *next = end; next; next = memmem(end + 1, size - (size_t)(end + 1 - text), behind, strlen(behind)))
		end = next;
	pseudonyms_put(pseudonyms, NAME_FUNCTION, text, end ? (size_t)(end - text) : size);
}

/* "/path/main.go:12 +0x1d": the last colon before a number. */
static void put_file(struct pseudonyms *pseudonyms, uint8_t *text, size_t size)
{
	size_t end = size;

	for (size_t i = 0; i + 1 < size; i++)
		if (text[i] == ':' && text[i + 1] >= '0' && text[i + 1] <= '9')
			end = i;
	pseudonyms_put(pseudonyms, NAME_FILE, text, end);
}

void log_names_put(struct pseudonyms *pseudonyms, uint8_t *line, size_t size)
{
	static const char created[] = "created by ";
	const struct span text = log_trim((struct span){line, size});
	uint8_t *start = line + (text.size ? text.data - line : 0);

	if (!text.size)
		return;
	switch (log_kind_of(text)) {
	case LOG_CALL:
		put_function(pseudonyms, start, text.size, "(");
		break;
	case LOG_CREATED:
		put_function(pseudonyms, start + sizeof created - 1, text.size - (sizeof created - 1), " in goroutine ");
		break;
	case LOG_PLACE:
		put_file(pseudonyms, start, text.size);
		break;
	default:
		pseudonyms_put(pseudonyms, NAME_TEXT, start, text.size);
	}
}

/* ---- reading ---- */

static void put_back(struct image *image, struct span text)
{
	struct pseudonyms *pseudonyms = pseudonyms_new(image->arena, image->files.names, true);
	uint8_t *copy = memcpy(arena_alloc(image->arena, text.size + 1), text.data, text.size);

	for (size_t at = 0; at < text.size;) {
		const uint8_t *end = memchr(copy + at, '\n', text.size - at);
		const size_t size = end ? (size_t)(end - (copy + at)) : text.size - at;

		log_names_put(pseudonyms, copy + at, size);
		at += size + 1;
	}
	image->bytes = (struct span){copy, text.size};
}

const struct err *log_names_restore(struct image *image)
{
	const struct span line = span_slice(image->bytes, 0, SAID + 1), rest = span_from(image->bytes, SAID + 1);
	char digits[DIGITS + 1] = "";

	if (image->sieved || !line.size || memcmp(line.data, says, sizeof says - 1) != 0)
		return NULL;
	memcpy(digits, line.data + sizeof says - 1, DIGITS);
	image->bytes = rest;
	if (!image->files.names) {
		note_add(image->notes, "%s", pseudonyms_note);
		return NULL;
	}
	if (strtoull(digits, NULL, 16) != pseudonyms_check(image->files.names))
		return err_new(image->arena, ERR_BAD_DATA, "%s", pseudonyms_other_key);
	if (rest.size)
		put_back(image, rest);
	return NULL;
}
