/* err.h: errors as values. A function that can fail returns `const struct err *`: NULL is success. Errors live on the
 * arena, so there is nothing to free. What is not fatal becomes a note: what could not be seen, and what that costs. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/arena.h"

#include <stdint.h>

enum err_code {
	ERR_IO,          /* the operating system refused */
	ERR_BAD_DATA,    /* present, and contradicts its format */
	ERR_UNSUPPORTED, /* sound, but not something this program reads */
	ERR_ABSENT,      /* not there, and need not be */
	ERR_NOT_SAVED,   /* existed in the process; the dump leaves it out */
	ERR_LIMIT,       /* larger than a named limit */
	ERR_NO_DUMP,      /* another kind of file: text, an executable */
	ERR_CUT_SHORT,    /* a dump, of which too little is left */
	ERR_OTHER_CPU,    /* of a CPU that this program does not read */
	ERR_OTHER_SYSTEM, /* of an operating system that this program does not read */
	ERR_NO_PROCESS,   /* the memory of a kernel or of a whole machine */
	ERR_CRASHED,      /* this program did, or was stopped by its sandbox */
};

struct err {
	enum err_code code;
	const char *text;
	const struct err *cause; /* NULL: this is the root */
};

/* The stable name of a code in machine output: "io", "bad-data", "unsupported", "absent", "not-saved", "limit", "no-dump",
 * "cut-short", "other-cpu", "other-system", "no-process", "crashed". */
const char *err_code_name(enum err_code code);

const struct err *err_new(struct arena *arena, enum err_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* An error with the code of its cause. */
const struct err *err_because(struct arena *arena, const struct err *cause, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "text: text of the cause: …", on the arena. */
const char *err_describe(struct arena *arena, const struct err *err);

/* Notes, in the order they were made; the same text is kept once. */
struct notes {
	struct arena *arena;
	const char **items;
	size_t count;
	size_t capacity;
};

void note_add(struct notes *notes, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As note_add, before all others: for what changes how everything else is to be read. */
void note_lead(struct notes *notes, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
