/* heap.c: what an address is in the heap; see heap.h. */
#include "golang/heap/records.h"

bool heap_known(struct go_runtime *runtime)
{
	return heap_of(runtime)->mheap != 0;
}

enum heap_kind heap_find(struct go_runtime *runtime, uint64_t address, struct heap_place *ret)
{
	const struct go_heap *heap = heap_of(runtime);

	*ret = (struct heap_place){0};
	return heap->mheap ? heap_place_in(runtime, heap, address, ret) : HEAP_UNKNOWN;
}

/* Small objects are marked in the span itself, at the end of its one page, since Go 1.26 (spanInlineMarkBits). */
static uint64_t inline_marks(struct go_runtime *runtime, const struct heap_span *span)
{
	const struct go_heap *heap = heap_of(runtime);
	const struct layout *l = runtime->layout;
	const uint64_t page = span->start >> heap->geometry->page_bits &
			      ((UINT64_C(1) << (heap->geometry->arena_bits - heap->geometry->page_bits)) - 1);
	uint64_t arena;
	bool used;

	if (l->offset[LAYOUT_heapArena_inlineMarks] == LAYOUT_ABSENT ||
	    l->offset[LAYOUT_spanInlineMarkBits_marks] == LAYOUT_ABSENT ||
	    !heap_arena(runtime, heap, span->start, &arena) || !arena ||
	    !heap_bit(runtime, arena + l->offset[LAYOUT_heapArena_inlineMarks], page, &used) || !used)
		return 0;
	return span->end - l->offset[LAYOUT_spanInlineMarkBits_size] + l->offset[LAYOUT_spanInlineMarkBits_marks];
}

bool heap_slot_marked(struct go_runtime *runtime, const struct heap_span *span, uint64_t index)
{
	bool marked = false;

	if (span->state != SPAN_IN_USE || index >= span->nelems)
		return false;
	if (heap_bit(runtime, span->mark_bits, index, &marked) && marked)
		return true;
	return heap_bit(runtime, inline_marks(runtime, span), index, &marked) && marked;
}
