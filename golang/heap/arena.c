/* arena.c: the record of the arena that an address belongs to (runtime/mheap.go arenaIndex). */
#include "golang/heap/records.h"

enum { WORD = 8 };

bool heap_arena(struct go_runtime *runtime, const struct go_heap *heap, uint64_t address, uint64_t *ret)
{
	const struct heap_geometry *g = heap->geometry;
	const uint64_t index = (address - g->base) >> g->arena_bits;
	uint64_t second;

	*ret = 0;
	if (index >> (g->l1_bits + g->l2_bits))
		return true;
	if (!go_field(runtime, heap->mheap + WORD * (index >> g->l2_bits), LAYOUT_mheap_arenas, &second))
		return false;
	return !second || image_u64(runtime->image, second + WORD * (index & ((UINT64_C(1) << g->l2_bits) - 1)), ret);
}
