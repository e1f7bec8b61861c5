/* intern.h: texts that come again and again, kept once: equal texts are one pointer. */
#ifndef FORMATS_LOG_INTERN_H
#define FORMATS_LOG_INTERN_H

#include "base/arena.h"

#include <stdint.h>

struct interned_text {
	const char *text;
	uint32_t length, value;
};

/* All zero: empty. */
struct interned {
	struct interned_slot {
		uint32_t digest; /* upper half of the text's */
		uint32_t entry;  /* number + 1; 0: this slot is free */
	} *slots;
	struct interned_text **chunks; /* entries stay where they are */
	size_t size, count;
};

/* The entry of a text, made if it is new: its value then is `fresh`. A key may hold any bytes, at most 4 GB. */
struct interned_text *intern(struct interned *table, struct arena *arena, const char *text, size_t length, uint32_t fresh);

#endif
