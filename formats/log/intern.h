/* intern.h: texts that come again and again, kept once: equal texts are one pointer. */
#ifndef FORMATS_LOG_INTERN_H
#define FORMATS_LOG_INTERN_H

#include "base/arena.h"

#include <stdint.h>

/* All zero: empty. */
struct interned {
	struct interned_text {
		const char *text; /* NULL: this slot is free */
		size_t length;
		uint32_t value;
	} *slots;
	size_t size, count;
};

/* The entry of a text, made if it is new: its value then is `fresh`. A key may hold any bytes. */
struct interned_text *intern(struct interned *table, struct arena *arena, const char *text, size_t length, uint32_t fresh);

#endif
