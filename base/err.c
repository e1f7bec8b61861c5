/* err.c: errors and notes. */
#include "base/err.h"

#include "base/vec.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_LIMIT = 1024, NOTE_LIMIT = 200 };

static const char *const code_names[] = {
	[ERR_IO] = "io",
	[ERR_BAD_DATA] = "bad-data",
	[ERR_UNSUPPORTED] = "unsupported",
	[ERR_ABSENT] = "absent",
	[ERR_NOT_SAVED] = "not-saved",
	[ERR_LIMIT] = "limit",
	[ERR_NO_DUMP] = "no-dump",
	[ERR_CUT_SHORT] = "cut-short",
	[ERR_OTHER_CPU] = "other-cpu",
	[ERR_OTHER_SYSTEM] = "other-system",
	[ERR_NO_PROCESS] = "no-process",
	[ERR_CRASHED] = "crashed",
};

const char *err_code_name(enum err_code code)
{
	return code_names[code];
}

static struct err *err_make(struct arena *arena, enum err_code code, const char *format, va_list args)
{
	struct err *err = arena_alloc(arena, sizeof *err);
	char text[TEXT_LIMIT];

	vsnprintf(text, sizeof text, format, args);
	err->code = code;
	err->text = arena_strdup(arena, text);
	return err;
}

const struct err *err_new(struct arena *arena, enum err_code code, const char *format, ...)
{
	va_list args;
	struct err *err;

	va_start(args, format);
	err = err_make(arena, code, format, args);
	va_end(args);
	return err;
}

const struct err *err_because(struct arena *arena, const struct err *cause, const char *format, ...)
{
	va_list args;
	struct err *err;

	va_start(args, format);
	err = err_make(arena, cause->code, format, args);
	va_end(args);
	err->cause = cause;
	return err;
}

const char *err_describe(struct arena *arena, const struct err *err)
{
	const char *text = err->text;

	for (err = err->cause; err; err = err->cause)
		text = arena_printf(arena, "%s: %s", text, err->text);
	return text;
}

/* Adds a text unless it is there or there are too many. */
static bool add(struct notes *notes, const char *format, va_list args)
{
	char text[TEXT_LIMIT];

	vsnprintf(text, sizeof text, format, args);
	for (size_t i = 0; i < notes->count; i++)
		if (!strcmp(notes->items[i], text))
			return false;
	if (notes->count >= NOTE_LIMIT)
		return false;
	vec_push(notes->arena, notes, arena_strdup(notes->arena, text));
	return true;
}

void note_add(struct notes *notes, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(notes, format, args);
	va_end(args);
}

void note_lead(struct notes *notes, const char *format, ...)
{
	va_list args;
	const char *text;

	va_start(args, format);
	if (add(notes, format, args)) {
		text = notes->items[notes->count - 1];
		memmove(notes->items + 1, notes->items, (notes->count - 1) * sizeof *notes->items);
		notes->items[0] = text;
	}
	va_end(args);
}
