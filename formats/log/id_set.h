/* id_set.h: ids of goroutines that a crash has. */
#ifndef FORMATS_LOG_ID_SET_H
#define FORMATS_LOG_ID_SET_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

/* All zero: empty. */
struct id_set {
	uint64_t *slots; /* id + 1; a power of two */
	size_t size, count;
};

/* Adds an id; false: it was there. */
bool id_set_add(struct id_set *ids, struct arena *arena, uint64_t id);

#endif
