/* mentions.c: see mentions.h. Words of stacks are looked up by hash, so that it costs the same for one address and for
 * hundreds. */
#include "analyzer/mentions.h"

enum { FIRST_SLOTS = 256, WORD = 8 };

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

/* Goroutines come in order, so the last one kept tells whether this one has been counted. */
static void count_holder(struct mention *mention, uint32_t *last, uint32_t goroutine)
{
	if (mention->holder_count && *last == goroutine)
		return;
	if (mention->holder_count < HOLDERS_KEPT)
		mention->holders[mention->holder_count] = goroutine;
	mention->holder_count++;
	*last = goroutine;
}

static uint64_t live_from(const struct goroutine *g)
{
	uint64_t sp = g->status == G_RUNNING ? 0 : g->syscall_sp ? g->syscall_sp : g->sched_sp;

	return sp >= g->stack_lo && sp < g->stack_hi ? sp & ~(uint64_t)(WORD - 1) : g->stack_lo;
}

void mentions_scan(struct analysis *analysis, struct mentions *mentions, uint64_t *bytes)
{
	const struct go_runtime *runtime = analysis->runtime;
	uint32_t *last = arena_array(analysis->arena, mentions->items.count + 1, sizeof *last);

	mentions->complete = true;
	for (size_t i = 0; i < runtime->goroutines.count && mentions->items.count; i++) {
		const struct goroutine *g = &runtime->goroutines.items[i];
		uint64_t from = live_from(g);
		struct span words = image_view(analysis->image, from, g->stack_hi > from ? g->stack_hi - from : 0);

		if (words.size > *bytes) {
			mentions->complete = false;
			return;
		}
		*bytes -= words.size;
		for (uint64_t at = 0; at + WORD <= words.size; at += WORD) {
			uint64_t word = span_u64(words, at);
			uint32_t item = word ? *slot_of(mentions, word) : 0;

			if (item)
				count_holder(&mentions->items.items[item - 1], &last[item - 1], (uint32_t)i);
		}
	}
}
