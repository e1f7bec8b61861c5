/* memory_lists.c: see memory_lists.h. */
#include "formats/slim/memory_lists.h"

#include <string.h>

enum { LIST_HEADER = 16, RANGE = 16 };
enum { THREAD = 48, STACK = 24 /* MINIDUMP_MEMORY_DESCRIPTOR: start, size, RVA */, SIZE_AT = 8, RVA_AT = 12 };

uint64_t memory_list_size(const struct layout_plan *plan)
{
	return LIST_HEADER + plan->runs.items.count * RANGE;
}

struct piece memory_list(struct layout_plan *plan, uint64_t at, uint64_t position)
{
	const struct page_runs *runs = &plan->runs;
	const uint64_t size = memory_list_size(plan);
	uint8_t *bytes = arena_alloc(plan->image->arena, (size_t)size);
	uint8_t *next = bytes;

	append_number(&next, runs->items.count, 8);
	append_number(&next, position, 8);
	for (size_t i = 0; i < runs->items.count; i++) {
		struct page_run *run = &runs->items.items[i];

		append_number(&next, run->segment->address + run->offset, 8);
		append_number(&next, run->size, 8);
		run->position = position;
		position += run->size;
	}
	return (struct piece){.position = at, .original = SLIM_MADE, .size = size, .bytes = bytes};
}

static const struct page_run *run_at(const struct layout_plan *plan, uint64_t address)
{
	size_t low = 0, high = plan->runs.items.count; /* ascending, as segments are */

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct page_run *run = &plan->runs.items.items[middle];
		const uint64_t start = run->segment->address + run->offset;

		if (address - start < run->size)
			return run;
		if (start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* Where a stack lies in the new file, as far as it is in one piece; else readers look for it in the list of memory. */
static void place_stack(const struct layout_plan *plan, uint8_t *descriptor)
{
	const uint64_t start = load_u64(descriptor);
	const struct page_run *run = run_at(plan, start);
	const uint64_t within = run ? start - (run->segment->address + run->offset) : 0;
	const uint64_t size = load_u32(descriptor + SIZE_AT), most = run ? run->size - within : 0;
	const bool placed = run && run->position + within <= UINT32_MAX;
	uint8_t *at = descriptor + SIZE_AT;

	append_number(&at, !placed ? 0 : size < most ? size : most, 4);
	append_number(&at, placed ? run->position + within : 0, 4);
}

struct piece thread_list(const struct layout_plan *plan, struct span list, uint64_t at)
{
	const uint64_t count = span_u32(list, 0);
	const uint64_t first = list.size == 8 + count * THREAD ? 8 : 4; /* some writers align */
	uint8_t *bytes = arena_alloc(plan->image->arena, list.size);

	if (list.size)
		memcpy(bytes, list.data, list.size);
	for (uint64_t i = 0; i < count && first + (i + 1) * THREAD <= list.size; i++)
		if (load_u32(bytes + first + i * THREAD + STACK + RVA_AT))
			place_stack(plan, bytes + first + i * THREAD + STACK);
	return (struct piece){.position = at, .original = SLIM_MADE, .size = list.size, .bytes = bytes};
}
