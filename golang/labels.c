/* labels.c: see labels.h. Sources: runtime/pprof/label.go and runtime.go; up to Go 1.23 labelMap is a map[string]string (runtime/map.go:
 * hmap, bmap), from Go 1.24 on it holds a slice of pairs of strings (internal/runtime/pprof/label from Go 1.26 on). */
#include "golang/labels.h"

#include <stdlib.h>
#include <string.h>

enum {
	FIRST_SLICE = 24, /* minor release */
	STRING = 16, PAIR = 2 * STRING,
	SLOTS = 8, BUCKET = SLOTS + SLOTS * PAIR + 8, /* tophash, keys, values, overflow */
	MIN_TOP_HASH = 5, /* below it a slot is empty */
	HMAP_B = 9, HMAP_BUCKETS = 16,
	MOST_B = 6, BUCKETS_MOST = 1 << (MOST_B + 1),
};

uint64_t goroutine_labels_address(struct go_runtime *runtime, const struct goroutine *goroutine)
{
	uint64_t address;

	return runtime->version.minor && go_field(runtime, goroutine->address, LAYOUT_g_labels, &address) ? address : 0;
}

/* The string whose header lies at an address; NULL: it cannot be read. */
static const char *string_at(struct go_runtime *runtime, struct arena *arena, uint64_t address)
{
	uint64_t data, size;
	char *text;

	if (!image_u64(runtime->image, address, &data) || !image_u64(runtime->image, address + 8, &size))
		return NULL;
	size = size < LABEL_LONGEST ? size : LABEL_LONGEST;
	text = arena_alloc(arena, size + 1);
	return !size || image_read(runtime->image, data, text, size) == MEM_OK ? text : NULL;
}

struct label_list {
	struct go_runtime *runtime;
	struct arena *arena;
	struct goroutine_label *items;
	size_t count;
};

static void add(struct label_list *list, uint64_t key, uint64_t value)
{
	struct goroutine_label label;

	if (list->count == LABELS_MOST)
		return;
	label.key = string_at(list->runtime, list->arena, key);
	label.value = string_at(list->runtime, list->arena, value);
	if (label.key && label.value)
		list->items[list->count++] = label;
}

static void read_slice(struct label_list *list, uint64_t address)
{
	uint64_t data, count;

	if (!image_u64(list->runtime->image, address, &data) || !image_u64(list->runtime->image, address + 8, &count))
		return;
	for (uint64_t i = 0; i < count && i < LABELS_MOST; i++)
		add(list, data + i * PAIR, data + i * PAIR + STRING);
}

/* One bucket; returns the address of the one that overflows it, 0: there is none. */
static uint64_t read_bucket(struct label_list *list, uint64_t bucket)
{
	uint64_t overflow;
	uint8_t top;

	for (unsigned i = 0; i < SLOTS; i++)
		if (image_u8(list->runtime->image, bucket + i, &top) && top >= MIN_TOP_HASH)
			add(list, bucket + SLOTS + (uint64_t)i * STRING, bucket + SLOTS + SLOTS * STRING + (uint64_t)i * STRING);
	return image_u64(list->runtime->image, bucket + BUCKET - 8, &overflow) ? overflow : 0;
}

/* Labels are written once: the map is not growing. */
static void read_map(struct label_list *list, uint64_t address)
{
	unsigned left = BUCKETS_MOST;
	uint64_t map, buckets;
	uint8_t b;

	if (!image_u64(list->runtime->image, address, &map) || !image_u8(list->runtime->image, map + HMAP_B, &b) || b > MOST_B ||
	    !image_u64(list->runtime->image, map + HMAP_BUCKETS, &buckets) || !buckets)
		return;
	for (uint64_t i = 0; i < (uint64_t)1 << b; i++)
		for (uint64_t bucket = buckets + i * BUCKET; bucket && left; left--)
			bucket = read_bucket(list, bucket);
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct goroutine_label *)a)->key, ((const struct goroutine_label *)b)->key);
}

size_t goroutine_labels(struct go_runtime *runtime, struct arena *arena, uint64_t address, struct goroutine_label ret[static LABELS_MOST])
{
	struct label_list list = {.runtime = runtime, .arena = arena, .items = ret};

	if (!address)
		return 0;
	if (runtime->version.minor >= FIRST_SLICE)
		read_slice(&list, address);
	else
		read_map(&list, address);
	qsort(ret, list.count, sizeof *ret, by_key);
	return list.count;
}
