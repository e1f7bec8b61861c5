/* span.c: the record of one span (mspan, runtime/mheap.go), the state of its slots, and what the runtime keeps beside them. */
#include "golang/heap/records.h"

#include <string.h>

enum {
	SPAN_BYTES = 256, /* of an mspan at most */
	PAGES_LIMIT = 1 << 30,
	WORD = 8,
	BITS = 8,
	BITMAP_SHARE = 64, /* of a span, its bitmap of pointers at most: a bit for a word (mbitmap.go, heapBitsInSpan) */
	INLINE_BITS = 128, /* spanInlineMarkBits, at most */
	LARGE = 0, /* size class of a span that is one object */
	OFFSET_MASK = 0xffff,
	SLOTS_LIMIT = 1 << 16,
};

/* freeindex and nelems became 16 bits wide in Go 1.22: each is as wide as they lie apart. */
static uint64_t count_field(const struct layout *layout, struct span record, enum layout_field field)
{
	const uint32_t width = layout->offset[LAYOUT_mspan_nelems] - layout->offset[LAYOUT_mspan_freeindex];

	return width == sizeof(uint16_t) ? span_u16(record, layout->offset[field]) : layout_u64(layout, record, field);
}

/* mheap.go: "if sweepgen == h->sweepgen - 2, the span needs sweeping", and so on. */
static enum span_sweep sweep_state(uint32_t span, uint32_t heap)
{
	if (span == heap)
		return SWEEP_DONE;
	if (span == heap - 2)
		return SWEEP_DUE;
	if (span == heap - 1)
		return SWEEP_RUNNING;
	if (span == heap + 1)
		return SWEEP_DUE_CACHED;
	return span == heap + 3 ? SWEEP_DONE_CACHED : SWEEP_UNKNOWN;
}

static void read_span(const struct layout *l, const struct go_heap *heap, struct span record, struct heap_span *ret)
{
	const uint8_t class = layout_u8(l, record, LAYOUT_mspan_spanclass);
	const uint64_t pages = layout_u64(l, record, LAYOUT_mspan_npages);

	ret->start = layout_u64(l, record, LAYOUT_mspan_startAddr);
	ret->end = ret->start + ((pages < PAGES_LIMIT ? pages : 0) << heap->geometry->page_bits);
	ret->elemsize = layout_u64(l, record, LAYOUT_mspan_elemsize);
	ret->nelems = count_field(l, record, LAYOUT_mspan_nelems);
	ret->freeindex = count_field(l, record, LAYOUT_mspan_freeindex);
	ret->limit = layout_u64(l, record, LAYOUT_mspan_limit);
	ret->alloc_bits = layout_u64(l, record, LAYOUT_mspan_allocBits);
	ret->mark_bits = layout_u64(l, record, LAYOUT_mspan_gcmarkBits);
	ret->specials = layout_u64(l, record, LAYOUT_mspan_specials);
	ret->large_type = class >> 1 == LARGE ? layout_u64(l, record, LAYOUT_mspan_largeType) : 0;
	ret->sweepgen = span_u32(record, l->offset[LAYOUT_mspan_sweepgen]);
	ret->alloc_count = span_u16(record, l->offset[LAYOUT_mspan_allocCount]);
	ret->size_class = class >> 1;
	ret->noscan = class & 1;
	ret->state = layout_u8(l, record, LAYOUT_mspan_state);
	ret->user_arena = layout_u8(l, record, LAYOUT_mspan_isUserArenaChunk);
	ret->sweep = ret->state == SPAN_IN_USE ? sweep_state(ret->sweepgen, heap->sweepgen) : SWEEP_UNKNOWN;
}

/* The record says in several words how large its slots are: `limit` is behind the last one, by one count or, where the span holds
 * its own bitmap (Go 1.22), by another; and no room is left for one more (mcentral.grow, mheap.initSpan). */
static bool sizes_agree(const struct heap_span *span, uint64_t size)
{
	const uint64_t used = span->limit - span->start;

	if (span->user_arena)
		return true;
	if (span->size_class == LARGE)
		return span->nelems == 1 && span->elemsize == size;
	return span->elemsize % WORD == 0 && used % span->elemsize == 0 && used <= size &&
	       used >= span->nelems * span->elemsize && (span->nelems + 1) * span->elemsize > size - size / BITMAP_SHARE - INLINE_BITS;
}

