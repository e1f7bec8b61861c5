/* spans.c: what golang/heap reads: fields of mspans, the arena's entry that leads to one, allocation and mark bits, the type at
 * an object's beginning, the heap's sweepgen. */
#include "tests/accuracy/maker.h"

#include "golang/heap/records.h"

enum { WORD = 8, BITS = 64, BYTE = 8, SPANS_LIMIT = 48 };

struct spans {
	VEC(struct heap_place) list;
};

static void add_span(struct target *target, struct spans *spans, uint64_t address)
{
	struct heap_place place;

	heap_find(target->runtime, address, &place);
	if (!place.span.address || spans->list.count == SPANS_LIMIT)
		return;
	for (size_t i = 0; i < spans->list.count; i++)
		if (spans->list.items[i].span.address == place.span.address)
			return;
	vec_push(target->arena, &spans->list, place);
}

static void find_spans(struct target *target, const struct view *view, struct spans *ret)
{
	const struct analysis *analysis = target->diagnosis->analysis;

	if (analysis->fault.has_address)
		add_span(target, ret, analysis->fault.address);
	add_span(target, ret, target->runtime->goroutines.items[view->goroutine].address);
	add_span(target, ret, target->runtime->goroutines.items[view->goroutine].stack_lo);
	for (size_t i = 0; i < view->objects.count; i++)
		add_span(target, ret, view->objects.items[i]);
}

/* All values of a field that are tried; `other`: what another span has. */
static void change_word(struct maker *maker, const struct view *view, uint64_t address, size_t size, uint64_t other)
{
	const uint64_t random = maker_chance(maker, address, 30);
	struct mutation mutation = {.class = SPAN_FIELD, .goroutine = view->goroutine, .address = address};
	uint64_t old;

	if (!image_u64(maker->target->image, address, &old))
		return;
	old &= UINT64_MAX >> (BITS - BYTE * size);
	const uint64_t values[] = {0, 1, old + 1, old - 1, old * 2, old / 2, old ^ (uint64_t)1 << random % (BYTE * size),
				   old ^ (uint64_t)1 << (random >> 8) % BYTE, random, UINT64_MAX, other};

	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		maker_add_field(maker, mutation, size, values[i]);
}

static size_t width(const struct layout *layout, enum layout_field field)
{
	switch (field) {
	case LAYOUT_mspan_freeindex:
	case LAYOUT_mspan_nelems: /* uint16 since Go 1.22 */
		return layout->offset[LAYOUT_mspan_nelems] - layout->offset[LAYOUT_mspan_freeindex];
	case LAYOUT_mspan_sweepgen:
		return sizeof(uint32_t);
	case LAYOUT_mspan_allocCount:
		return sizeof(uint16_t);
	case LAYOUT_mspan_spanclass:
	case LAYOUT_mspan_state:
	case LAYOUT_mspan_isUserArenaChunk:
		return 1;
	default:
		return WORD;
	}
}

static void change_fields(struct maker *maker, const struct view *view, uint64_t record, uint64_t donor)
{
	static const enum layout_field fields[] = {
		LAYOUT_mspan_startAddr, LAYOUT_mspan_npages, LAYOUT_mspan_freeindex, LAYOUT_mspan_nelems,
		LAYOUT_mspan_allocBits, LAYOUT_mspan_gcmarkBits, LAYOUT_mspan_sweepgen, LAYOUT_mspan_allocCount,
		LAYOUT_mspan_spanclass, LAYOUT_mspan_state, LAYOUT_mspan_isUserArenaChunk, LAYOUT_mspan_elemsize,
		LAYOUT_mspan_specials, LAYOUT_mspan_largeType,
	};
	const struct layout *layout = maker->target->runtime->layout;

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		const uint32_t offset = layout->offset[fields[i]];
		uint64_t other = 0;

		if (offset == LAYOUT_ABSENT)
			continue;
		image_u64(maker->target->image, donor + offset, &other);
		change_word(maker, view, record + offset, width(layout, fields[i]), other);
	}
}

/* The arena's pointer to the record, the bits of the object, its type. */
static void change_around(struct maker *maker, const struct view *view, const struct heap_place *place, uint64_t donor)
{
	const struct go_heap *heap = heap_of(maker->target->runtime);
	const uint64_t page = (place->span.start - place->arena) >> heap->geometry->page_bits, byte = place->index / BYTE;
	uint64_t arena;

	if (heap_arena(maker->target->runtime, heap, place->span.start, &arena) && arena)
		change_word(maker, view, arena + maker->target->runtime->layout->offset[LAYOUT_heapArena_spans] + WORD * page, WORD,
			    donor);
	if (place->kind != HEAP_OBJECT)
		return;
	change_word(maker, view, place->span.alloc_bits + byte, 1, 0);
	change_word(maker, view, place->span.mark_bits + byte, 1, 0);
	if (place->header)
		change_word(maker, view, place->start, WORD, donor);
}

void change_spans(struct maker *maker, const struct view *view)
{
	struct go_runtime *runtime = maker->target->runtime;
	struct spans spans = {0};

	if (view->goroutine < 0 || !heap_known(runtime))
		return;
	find_spans(maker->target, view, &spans);
	for (size_t i = 0; i < spans.list.count; i++) {
		const uint64_t donor = spans.list.items[(i + 1) % spans.list.count].span.address;

		change_fields(maker, view, spans.list.items[i].span.address, donor);
		change_around(maker, view, &spans.list.items[i], donor);
	}
	change_word(maker, view, heap_of(runtime)->mheap + runtime->layout->offset[LAYOUT_mheap_sweepgen], sizeof(uint32_t), 0);
}
