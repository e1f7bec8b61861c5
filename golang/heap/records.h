/* records.h: where the heap's records lie, for the files of golang/heap. */
#ifndef GOLANG_HEAP_RECORDS_H
#define GOLANG_HEAP_RECORDS_H

#include "golang/heap/heap.h"

/* How addresses are divided on one target: geometry.def. */
struct heap_geometry {
	enum target_os os;
	enum arch_id arch;
	unsigned page_bits, arena_bits, l1_bits, l2_bits;
	uint64_t base;
};

struct go_heap {
	uint64_t mheap; /* address of runtime.mheap_; 0: not found */
	uint32_t sweepgen; /* mheap_.sweepgen, which grows by 2 with each cycle of the collector; 0: unknown */
	const struct heap_geometry *geometry;
};

/* What is known of the heap, looked for once. Never NULL; mheap 0 when nothing is. */
const struct go_heap *heap_of(struct go_runtime *runtime);

/* The runtime.heapArena that an address belongs to; 0 when there is none. False: not in the dump. */
bool heap_arena(struct go_runtime *runtime, const struct go_heap *heap, uint64_t address, uint64_t *ret);

/* The runtime.mspan at an address, read and judged. False: it is not in the dump (ret->address is 0 then) or contradicts itself; *ret is what was
 * read. */
bool span_read(struct go_runtime *runtime, const struct go_heap *heap, uint64_t address, struct heap_span *ret);

/* Whether as many slots are free by freeindex and the bits as by the span's own count of those that are in use. */
bool span_counts_agree(struct go_runtime *runtime, const struct heap_span *span);

/* Bit `index` of the bits at an address, 0: none. False: not in the dump. */
bool heap_bit(struct go_runtime *runtime, uint64_t bits, uint64_t index, bool *ret);

/* heap_find with the heap given: it is not yet known to be one. */
enum heap_kind heap_place_in(struct go_runtime *runtime, const struct go_heap *heap, uint64_t address,
			     struct heap_place *ret);

#endif
