/* records.c: finds runtime.mheap_ without symbols, and the arena of an address. mallocinit initialises the heap and so
 * takes its address (runtime/malloc.go); of all variables that it takes the address of, mheap_ is the one through whose
 * arenas a runtime.g, which lies in the heap, is found to be an object large enough for one. */
#include "golang/heap/records.h"

#include "golang/code_refs.h"

static const struct heap_geometry geometries[] = {
#define HEAP_GEOMETRY(...) {__VA_ARGS__},
#include "golang/heap/geometry.def"
#undef HEAP_GEOMETRY
};

enum { WORD = 8, SAMPLE = 4 };

static const struct heap_geometry *geometry_of(const struct image *image)
{
	for (size_t i = 0; i < sizeof geometries / sizeof *geometries; i++)
		if (image->arch && geometries[i].os == image->os && geometries[i].arch == image->arch->id)
			return &geometries[i];
	return NULL;
}

static bool holds_g(struct go_runtime *runtime, const struct go_heap *heap, const struct goroutine *g)
{
	struct heap_place place;

	return heap_place_in(runtime, heap, g->address, &place) == HEAP_OBJECT && place.state == SLOT_ALLOCATED &&
	       place.start + place.header == g->address && place.size >= runtime->layout->offset[LAYOUT_g_size];
}

/* Whether a few goroutines, from all over the list, lie in the heap that would be at an address. */
static bool is_heap(struct go_runtime *runtime, const struct go_heap *heap)
{
	const size_t count = runtime->goroutines.count;

	for (size_t i = 0; i < SAMPLE; i++)
		if (!holds_g(runtime, heap, &runtime->goroutines.items[i * (count - 1) / SAMPLE]))
			return false;
	return true;
}

static bool is_variable(const struct go_runtime *runtime, const struct code_ref *ref)
{
	for (size_t i = 0; i < runtime->modules.count; i++)
		if (ref->kind == REF_ADDRESS && ref->address >= runtime->modules.items[i].data_start &&
		    ref->address < runtime->modules.items[i].data_end)
			return true;
	return false;
}

static uint64_t find_mheap(struct go_runtime *runtime, const struct go_heap *known)
{
	struct code_refs refs;

	code_refs_of(runtime, runtime->functions[ROLE_MALLOCINIT], &refs);
	for (size_t i = 0; i < refs.count; i++) {
		struct go_heap heap = *known;

		heap.mheap = refs.items[i].address;
		if (is_variable(runtime, &refs.items[i]) && is_heap(runtime, &heap))
			return heap.mheap;
	}
	return 0;
}

static bool can_search(const struct go_runtime *runtime, const struct go_heap *heap)
{
	return heap->geometry && runtime->layout && runtime->layout->offset[LAYOUT_mheap_arenas] != LAYOUT_ABSENT &&
	       runtime->decoder && runtime->functions[ROLE_MALLOCINIT] && runtime->goroutines.count;
}

const struct go_heap *heap_of(struct go_runtime *runtime)
{
	struct go_heap *heap = runtime->heap;

	if (heap)
		return heap;
	heap = arena_alloc(runtime->arena, sizeof *heap);
	runtime->heap = heap;
	heap->geometry = geometry_of(runtime->image);
	if (can_search(runtime, heap))
		heap->mheap = find_mheap(runtime, heap);
	if (heap->mheap)
		go_field32(runtime, heap->mheap, LAYOUT_mheap_sweepgen, &heap->sweepgen);
	else
		note_add(runtime->notes, "the records of Go's heap were not found: what an address is there is not known");
	return heap;
}
