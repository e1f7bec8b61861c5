/* texts.h: texts of many incidents, each kept once: equal ones have the same address. */
#ifndef FLEET_TEXTS_H
#define FLEET_TEXTS_H

#include "base/arena.h"

#include <stdint.h>

struct text_slot {
	const char *text; /* NULL: the slot is free */
	void *value;      /* the caller's */
};

struct texts {
	struct arena *arena;
	struct text_slot *slots;
	size_t size, count; /* size: a power of two, or 0 */
};

/* The slot of a text, which is copied where it is new; it stays until the next is asked for. */
struct text_slot *texts_slot(struct texts *texts, const char *text);

/* The slot of a text that is there; NULL: it is not. */
struct text_slot *texts_find(const struct texts *texts, const char *text);

/* The text itself, kept once; NULL stays NULL. */
const char *texts_keep(struct texts *texts, const char *text);

#endif
