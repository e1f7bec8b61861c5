/* span_index.h: all blocks of objects at once, for who goes through the heap as the collector does: millions of addresses are looked
 * up, and heap_find would read ten words for each. */
#ifndef GOLANG_HEAP_SPAN_INDEX_H
#define GOLANG_HEAP_SPAN_INDEX_H

#include "golang/heap/heap.h"

struct indexed_span {
	uint64_t start, size;  /* of its slots, which come one after another */
	uint64_t record, specials; /* addresses: of the runtime.mspan, of the first special record (0: none) */
	uint64_t first_slot;   /* number of its first slot among those of all spans */
	uint32_t slot_size;    /* bytes; 0: one large object */
	bool noscan;           /* its objects hold no pointers */
};

struct indexed_arena {
	uint64_t start;
	uint32_t *pages; /* per page 1 + the number of its span; 0: none that holds objects */
};

struct span_index {
	VEC(struct indexed_span) spans;   /* ascending */
	VEC(struct indexed_arena) arenas; /* ascending */
	uint64_t *records; /* addresses of the spans' records, ascending; as many as spans */
	uint64_t record_size;
	unsigned page_bits, arena_bits;
	uint64_t slots;    /* of all spans */
	uint64_t bytes;    /* of spans whose objects may hold pointers */
};

/* A slot of one of them. */
struct slot {
	uint32_t span;    /* number in the index */
	uint64_t number;  /* among all slots */
	uint64_t start, size;
};

/* False: the heap is not known, some of it is not in the dump or contradicts itself, or it is larger than `most` bytes. */
bool span_index_make(struct go_runtime *runtime, struct arena *arena, uint64_t most, struct span_index *ret);

/* Whether an address lies in an arena of the heap, be it used for objects or not. */
bool span_index_covers(const struct span_index *index, uint64_t address);

/* The slot that an address lies in. */
bool span_index_find(const struct span_index *index, uint64_t address, struct slot *ret);

/* Whether an address lies in a span's record. */
bool span_index_is_record(const struct span_index *index, uint64_t address);

#endif
