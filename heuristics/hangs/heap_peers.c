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

/* Adds the starts of objects in which such words lie. False: too many, or memory of no known use. */
static bool add_objects(struct analysis *analysis, struct mentions *objects, const uint64_t *addresses, size_t count, uint64_t from,
			struct span bytes)
{
	for (uint64_t at = 0; at + WORD <= bytes.size; at += WORD) {
		struct heap_place place;

		if (!is_wanted(addresses, count, load_u64(bytes.data + at)) ||
		    heap_find(analysis->runtime, from + at, &place) != HEAP_OBJECT)
			continue;
		mention_add(analysis->arena, objects, place.start);
		if (objects->items.count > OBJECTS_MOST)
			return false;
	}
	return true;
}

static bool find_objects(struct analysis *analysis, struct mentions *objects, const uint64_t *addresses, size_t count)
{
	struct image *image = analysis->image;
	uint64_t left = search_bytes;

	for (size_t i = 0; i < image->segments.count; i++) {
		const struct segment *segment = &image->segments.items[i];
		uint64_t at = segment->address;
		struct span bytes;

		if (!(segment->flags & SEGMENT_WRITE))
			continue;
		for (; (bytes = image_next(image, &at, segment->address + segment->size)).size; at += bytes.size) {
			if (bytes.size > left || !add_objects(analysis, objects, addresses, count, at, bytes))
				return false;
			left -= bytes.size;
		}
	}
	return true;
}

bool heap_peers_run(struct analysis *analysis, const uint64_t *addresses, size_t count)
{
	struct mentions objects = {0};
	uint64_t bytes = STACK_BYTES;

	if (!find_objects(analysis, &objects, addresses, count))
		return true;
	mentions_scan(analysis, &objects, &bytes);
	for (size_t i = 0; i < objects.items.count; i++) {
		const struct mention *object = &objects.items.items[i];

		for (size_t k = 0; k < object->holder_count && k < HOLDERS_KEPT; k++)
			if (analysis->runtime->goroutines.items[object->holders[k]].status != G_WAITING)
				return true;
	}
	return !objects.complete;
}
