/* heap.h: Go's heap in a dump: what an address is in it. Found as the runtime itself finds it (spanOf, runtime/mheap.go):
 * mheap_.arenas leads to the heapArena of an address, its `spans` to the runtime.mspan of the page, whose element size gives
 * the object. Nothing of it is touched before it is asked for; a look-up reads some ten words of the dump. Everything read
 * is untrusted: a record that contradicts itself is told (HEAP_DAMAGED), never followed. Sources: runtime/mheap.go,
 * malloc.go, mbitmap.go, stack.go, mgcmark_greenteagc.go; Go 1.18 to 1.27. */
#ifndef GOLANG_HEAP_HEAP_H
#define GOLANG_HEAP_HEAP_H

#include "golang/runtime.h"

enum span_state { SPAN_DEAD, SPAN_IN_USE, SPAN_MANUAL, SPAN_STATES }; /* mSpanState */

/* mspan.sweepgen against mheap_.sweepgen. Until a span is swept its allocation bits are those of the cycle before: what
 * they call allocated may be garbage already. */
enum span_sweep { SWEEP_UNKNOWN, SWEEP_DUE, SWEEP_RUNNING, SWEEP_DONE, SWEEP_DUE_CACHED, SWEEP_DONE_CACHED };

/* A runtime.mspan. */
struct heap_span {
	uint64_t address;    /* of the record */
	uint64_t start, end; /* of its pages */
	uint64_t elemsize;   /* bytes of a slot; of stacks too; 0: of other memory that the runtime manages itself */
	uint64_t nelems;     /* slots; 0 unless SPAN_IN_USE */
	uint64_t freeindex;  /* slots below it are in use, whatever the bits say */
	uint64_t limit;      /* the end of the last slot, as the record has it; a large object's: of what was asked for */
	uint64_t alloc_bits, mark_bits; /* addresses of the bitmaps */
	uint64_t specials;   /* address of the first runtime.special; 0: none */
	uint64_t large_type; /* type of a large object; 0: none, or the release does not note it */
	uint32_t sweepgen;
	uint16_t alloc_count;
	uint8_t size_class;  /* 0: one large object */
	enum span_state state;
	enum span_sweep sweep;
	bool noscan;         /* its objects hold no pointers */
	bool user_arena;     /* a chunk of package arena */
};

enum heap_kind {
	HEAP_UNKNOWN, /* the heap's records were not found, or are not in the dump there */
	HEAP_OUTSIDE, /* not the heap's address space */
	HEAP_UNUSED,  /* of an arena, and never used */
	HEAP_FREE,    /* of an arena: pages that belong to nothing now */
	HEAP_OBJECT,  /* in a slot of the collected heap, allocated or free */
	HEAP_TAIL,    /* in such a span, behind its last slot: the runtime's bitmaps, or waste */
	HEAP_STACK,   /* in a span that stacks are cut from */
	HEAP_MANUAL,  /* in a span of other memory of the runtime's own (work buffers of the collector) */
	HEAP_DAMAGED, /* in a span whose record contradicts itself, or the arena */
};

enum slot_state { SLOT_UNKNOWN, SLOT_FREE, SLOT_ALLOCATED };

struct heap_place {
	enum heap_kind kind;
	struct heap_span span; /* of OBJECT, TAIL, STACK, MANUAL, DAMAGED */
	uint64_t start, size;  /* of the slot (OBJECT, STACK): what the size class gives, not what was asked for */
	uint64_t index;        /* of the slot in its span (OBJECT, STACK) */
	enum slot_state state; /* OBJECT: by freeindex and the allocation bits; FREE only if the span's count agrees with them */
	uint64_t header;       /* OBJECT: bytes at its start that hold its type, before what the program was given; 8 or 0 */
	uint64_t type;         /* OBJECT: address of the type that it was allocated with, where the heap notes it; 0 */
	uint64_t arena;        /* address of the arena's first byte; 0 if OUTSIDE or UNKNOWN */
};

/* What an address is in the heap; also returned. Linear in nothing. */
enum heap_kind heap_find(struct go_runtime *runtime, uint64_t address, struct heap_place *ret);

/* Whether the heap's records were found at all: else every address is HEAP_UNKNOWN. */
bool heap_known(struct go_runtime *runtime);

/* The state of slot `index` of a span in use. */
enum slot_state heap_slot_state(struct go_runtime *runtime, const struct heap_span *span, uint64_t index);

/* Whether the collector marked a slot in the cycle that runs or that ran last; false also when the dump does not tell. */
bool heap_slot_marked(struct go_runtime *runtime, const struct heap_span *span, uint64_t index);

/* A runtime.special: what the runtime keeps beside an object. */
struct heap_special {
	uint64_t address; /* of the record */
	uint64_t object;  /* address in the span that it is of */
	uint8_t kind;
	const char *name; /* "finalizer"; "?" for a kind that is not known (special_kinds.def) */
	bool keeps;       /* the collector keeps what the object leads to; true also where the kind is not known */
	uint64_t next;    /* address of the next record; 0: none */
};

/* The special record at an address, of a span. False: it cannot be read, or is of no place in that span. */
bool heap_special_at(struct go_runtime *runtime, const struct heap_span *span, uint64_t address, struct heap_special *ret);

/* Up to `limit` special records of a span, in its order, by address. Returns how many. */
size_t heap_specials(struct go_runtime *runtime, const struct heap_span *span, struct heap_special *ret, size_t limit);

#endif
