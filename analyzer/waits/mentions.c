/* mentions.c: see mentions.h. Words of stacks are looked up by hash, so that it costs the same for one address and for
 * hundreds. */
#include "analyzer/waits/mentions.h"

#include "base/slices.h"
#include "golang/recorded_arguments.h"

enum { FIRST_SLOTS = 256, WORD = 8, LEAST = 1024 /* goroutines for a thread */ };

static uint32_t *slot_of(const struct mentions *mentions, uint64_t address)
{
	size_t at = (size_t)digest_add(0, address) & (mentions->slot_count - 1);

	while (mentions->slots[at] && mentions->items.items[mentions->slots[at] - 1].address != address)
		at = (at + 1) & (mentions->slot_count - 1);
	return &mentions->slots[at];
}

static void grow(struct arena *arena, struct mentions *mentions)
{
	mentions->slot_count = mentions->slot_count ? mentions->slot_count * 2 : FIRST_SLOTS;
	mentions->slots = arena_array(arena, mentions->slot_count, sizeof *mentions->slots);
	for (size_t i = 0; i < mentions->items.count; i++)
		*slot_of(mentions, mentions->items.items[i].address) = (uint32_t)i + 1;
}

size_t mention_add(struct arena *arena, struct mentions *mentions, uint64_t address)
{
	uint32_t *slot;

	if (mentions->items.count * 4 >= mentions->slot_count)
		grow(arena, mentions);
	slot = slot_of(mentions, address);
	if (!*slot) {
		vec_push(arena, &mentions->items, (struct mention){.address = address});
		*slot = (uint32_t)mentions->items.count;
	}
	return *slot - 1;
}

size_t mention_find(const struct mentions *mentions, uint64_t address)
{
	return mentions->slot_count ? (size_t)*slot_of(mentions, address) - 1 : SIZE_MAX;
}

uint64_t stack_live_from(const struct goroutine *g)
{
	uint64_t sp = g->status == G_RUNNING ? 0 : g->syscall_sp ? g->syscall_sp : g->sched_sp;

	return sp >= g->stack_lo && sp < g->stack_hi ? sp & ~(uint64_t)(WORD - 1) : g->stack_lo;
}

static struct span live_words(const struct analysis *analysis, struct image *image, size_t goroutine)
{
	const struct goroutine *g = &analysis->runtime->goroutines.items[goroutine];
	uint64_t from = stack_live_from(g);

	return image_peek(image, from, g->stack_hi > from ? g->stack_hi - from : 0);
}

size_t stacks_within(struct analysis *analysis, uint64_t *bytes)
{
	size_t count = 0;

	for (; count < analysis->runtime->goroutines.count; count++) {
		size_t size = live_words(analysis, analysis->image, count).size;

		if (size > *bytes)
			break;
		*bytes -= size;
	}
	return count;
}

struct scan {
	const struct analysis *analysis;
	const struct mentions *mentions;
	uint64_t low, high; /* of the addresses looked for: most words of stacks are none of them */
	struct mention *items[SLICES_MOST]; /* what each thread found in its part of the goroutines */
};

/* Counts a holder. Goroutines come in ascending order, so the last one tells whether this one has been counted. */
static void mention_count(struct mention *mention, uint32_t goroutine)
{
	if (mention->holder_count && mention->last == goroutine)
		return;
	if (mention->holder_count < HOLDERS_KEPT)
		mention->holders[mention->holder_count] = goroutine;
	mention->holder_count++;
	mention->last = goroutine;
}

static void scan_slice(void *context, size_t number, size_t from, size_t to)
{
	const struct scan *scan = context;
	struct mention *items = scan->items[number];
	struct image image = *scan->analysis->image; /* with a cache of lookups of its own */

	for (size_t i = from; i < to; i++) {
		struct span words = live_words(scan->analysis, &image, i);

		fetch_ahead(scan->analysis, i);
		for (uint64_t at = 0; at + WORD <= words.size; at += WORD) {
			uint64_t word = span_u64(words, at);
			uint32_t item = word >= scan->low && word <= scan->high ? *slot_of(scan->mentions, word) : 0;

			if (!item)
				continue;
			image_cite(&image, stack_live_from(&scan->analysis->runtime->goroutines.items[i]) + at, WORD);
			mention_count(&items[item - 1], (uint32_t)i);
		}
	}
}

static void add_holders(struct mention *mention, const struct mention *more)
{
	for (size_t i = 0; i < more->holder_count && i < HOLDERS_KEPT; i++)
		if (mention->holder_count + i < HOLDERS_KEPT)
			mention->holders[mention->holder_count + i] = more->holders[i];
	mention->holder_count += more->holder_count;
}

static void find_range(struct scan *scan)
{
	scan->low = UINT64_MAX;
	for (size_t i = 0; i < scan->mentions->items.count; i++) {
		const uint64_t address = scan->mentions->items.items[i].address;

		scan->low = address && address < scan->low ? address : scan->low;
		scan->high = address > scan->high ? address : scan->high;
	}
}

static void scan_recorded_frame(const struct recorded_frame *frame, struct mentions *mentions, uint32_t goroutine)
{
	uint64_t value;
	size_t at = 0;
	bool unsure;

	while (recorded_argument(frame, &at, &value, &unsure)) {
		const size_t item = value ? mention_find(mentions, value) : SIZE_MAX;

		if (item != SIZE_MAX)
			mention_count(&mentions->items.items[item], goroutine);
	}
}

/* Of a log: arguments are words of stacks, the only ones that are known. */
static void scan_recorded(struct analysis *analysis, struct mentions *mentions)
{
	const struct log_record *record = analysis->runtime->recorded->record;

	mentions->complete = !mentions->items.count;
	for (size_t i = 0; mentions->items.count && i < record->goroutines.count; i++) {
		const struct recorded_stack *stack = &record->goroutines.items[i].stack;

		for (size_t k = 0; k < stack->count; k++)
			scan_recorded_frame(&record->frames.items[stack->first + k], mentions, (uint32_t)i);
	}
}

static void scan_memory(struct analysis *analysis, struct mentions *mentions, uint64_t *bytes)
{
	const size_t all = analysis->runtime->goroutines.count;
	const size_t count = mentions->items.count ? stacks_within(analysis, bytes) : 0;
	const size_t slices = slices_count(analysis->image->workers, count, LEAST);
	struct scan scan = {.analysis = analysis, .mentions = mentions};

	mentions->complete = count == all || !mentions->items.count;
	if (!count)
		return;
	find_range(&scan);
	for (size_t i = 0; i < slices; i++)
		scan.items[i] = arena_array(analysis->arena, mentions->items.count, sizeof *scan.items[i]);
	slices_run(slices, count, scan_slice, &scan);
	for (size_t i = 0; i < slices; i++) /* holders stay ascending */
		for (size_t k = 0; k < mentions->items.count; k++)
			add_holders(&mentions->items.items[k], &scan.items[i][k]);
}

void mentions_scan(struct analysis *analysis, struct mentions *mentions, uint64_t *bytes)
{
	if (analysis->runtime->recorded)
		scan_recorded(analysis, mentions);
	else
		scan_memory(analysis, mentions, bytes);
}
