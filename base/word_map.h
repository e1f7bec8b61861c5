/* word_map.h: a table from words to indices, for lookups that would otherwise be linear in what a dump claims. */
#ifndef BASE_WORD_MAP_H
#define BASE_WORD_MAP_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

/* All zero: empty. */
struct word_map {
	struct word_entry {
		uint64_t word;
		uint32_t value; /* index + 1; 0: this slot is free */
	} *slots;
	size_t size, count;
};

/* Adds a word; one that is there keeps its index. False: it was there. The table grows on the arena. */
bool word_map_add(struct word_map *map, struct arena *arena, uint64_t word, uint32_t index);

/* The index of a word; -1: it is not there. */
int64_t word_map_find(const struct word_map *map, uint64_t word);

#endif
