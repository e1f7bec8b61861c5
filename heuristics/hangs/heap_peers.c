/* heap_peers.c: see heap_peers.h. */
#include "heuristics/hangs/heap_peers.h"

#include "analyzer/waits/mentions.h"
#include "golang/heap/heap.h"

enum { WORD = 8, OBJECTS_MOST = 64, STACK_BYTES = 256 << 20 };

static const uint64_t search_bytes = (uint64_t)1 << 30;

static bool is_wanted(const uint64_t *addresses, size_t count, uint64_t word)
{
	for (size_t i = 0; i < count; i++)
		if (addresses[i] == word)
			return true;
	return false;
}

struct search {
	struct analysis *analysis;
	const uint64_t *addresses;
	size_t count;
	struct mentions objects;
};

/* Adds the starts of objects in which such words lie. False: too many. */
static bool add_objects(void *context, uint64_t from, struct span bytes)
{
	struct search *search = context;

	for (uint64_t at = 0; at + WORD <= bytes.size; at += WORD) {
		struct heap_place place;

		if (!is_wanted(search->addresses, search->count, load_u64(bytes.data + at)))
			continue;
		image_cite(search->analysis->image, from + at, WORD);
		if (heap_find(search->analysis->runtime, from + at, &place) != HEAP_OBJECT)
			continue;
		mention_add(search->analysis->arena, &search->objects, place.start);
		if (search->objects.items.count > OBJECTS_MOST)
			return false;
	}
	return true;
}

bool heap_peers_run(struct analysis *analysis, const uint64_t *addresses, size_t count)
{
	struct search search = {.analysis = analysis, .addresses = addresses, .count = count};
	const struct mentions *objects = &search.objects;
	uint64_t bytes = STACK_BYTES;

	if (!image_each_writable(analysis->image, search_bytes, add_objects, &search))
		return true;
	mentions_scan(analysis, &search.objects, &bytes);
	for (size_t i = 0; i < objects->items.count; i++) {
		const struct mention *object = &objects->items.items[i];

		for (size_t k = 0; k < object->holder_count && k < HOLDERS_KEPT; k++)
			if (analysis->runtime->goroutines.items[object->holders[k]].status != G_WAITING)
				return true;
	}
	return !objects->complete;
}
