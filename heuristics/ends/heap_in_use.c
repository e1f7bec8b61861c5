/* heap_in_use.c: see heap_in_use.h. The dump lists what was mapped, whether it saved it or not. Go's heap is one address range
 * that grows upwards (arenas; runtime/malloc.go, Go 1.26), and goroutines and their stacks lie in it: what adjoins a page of
 * theirs is heap. Nothing here depends on the layout of the runtime's own structures, nor on one address in particular. */
#include "heuristics/ends/heap_in_use.h"

#include "base/size.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Goroutines of equal stacks, and what their stacks take. */
struct group_use {
	size_t group;
	uint64_t goroutines, bytes;
};

static bool is_writable(const struct segment *segment)
{
	return segment->flags & SEGMENT_WRITE;
}

static void mark(struct image *image, bool *heap, uint64_t address)
{
	const struct segment *segment = image_segment(image, address);

	if (segment && is_writable(segment) && !image_mapping(image, address))
		heap[segment - image->segments.items] = true;
}

static bool adjoins(const struct segment *low, const struct segment *high)
{
	return is_writable(low) && is_writable(high) && low->address + low->size == high->address;
}

/* Writable memory that is, or adjoins, memory of goroutines. */
static uint64_t heap_size(struct analysis *analysis)
{
	struct image *image = analysis->image;
	const struct go_runtime *runtime = analysis->runtime;
	const size_t count = image->segments.count;
	bool *heap = arena_array(analysis->arena, count + 1, sizeof *heap);
	uint64_t size = 0;

	for (size_t i = 0; i < runtime->goroutines.count; i++) {
		mark(image, heap, runtime->goroutines.items[i].address);
		mark(image, heap, runtime->goroutines.items[i].stack_lo);
	}
	for (size_t i = 1; i < count; i++)
		heap[i] = heap[i] || (heap[i - 1] && adjoins(&image->segments.items[i - 1], &image->segments.items[i]));
	for (size_t i = count; i-- > 1;)
		heap[i - 1] = heap[i - 1] || (heap[i] && adjoins(&image->segments.items[i - 1], &image->segments.items[i]));
	for (size_t i = 0; i < count; i++)
		size += heap[i] ? image->segments.items[i].size : 0;
	return size;
}

uint64_t writable_size(const struct image *image)
{
	uint64_t size = 0;

	for (size_t i = 0; i < image->segments.count; i++)
		size += is_writable(&image->segments.items[i]) ? image->segments.items[i].size : 0;
	return size;
}

static int by_bytes(const void *a, const void *b)
{
	const struct group_use *x = a;
	const struct group_use *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return x->group < y->group ? -1 : x->group > y->group;
}

/* Per group of equal stacks: its goroutines and their stacks, the largest first. */
static struct group_use *groups_by_stack(struct analysis *analysis)
{
	const struct go_runtime *runtime = analysis->runtime;
	struct group_use *uses = arena_array(analysis->arena, analysis->groups.count + 1, sizeof *uses);

	for (size_t i = 0; i < analysis->groups.count; i++)
		uses[i].group = i;
	for (size_t i = 0; i < runtime->goroutines.count; i++) {
		struct group_use *use = &uses[analysis->goroutine_group[i]];

		use->goroutines++;
		use->bytes += runtime->goroutines.items[i].stack_hi - runtime->goroutines.items[i].stack_lo;
	}
	qsort(uses, analysis->groups.count, sizeof *uses, by_bytes);
	return uses;
}

static const char *creator_of(struct analysis *analysis, size_t group)
{
	const struct goroutine *g = &analysis->runtime->goroutines.items[analysis->groups.items[group].first];
	struct frame_line line;

	if (g->id == 1 || !g->gopc || !creator_line(analysis->runtime, g->gopc, &line) || !line.function)
		return "the runtime's start";
	return line.function;
}

bool refused_line(const char *line, uint64_t *asked, uint64_t *used)
{
	return sscanf(line, "runtime: out of memory: cannot allocate %" SCNu64 "-byte block (%" SCNu64 " in use)", asked, used) == 2;
}

void heap_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct group_use *uses;
	uint64_t stacks = 0;

	evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false,
		     "by the dump's own list, %s of writable memory were mapped, %s of them in one piece with goroutines: Go's heap and stacks, "
		     "in use or free", size_text(diagnosis->arena, writable_size(analysis->image)),
		     size_text(diagnosis->arena, heap_size(analysis)));
	if (!analysis->groups.count)
		return;
	uses = groups_by_stack(analysis);
	for (size_t i = 0; i < analysis->groups.count; i++)
		stacks += uses[i].bytes;
	evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false,
		     "the stacks of %zu goroutines have %s; most, %s, those of %" PRIu64 " of equal stacks, created by %s",
		     analysis->runtime->goroutines.count, size_text(diagnosis->arena, stacks), size_text(diagnosis->arena, uses->bytes),
		     uses->goroutines, creator_of(analysis, uses->group));
}
