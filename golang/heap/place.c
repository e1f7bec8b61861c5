/* place.c: which slot of which span an address lies in, given a heap. */
#include "golang/heap/records.h"

#include "golang/types.h"

enum {
	WORD = 8,
	HEADER_MIN = 512, /* slots larger than that, with pointers, begin with the type (minSizeForMallocHeader) */
};

/* Since Go 1.22, which notes the type of large objects too (mbitmap.go, "malloc header"). A free slot's may be stale. */
static void note_type(struct go_runtime *runtime, struct heap_place *place)
{
	const struct heap_span *span = &place->span;

	place->type = span->large_type;
	if (runtime->layout->offset[LAYOUT_mspan_largeType] != LAYOUT_ABSENT && span->size_class && !span->noscan &&
	    !span->user_arena && span->elemsize > HEADER_MIN) {
		place->header = WORD;
		if (place->state != SLOT_ALLOCATED || !image_u64(runtime->image, place->start, &place->type))
			place->type = 0;
	}
	if (place->type && !go_type_is(runtime, place->type))
		place->type = 0;
}

static enum heap_kind find_slot(struct go_runtime *runtime, uint64_t address, struct heap_place *place)
{
	const struct heap_span *span = &place->span;

	if (!span->elemsize)
		return HEAP_MANUAL;
	place->index = (address - span->start) / span->elemsize;
	place->start = span->start + place->index * span->elemsize;
	place->size = span->elemsize;
	if (span->state == SPAN_MANUAL)
		return HEAP_STACK;
	if (place->index >= span->nelems) {
		place->index = place->start = place->size = 0;
		return HEAP_TAIL;
	}
	place->state = heap_slot_state(runtime, span, place->index);
	if (place->state == SLOT_FREE && !span_counts_agree(runtime, span))
		place->state = SLOT_UNKNOWN;
	note_type(runtime, place);
	return HEAP_OBJECT;
}

/* What the arena of an address knows of its pages. */
struct arena_pages {
	uint64_t address; /* of the heapArena */
	uint64_t first, end; /* of the arena's memory */
	const struct heap_geometry *geometry;
};

static bool leads_to(struct go_runtime *runtime, const struct arena_pages *arena, uint64_t address, uint64_t record)
{
	uint64_t entry;

	return address >= arena->first && address < arena->end &&
	       go_field(runtime, arena->address + WORD * ((address - arena->first) >> arena->geometry->page_bits),
			LAYOUT_heapArena_spans, &entry) &&
	       entry == record;
}

/* The bit of a span's first page says that it holds objects (mheap.go, pageInUse). */
static bool is_in_use(struct go_runtime *runtime, const struct arena_pages *arena, uint64_t start)
{
	const uint32_t offset = runtime->layout->offset[LAYOUT_heapArena_pageInUse];
	bool used = false;

	return offset != LAYOUT_ABSENT && start >= arena->first && start < arena->end &&
	       heap_bit(runtime, arena->address + offset, (start - arena->first) >> arena->geometry->page_bits, &used) && used;
}

/* A span's first page leads to it, and its last. Of one that goes on in the next arena only the part in this one is asked. */
static bool is_mapped(struct go_runtime *runtime, const struct arena_pages *arena, const struct heap_span *span)
{
	const bool begins = span->start >= arena->first && span->start < arena->end;
	const bool ends = span->end > arena->first && span->end <= arena->end;

	return (!begins || leads_to(runtime, arena, span->start, span->address)) &&
	       (!ends || leads_to(runtime, arena, span->end - 1, span->address)) &&
	       (!begins || (span->state == SPAN_IN_USE) == is_in_use(runtime, arena, span->start));
}

/* The record has been given to another span since: a sound one, which does not just end before the page that leads to it. */
static bool is_reused(struct go_runtime *runtime, const struct arena_pages *arena, const struct heap_span *span)
{
	return is_mapped(runtime, arena, span) && !leads_to(runtime, arena, span->start - 1, span->address) &&
	       !leads_to(runtime, arena, span->end, span->address);
}

/* The entries of free pages are left over from what they once belonged to, whose record is dead or another's by now. */
static bool is_left_over(struct go_runtime *runtime, const struct arena_pages *arena, const struct heap_span *span, bool sound,
			 uint64_t address)
{
	if (is_in_use(runtime, arena, address))
		return false;
	if (span->state != SPAN_DEAD)
		return sound && is_reused(runtime, arena, span);
	return address < span->start || address >= span->end || !is_in_use(runtime, arena, span->start);
}

static enum heap_kind judge(struct go_runtime *runtime, const struct go_heap *heap, const struct arena_pages *arena, uint64_t record,
			    uint64_t address, struct heap_place *place)
{
	struct heap_span *span = &place->span;
	const bool sound = span_read(runtime, heap, record, span);

	if (!span->address)
		return HEAP_UNKNOWN;
	if (span->state != SPAN_DEAD && address >= span->start && address < span->end)
		return sound && is_mapped(runtime, arena, span) ? find_slot(runtime, address, place) : HEAP_DAMAGED;
	if (!is_left_over(runtime, arena, span, sound, address))
		return HEAP_DAMAGED;
	*span = (struct heap_span){0};
	return HEAP_FREE;
}

enum heap_kind heap_place_in(struct go_runtime *runtime, const struct go_heap *heap, uint64_t address,
			     struct heap_place *ret)
{
	const struct heap_geometry *g = heap->geometry;
	const uint64_t offset = (address - g->base) & ((UINT64_C(1) << g->arena_bits) - 1);
	struct arena_pages pages;
	uint64_t arena, record;

	*ret = (struct heap_place){0};
	if (!heap_arena(runtime, heap, address, &arena))
		return HEAP_UNKNOWN;
	if (!arena)
		return ret->kind = HEAP_OUTSIDE;
	ret->arena = address - offset;
	if (!go_field(runtime, arena + WORD * (offset >> g->page_bits), LAYOUT_heapArena_spans, &record))
		return HEAP_UNKNOWN;
	if (!record)
		return ret->kind = HEAP_UNUSED;
	pages = (struct arena_pages){arena, ret->arena, ret->arena + (UINT64_C(1) << g->arena_bits), g};
	return ret->kind = judge(runtime, heap, &pages, record, address, ret);
}
