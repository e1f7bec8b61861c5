/* goroutine_index.c: see goroutine_index.h. */
#include "formats/log/goroutine_index.h"

/* All but the first are in order. */
static int64_t find_ordered(const struct log_record *record, uint64_t id)
{
	const struct recorded_goroutine *items = record->goroutines.items;
	size_t low = 1, high = record->goroutines.count;

	if (high && items[0].id == id)
		return 0;
	if (high < 2 || items[high - 1].id < id)
		return -1;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (items[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < record->goroutines.count && items[low].id == id ? (int64_t)low : -1;
}

int64_t goroutine_index_find(const struct goroutine_index *index, const struct log_record *record, uint64_t id)
{
	return index->broken ? word_map_find(&index->map, id) : find_ordered(record, id);
}

static void break_order(struct goroutine_index *index, struct arena *arena, const struct log_record *record)
{
	index->broken = true;
	for (size_t i = 0; i < record->goroutines.count; i++)
		word_map_add(&index->map, arena, record->goroutines.items[i].id, (uint32_t)i);
}

bool goroutine_index_add(struct goroutine_index *index, struct arena *arena, struct log_record *record, const struct recorded_goroutine *g)
{
	const size_t count = record->goroutines.count;

	if (goroutine_index_find(index, record, g->id) >= 0)
		return false;
	if (!index->broken && count > 1 && record->goroutines.items[count - 1].id > g->id)
		break_order(index, arena, record);
	if (index->broken)
		word_map_add(&index->map, arena, g->id, (uint32_t)count);
	vec_push(arena, &record->goroutines, *g);
	return true;
}
