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
	note_type(runtime, place);
	return HEAP_OBJECT;
}

/* The entries of free pages are left over from what they once belonged to, or null when they never did. */
static enum heap_kind judge(struct go_runtime *runtime, const struct go_heap *heap, uint64_t record, uint64_t address,
			    struct heap_place *place)
{
	const struct heap_span *span = &place->span;
	const bool sound = span_read(runtime, heap, record, &place->span);

	if (!span->address)
		return HEAP_UNKNOWN;
	if (span->state == SPAN_DEAD || address < span->start || address >= span->end) {
		place->span = (struct heap_span){0};
		return HEAP_FREE;
	}
	return sound ? find_slot(runtime, address, place) : HEAP_DAMAGED;
}

enum heap_kind heap_place_in(struct go_runtime *runtime, const struct go_heap *heap, uint64_t address,
			     struct heap_place *ret)
{
	const struct heap_geometry *g = heap->geometry;
	const uint64_t offset = (address - g->base) & ((UINT64_C(1) << g->arena_bits) - 1);
	uint64_t arena, record;

	*ret = (struct heap_place){0};
	if (!heap_arena(runtime, heap, address, &arena))
		return HEAP_UNKNOWN;
	if (!arena)
		return ret->kind = HEAP_OUTSIDE;
	ret->arena = address - offset;
	if (!go_field(runtime, arena + WORD * (offset >> g->page_bits), LAYOUT_heapArena_spans, &record))
		return HEAP_UNKNOWN;
	return ret->kind = record ? judge(runtime, heap, record, address, ret) : HEAP_UNUSED;
}
