/* heap_place.c: what an address of Go's heap is, in words; see address_place.h. */
#include "heuristics/faults/address_place.h"

#include "base/count.h"
#include "golang/heap/heap.h"
#include "golang/types.h"

#include <inttypes.h>

static const char *object_text(const struct diagnosis *diagnosis, uint64_t address, const struct heap_place *place)
{
	const uint64_t within = address - place->start;
	const char *type = place->type ? go_type_name(diagnosis->analysis->runtime, place->type) : NULL;
	const char *at = within ? arena_printf(diagnosis->arena, "%s into", counted_text(diagnosis->arena, within, "byte")) : "the start of";

	if (place->state == SLOT_FREE)
		return arena_printf(diagnosis->arena, "%s a place for Go objects of %" PRIu64 " bytes (at 0x%" PRIx64
				    ") that is free now", at, place->size, place->start);
	return arena_printf(diagnosis->arena, "%s a Go object of %" PRIu64 " bytes (at 0x%" PRIx64 "%s%s)", at, place->size,
			    place->start, type ? ", allocated as " : "", type ? type : "");
}

const char *heap_place_text(const struct diagnosis *diagnosis, uint64_t address)
{
	struct heap_place place;

	switch (heap_find(diagnosis->analysis->runtime, address, &place)) {
	case HEAP_OBJECT:
		return object_text(diagnosis, address, &place);
	case HEAP_TAIL:
		return "in the Go heap, behind the last object of its pages";
	case HEAP_STACK:
		return arena_printf(diagnosis->arena, "on a stack of %" PRIu64 " bytes (at 0x%" PRIx64
				    ") that no goroutine has now", place.size, place.start);
	case HEAP_MANUAL:
		return "in memory that Go's runtime manages for itself";
	case HEAP_FREE:
		return "in the Go heap, in pages that hold nothing now";
	case HEAP_UNUSED:
		return "in address space that is reserved for the Go heap and was never used";
	case HEAP_DAMAGED:
		return "in the Go heap, in pages whose record (mspan) contradicts itself";
	default:
		return NULL;
	}
}
