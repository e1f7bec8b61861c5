/* span_index.c: see span_index.h. */
#include "golang/heap/span_index.h"

#include "golang/heap/records.h"

#include <stdlib.h>

enum { WORD = 8, ARENAS_MOST = 1 << 14 };

struct making {
	struct go_runtime *runtime;
	const struct go_heap *heap;
	struct arena *arena;
	struct span_index *index;
	uint64_t last; /* record that was read last */
	uint64_t most;
};

static bool add_span(struct making *making, const struct heap_span *span)
{
	struct span_index *index = making->index;
	const bool large = span->nelems == 1;

	if (!span->noscan)
		index->bytes += span->end - span->start;
	if (index->bytes > making->most || index->spans.count == UINT32_MAX - 1)
		return false;
	vec_push(making->arena, &index->spans,
		 (struct indexed_span){.start = span->start, .size = large ? span->end - span->start : span->nelems * span->elemsize,
				       .record = span->address, .specials = span->specials, .first_slot = index->slots,
				       .slot_size = large ? 0 : (uint32_t)span->elemsize, .noscan = span->noscan});
	index->slots += span->nelems;
	return true;
}

/* What a page's entry leads to. Those of free pages are left over from what they once belonged to. False: it contradicts itself. */
static bool add_page(struct making *making, uint64_t page, uint64_t record, uint32_t *number)
{
	struct span_index *index = making->index;
	struct heap_span span;
	const bool sound = record != making->last && span_read(making->runtime, making->heap, record, &span);

	if (record == making->last) {
		const struct indexed_span *last = index->spans.count ? &index->spans.items[index->spans.count - 1] : NULL;

		*number = last && last->record == record && page >= last->start ? (uint32_t)index->spans.count : 0;
		return true;
	}
	if (!span.address)
		return false;
	if (span.state == SPAN_DEAD || page < span.start || page >= span.end)
		return true;
	making->last = record;
	if (!sound || (span.state == SPAN_IN_USE && span.start != page))
		return false;
	if (span.state != SPAN_IN_USE)
		return true;
	*number = (uint32_t)index->spans.count + 1;
	return add_span(making, &span);
}

static bool add_arena(struct making *making, uint64_t start)
{
	const struct heap_geometry *g = making->heap->geometry;
	const uint64_t pages = UINT64_C(1) << (g->arena_bits - g->page_bits);
	struct indexed_arena added = {.start = start};
	uint64_t arena;
	struct span entries;

	if (!heap_arena(making->runtime, making->heap, start, &arena))
		return false;
	if (!arena)
		return true;
	entries = image_bytes(making->runtime->image, arena + making->runtime->layout->offset[LAYOUT_heapArena_spans], pages * WORD);
	if (!entries.size || making->index->arenas.count == ARENAS_MOST)
		return false;
	image_cite_field(making->runtime->image, arena + making->runtime->layout->offset[LAYOUT_heapArena_spans], pages * WORD);
	added.pages = arena_array(making->arena, pages, sizeof *added.pages);
	for (uint64_t i = 0; i < pages; i++) {
		const uint64_t record = span_u64(entries, WORD * i);

		if (!record)
			making->last = 0;
		else if (!add_page(making, start + (i << g->page_bits), record, &added.pages[i]))
			return false;
	}
	vec_push(making->arena, &making->index->arenas, added);
	return true;
}

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void sort_records(struct making *making)
{
	struct span_index *index = making->index;

	index->records = arena_array(making->arena, index->spans.count + 1, sizeof *index->records);
	for (size_t i = 0; i < index->spans.count; i++)
		index->records[i] = index->spans.items[i].record;
	qsort(index->records, index->spans.count, sizeof *index->records, compare);
}

/* All arenas lie in memory that could be written. */
static bool add_arenas(struct making *making)
{
	const uint64_t size = UINT64_C(1) << making->index->arena_bits;
	uint64_t next = 0;

	for (size_t i = 0, steps = 0; i < making->runtime->image->segments.count; i++) {
		const struct segment *segment = &making->runtime->image->segments.items[i];
		uint64_t at = segment->address & ~(size - 1);

		if (!(segment->flags & SEGMENT_WRITE) || !segment->saved.size)
			continue;
		for (at = at < next ? next : at; at < segment->address + segment->saved.size; at += size, next = at)
			if (++steps > ARENAS_MOST || !add_arena(making, at))
				return false;
	}
	return true;
}

bool span_index_make(struct go_runtime *runtime, struct arena *arena, uint64_t most, struct span_index *ret)
{
	struct making making = {.runtime = runtime, .heap = heap_of(runtime), .arena = arena, .index = ret, .most = most};

	*ret = (struct span_index){0};
	if (!making.heap->mheap)
		return false;
	ret->page_bits = making.heap->geometry->page_bits;
	ret->arena_bits = making.heap->geometry->arena_bits;
	ret->record_size = runtime->layout->offset[LAYOUT_mspan_size];
	if (!add_arenas(&making))
		return false;
	sort_records(&making);
	return true;
}

static const struct indexed_arena *arena_of(const struct span_index *index, uint64_t address)
{
	const uint64_t size = UINT64_C(1) << index->arena_bits;
	size_t low = 0, high = index->arenas.count;

	if (!high || address < index->arenas.items[0].start || address - index->arenas.items[high - 1].start >= size) /* most are not */
		high = 0;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (address < index->arenas.items[middle].start)
			high = middle;
		else if (address - index->arenas.items[middle].start >= size)
			low = middle + 1;
		else
			return &index->arenas.items[middle];
	}
	return NULL;
}

bool span_index_covers(const struct span_index *index, uint64_t address)
{
	return arena_of(index, address) != NULL;
}

bool span_index_find(const struct span_index *index, uint64_t address, struct slot *ret)
{
	const struct indexed_arena *arena = arena_of(index, address);
	const uint32_t number = arena ? arena->pages[(address - arena->start) >> index->page_bits] : 0;
	const struct indexed_span *span;
	uint64_t slot = 0;

	if (!number)
		return false;
	span = &index->spans.items[number - 1];
	if (address - span->start >= span->size)
		return false;
	if (span->slot_size)
		slot = (address - span->start) / span->slot_size;
	*ret = (struct slot){number - 1, span->first_slot + slot, span->start + slot * span->slot_size,
			     span->slot_size ? span->slot_size : span->size};
	return true;
}

bool span_index_is_record(const struct span_index *index, uint64_t address)
{
	size_t low = 0, high = index->spans.count;

	while (low < high) { /* to the first record above the address */
		const size_t middle = low + (high - low) / 2;

		if (index->records[middle] <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address - index->records[low - 1] < index->record_size;
}
