/* id_set.h: ids of goroutines that a crash has: 64 that follow one another share an entry. */
#ifndef FORMATS_LOG_ID_SET_H
#define FORMATS_LOG_ID_SET_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

enum { ID_SET_FIRST = 16 };

/* All zero: empty. */
struct id_set {
	struct id_range {
		uint64_t first; /* divided by 64 */
		uint64_t ids;   /* bit n: first * 64 + n is there; 0: this slot is free */
	} *slots;
	size_t size, used; /* slots, a power of two */
	size_t count;      /* of ids */
};

/* Adds an id; false: it was there. */
bool id_set_add(struct id_set *ids, struct arena *arena, uint64_t id);

bool id_set_has(const struct id_set *ids, uint64_t id);

/* Empties it; what room it has is used again if it is little. */
void id_set_clear(struct id_set *ids);

#endif