static bool is_sound(const struct go_heap *heap, const struct heap_span *span)
{
	const uint64_t size = span->end - span->start;

	if (span->state >= SPAN_STATES || span->end <= span->start ||
	    span->start & ((UINT64_C(1) << heap->geometry->page_bits) - 1))
		return false;
	if (span->state != SPAN_IN_USE)
		return span->state != SPAN_MANUAL || span->elemsize <= size;
	return span->elemsize && span->nelems && span->elemsize <= size && span->nelems <= size / span->elemsize &&
	       span->freeindex <= span->nelems && span->alloc_count <= span->nelems && sizes_agree(span, size);
}

bool span_read(struct go_runtime *runtime, const struct go_heap *heap, uint64_t address, struct heap_span *ret)
{
	const uint32_t size = runtime->layout->offset[LAYOUT_mspan_size];
	uint8_t bytes[SPAN_BYTES];

	*ret = (struct heap_span){0};
	if (size > sizeof bytes || image_read(runtime->image, address, bytes, size) != MEM_OK)
		return false;
	image_cite_field(runtime->image, address, size);
	ret->address = address;
	read_span(runtime->layout, heap, (struct span){bytes, size}, ret);
	return is_sound(heap, ret);
}

bool heap_bit(struct go_runtime *runtime, uint64_t bits, uint64_t index, bool *ret)
{
	uint8_t byte;

	if (!bits || !image_u8(runtime->image, bits + index / BITS, &byte))
		return false;
	image_cite_field(runtime->image, bits + index / BITS, 1);
	*ret = byte >> index % BITS & 1;
	return true;
}

/* Every allocation moves freeindex, then counts (nextFreeFast, nextFree, malloc.go), and a sweep counts the bits (mgcsweep.go): a thread
 * may have been stopped between the two, for one slot. Where more is counted than index and bits say, any free slot may be in use. */
bool span_counts_agree(struct go_runtime *runtime, const struct heap_span *span)
{
	uint64_t used = span->freeindex;
	bool bit;

	for (uint64_t i = span->freeindex; i < span->nelems && i < SLOTS_LIMIT; i++) {
		if (!heap_bit(runtime, span->alloc_bits, i, &bit))
			return false;
		used += bit;
	}
	return used >= span->alloc_count && used <= span->alloc_count + 1U;
}

enum slot_state heap_slot_state(struct go_runtime *runtime, const struct heap_span *span, uint64_t index)
{
	bool allocated;

	if (span->state != SPAN_IN_USE || index >= span->nelems)
		return SLOT_UNKNOWN;
	if (index < span->freeindex)
		return SLOT_ALLOCATED;
	if (!heap_bit(runtime, span->alloc_bits, index, &allocated))
		return SLOT_UNKNOWN;
	return allocated ? SLOT_ALLOCATED : SLOT_FREE;
}

/* ---- special records ---- */

static void name_special(int minor, struct heap_special *special)
{
	static const struct {
		int first, last;
		uint8_t kind;
		const char *name;
		bool keeps;
	} kinds[] = {
#define SPECIAL_KIND(first, last, kind, name, keeps) {first, last, kind, name, keeps},
#include "golang/heap/special_kinds.def"
#undef SPECIAL_KIND
	};

	special->name = "?";
	special->keeps = true;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (minor >= kinds[i].first && minor <= kinds[i].last && kinds[i].kind == special->kind) {
			special->name = kinds[i].name;
			special->keeps = kinds[i].keeps;
		}
}

/* special.offset was 16 bits wide before Go 1.24, with the kind behind it. */
bool heap_special_at(struct go_runtime *runtime, const struct heap_span *span, uint64_t address, struct heap_special *ret)
{
	const struct layout *l = runtime->layout;
	uint64_t offset;

	if (!go_field(runtime, address, LAYOUT_special_offset, &offset) ||
	    !go_field8(runtime, address, LAYOUT_special_kind, &ret->kind) ||
	    !go_field(runtime, address, LAYOUT_special_next, &ret->next))
		return false;
	if (l->offset[LAYOUT_special_kind] - l->offset[LAYOUT_special_offset] == sizeof(uint16_t))
		offset &= OFFSET_MASK;
	ret->address = address;
	ret->object = span->start + offset;
	name_special(runtime->version.minor, ret);
	return offset < span->end - span->start;
}

size_t heap_specials(struct go_runtime *runtime, const struct heap_span *span, struct heap_special *ret, size_t limit)
{
	size_t count = 0;

	for (uint64_t next = span->specials; next && count < limit; next = ret[count++].next)
		if (!heap_special_at(runtime, span, next, &ret[count]) ||
		    (count && ret[count].object < ret[count - 1].object))
			break;
	return count;
}
