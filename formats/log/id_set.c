/* id_set.c: see id_set.h. */
#include "formats/log/id_set.h"

#include "base/hash.h"

#include <string.h>

enum { RANGE = 64 };

static struct id_range *slot_of(const struct id_set *ids, uint64_t first)
{
	size_t slot = hash_slot(first, ids->size);

	while (ids->slots[slot].ids && ids->slots[slot].first != first)
		slot = (slot + 1) & (ids->size - 1);
	return &ids->slots[slot];
}

static void grow(struct id_set *ids, struct arena *arena)
{
	const struct id_set old = *ids;

	ids->size = ids->size ? ids->size * 2 : ID_SET_FIRST;
	ids->slots = arena_array(arena, ids->size, sizeof *ids->slots);
	for (size_t i = 0; i < old.size; i++)
		if (old.slots[i].ids)
			*slot_of(ids, old.slots[i].first) = old.slots[i];
	arena_release(arena, old.slots, old.size * sizeof *old.slots);
}

bool id_set_add(struct id_set *ids, struct arena *arena, uint64_t id)
{
	const uint64_t bit = UINT64_C(1) << id % RANGE;
	struct id_range *range;

	if (ids->used * 2 >= ids->size)
		grow(ids, arena);
	range = slot_of(ids, id / RANGE);
	if (range->ids & bit)
		return false;
	ids->used += !range->ids;
	range->first = id / RANGE;
	range->ids |= bit;
	ids->count++;
	return true;
}

bool id_set_has(const struct id_set *ids, uint64_t id)
{
	return ids->size && (slot_of(ids, id / RANGE)->ids & UINT64_C(1) << id % RANGE);
}

void id_set_clear(struct id_set *ids)
{
	if (ids->size > ID_SET_FIRST)
		*ids = (struct id_set){0};
	else if (ids->size)
		memset(ids->slots, 0, ids->size * sizeof *ids->slots);
	ids->used = ids->count = 0;
}
