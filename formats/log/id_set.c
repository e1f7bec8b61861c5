/* id_set.c: see id_set.h. */
#include "formats/log/id_set.h"

#include "base/hash.h"

static bool add_to(struct id_set *ids, uint64_t value)
{
	size_t slot = hash_slot(value, ids->size);

	while (ids->slots[slot] && ids->slots[slot] != value)
		slot = (slot + 1) & (ids->size - 1);
	if (ids->slots[slot])
		return false;
	ids->slots[slot] = value;
	ids->count++;
	return true;
}

bool id_set_add(struct id_set *ids, struct arena *arena, uint64_t id)
{
	enum { FIRST = 64 };
	const struct id_set old = *ids;

	if (ids->count * 2 >= ids->size) {
		ids->size = ids->size ? ids->size * 2 : FIRST;
		ids->slots = arena_array(arena, ids->size, sizeof *ids->slots);
		ids->count = 0;
		for (size_t i = 0; i < old.size; i++)
			if (old.slots[i])
				add_to(ids, old.slots[i]);
	}
	return add_to(ids, id + 1);
}
