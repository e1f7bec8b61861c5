/* regions.c: see regions.h. */
#include "formats/live/regions.h"

#include "formats/exe/exe.h"

#include <stdlib.h>
#include <string.h>

enum { SMALL = 1 << 20, DATA = 64 << 20 /* bytes of a mapping */, PART = 16 << 20 /* is looked through between two looks at the clock */ };

static bool is_file(const struct live_region *region)
{
	return region->path && *region->path == '/';
}

static uint64_t size_of(const struct live_region *region)
{
	return region->end - region->start;
}

static bool is_written(const struct live_region *region)
{
	return region->readable && (region->flags & SEGMENT_WRITE) && !region->shared;
}

/* .bss: what follows a file's data without a gap. */
static bool continues_file(const struct live_maps *maps, size_t index)
{
	return index && !is_file(&maps->items[index]) && is_file(&maps->items[index - 1]) &&
	       maps->items[index - 1].end == maps->items[index].start;
}

static bool is_data(const struct live_maps *maps, size_t index)
{
	const struct live_region *region = &maps->items[index];

	return is_written(region) && (size_of(region) <= SMALL || ((is_file(region) || continues_file(maps, index)) && size_of(region) <= DATA));
}

void live_regions_want(const struct live_maps *maps, const char *program, struct live_memory *memory)
{
	for (size_t i = 0; i < maps->count; i++) {
		const struct live_region *region = &maps->items[i];
		const bool own = program && region->path && !strcmp(region->path, program);

		if (!region->readable || region->shared)
			continue;
		if (region->path && !strcmp(region->path, "[vdso]"))
			live_memory_want(memory, region->start, size_of(region));
		else if (is_data(maps, i))
			live_memory_want_written(memory, region->start, region->end, !is_file(region), is_file(region));
		else if (is_file(region) && !(region->flags & SEGMENT_WRITE) && !region->offset)
			live_memory_want(memory, region->start, live_page());
		if (is_file(region) && !(region->flags & (SEGMENT_WRITE | SEGMENT_EXEC)) && size_of(region) <= (own ? (uint64_t)DATA : SMALL))
			live_memory_want_written(memory, region->start, region->end, false, false);
	}
}

static int by_size(const void *left, const void *right)
{
	const struct live_region *a = *(const struct live_region *const *)left, *b = *(const struct live_region *const *)right;

	if (size_of(a) != size_of(b))
		return size_of(a) < size_of(b) ? -1 : 1;
	return a->start < b->start ? -1 : a->start > b->start;
}

bool live_regions_take_rest(struct arena *arena, const struct live_maps *maps, struct live_memory *memory, int64_t until)
{
	const struct live_region **regions = arena_array(arena, maps->count ? maps->count : 1, sizeof(struct live_region *));
	size_t count = 0;

	for (size_t i = 0; i < maps->count; i++)
		if (is_written(&maps->items[i]) && !is_data(maps, i))
			regions[count++] = &maps->items[i];
	qsort(regions, count, sizeof *regions, by_size);
	for (size_t i = 0; i < count; i++)
		for (uint64_t at = regions[i]->start; at < regions[i]->end; at += PART) {
			const uint64_t end = regions[i]->end - at < PART ? regions[i]->end : at + PART;

			live_memory_want_written(memory, at, end, !is_file(regions[i]), false);
			if (!live_memory_take(memory, until))
				return false;
		}
	return true;
}
