/* word_map.c: see word_map.h. Open addressing, at most half full. */
#include "base/word_map.h"

#include "base/hash.h"

enum { FIRST = 64 };

static struct word_entry *slot_of(const struct word_map *map, uint64_t word)
{
	size_t at = hash_slot(word, map->size);

	while (map->slots[at].value && map->slots[at].word != word)
		at = (at + 1) & (map->size - 1);
	return &map->slots[at];
}

static void grow(struct word_map *map, struct arena *arena)
{
	const struct word_map old = *map;

	map->size = old.size ? old.size * 2 : FIRST;
	map->slots = arena_array(arena, map->size, sizeof *map->slots);
	for (size_t i = 0; i < old.size; i++)
		if (old.slots[i].value)
			*slot_of(map, old.slots[i].word) = old.slots[i];
	arena_release(arena, old.slots, old.size * sizeof *old.slots);
}

bool word_map_add(struct word_map *map, struct arena *arena, uint64_t word, uint32_t index)
{
	struct word_entry *slot;

	if (map->count * 2 >= map->size)
		grow(map, arena);
	slot = slot_of(map, word);
	if (slot->value)
		return false;
	*slot = (struct word_entry){word, index + 1};
	map->count++;
	return true;
}

int64_t word_map_find(const struct word_map *map, uint64_t word)
{
	return map->size ? (int64_t)slot_of(map, word)->value - 1 : -1;
}
