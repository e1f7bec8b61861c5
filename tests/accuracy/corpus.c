/* corpus.c: see corpus.h. Return slots are those of the walk of the unchanged dump, which check_live and check_case hold against
 * the runtime's own traceback. */
#include "tests/accuracy/maker.h"

#include "analyzer/unwind/unwind.h"

#include <stdlib.h>

enum { WORD = 8, HALF = 32, BITS = 64, COUNT_LIMIT = 1 << 16, SHAPES = 6, RUN_SHORTEST = 2, RUN_LONGEST = 64, PLACES = 16 };

const char *const class_names[CLASSES] = {
	[UPPER_HALF] = "upper half", [LOWER_HALF] = "lower half", [WHOLE_WORD] = "whole word",
	[BIT_UPPER] = "bit of upper half", [BIT_LOWER] = "bit of lower half",
	[SMASHED_RUN] = "smashed run", [RUNTIME_FIELD] = "field of g or m",
	[SAVED_PC] = "saved pc",
	[OTHER_WORD] = "other stack word", [TORN_HEADER] = "word of a header", [POINTER_WORD] = "source of a pointer",
	[SPAN_FIELD] = "heap record", [WAKER_WORD] = "way to who is stuck",
	[PRINTED_WORDS] = "words of runtime/cgo",
};

/* splitmix64 */
static uint64_t mixed(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

uint64_t maker_chance(const struct maker *maker, uint64_t place, uint64_t purpose)
{
	return mixed(mixed(mixed(maker->seed) ^ place) ^ purpose);
}

void maker_add(struct maker *maker, struct mutation mutation)
{
	if (mutation.from != mutation.to && target_write_u64(maker->target, mutation.address, mutation.from))
		vec_push(maker->target->arena, &maker->corpus->mutations, mutation);
}

void maker_add_field(struct maker *maker, struct mutation mutation, size_t size, uint64_t value)
{
	const uint64_t mask = UINT64_MAX >> (BITS - size * WORD);

	if (!image_u64(maker->target->image, mutation.address, &mutation.from))
		return;
	mutation.to = (mutation.from & ~mask) | (value & mask);
	maker_add(maker, mutation);
}

/* --- return addresses -------------------------------------------------------------------------------------- */

void slots_find(struct target *target, struct slots *ret)
{
	struct analysis *analysis = target->diagnosis->analysis;
	struct stack stack = {0};

	for (size_t i = 0; i < target->runtime->goroutines.count; i++) {
		goroutine_stack(analysis, i, &stack);
		for (size_t k = 1; k < stack.frames.count; k++) {
			const struct frame *frame = &stack.frames.items[k];
			struct slot slot = {(int32_t)i, (uint32_t)k, frame->slot, 0, frame->exact};

			if (!frame->slot || !image_u64(target->image, slot.address, &slot.word) ||
			    slot.word != frame->pc || !target_write_u64(target, slot.address, slot.word))
				continue;
			vec_push(target->arena, ret, slot);
		}
	}
}

static void add_to_slot(struct maker *maker, const struct slot *slot, enum mutation_class class, uint64_t to)
{
	maker_add(maker, (struct mutation){.class = class, .goroutine = slot->goroutine, .depth = slot->depth,
				     .address = slot->address, .from = slot->word, .to = to});
}

/* The six shapes of what overflowing code writes: one byte repeated, text, pointers to the heap or a stack, small numbers, zeros, socket
 * addresses. */
static uint64_t run_word(const struct mutation *mutation, size_t index)
{
	static const char text[] = "X-Forwarded-For: 203.0.113.7, unknown; ";
	uint64_t word = 0;

	switch (mutation->shape) {
	case 0:
		return 0x0101010101010101 * (1 + (mutation->start / WORD + index) % UINT8_MAX);
	case 1:
		for (size_t i = 0; i < WORD; i++)
			word |= (uint64_t)(uint8_t)text[(index * WORD + i) % (sizeof text - 1)] << 8 * i;
		return word;
	case 2:
		return mutation->start + index % 3 * WORD;
	case 3:
		return 1 + (mutation->start / WORD + index * 7) % COUNT_LIMIT;
	case 4:
		return 0;
	default:
		return index & 1 ? 0 : 0x0700000a901f0002 + ((uint64_t)index << 40);
	}
}

void mutation_apply(struct target *target, const struct mutation *mutation)
{
	if (!mutation->count)
		target_write_u64(target, mutation->address, mutation->to);
	for (size_t i = 0; i < mutation->count; i++)
		target_write_u64(target, mutation->start + i * WORD, mutation->becomes ? mutation->becomes[i] : run_word(mutation, i));
}

void mutation_undo(struct target *target, const struct mutation *mutation)
{
	if (!mutation->count)
		target_write_u64(target, mutation->address, mutation->from);
	for (size_t i = 0; i < mutation->count; i++)
		target_write_u64(target, mutation->start + i * WORD, mutation->words[i]);
}

/* A run that goes over a slot, within the stack; what is not in the dump ends it. */
static void add_run(struct maker *maker, const struct slot *slot, unsigned shape)
{
	const struct goroutine *g = &maker->target->runtime->goroutines.items[slot->goroutine];
	const uint64_t random = maker_chance(maker, slot->address, 6 + shape);
	const uint64_t count = RUN_SHORTEST + random % (RUN_LONGEST - RUN_SHORTEST + 1), before = (random >> 32) % count;
	struct mutation mutation = {.class = SMASHED_RUN, .goroutine = slot->goroutine, .depth = slot->depth,
				    .address = slot->address, .from = slot->word, .shape = shape};
	uint64_t *words = arena_array(maker->target->arena, count, WORD);

	mutation.start = slot->address - before * WORD;
	if (mutation.start < g->stack_lo || mutation.start + count * WORD > g->stack_hi)
		return;
	for (size_t i = 0; i < count; i++)
		if (!image_u64(maker->target->image, mutation.start + i * WORD, &words[i]) ||
		    !target_write_u64(maker->target, mutation.start + i * WORD, words[i]))
			return;
	mutation.words = words;
	mutation.count = count;
	mutation.to = run_word(&mutation, before);
	maker_add(maker, mutation);
}

static void change_slot(struct maker *maker, const struct slot *slot)
{
	uint64_t random = maker_chance(maker, slot->address, 1), other = maker_chance(maker, slot->address, 2);
	const uint64_t upper[] = {0x10, 0x1c, 0x74, 1 + random % COUNT_LIMIT, 0, UINT32_MAX, random >> HALF};
	const uint64_t lower[] = {0, 0x10, UINT32_MAX, other & UINT32_MAX};
	const uint64_t whole[] = {0, 1 + other % COUNT_LIMIT, slot->address, UINT64_MAX, 0x4f2f20544547, other,
				  slot->word + WORD};

	for (size_t i = 0; i < sizeof upper / sizeof *upper; i++)
		add_to_slot(maker, slot, UPPER_HALF, upper[i] << HALF | (slot->word & UINT32_MAX));
	for (size_t i = 0; i < sizeof lower / sizeof *lower; i++)
		add_to_slot(maker, slot, LOWER_HALF, (slot->word >> HALF << HALF) | lower[i]);
	for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
		add_to_slot(maker, slot, WHOLE_WORD, whole[i]);
	for (unsigned bit = 0; bit < BITS; bit++)
		add_to_slot(maker, slot, bit < HALF ? BIT_LOWER : BIT_UPPER, slot->word ^ (uint64_t)1 << bit);
	for (unsigned shape = 0; shape < SHAPES; shape++)
		add_run(maker, slot, shape);
}

/* --- fields ------------------------------------------------------------------------------------------------ */

static void change_field(struct maker *maker, int32_t goroutine, uint64_t object, enum layout_field field)
{
	uint64_t address = object + (maker->target->runtime->layout ? maker->target->runtime->layout->offset[field] : 0);
	uint64_t random, old;

	if (!go_field(maker->target->runtime, object, field, &old))
		return;
	random = maker_chance(maker, address, 3);
	const uint64_t values[] = {0, old + WORD, old - WORD, old + 0x10000, (uint64_t)0x10 << HALF | (old & UINT32_MAX),
				   old ^ (uint64_t)1 << random % BITS, old ^ (uint64_t)1 << (random >> 8) % HALF, random};

	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		maker_add(maker, (struct mutation){.class = RUNTIME_FIELD, .goroutine = goroutine, .address = address,
					     .from = old, .to = values[i]});
}

static void change_structures(struct maker *maker)
{
	static const enum layout_field of_g[] = {
		LAYOUT_g_sched_sp, LAYOUT_g_sched_pc, LAYOUT_g_sched_bp, LAYOUT_g_sched_g, LAYOUT_g_syscallsp,
		LAYOUT_g_syscallpc, LAYOUT_g_stktopsp, LAYOUT_g_stack_lo, LAYOUT_g_stack_hi, LAYOUT_g_m,
		LAYOUT_g_atomicstatus, LAYOUT_g_panic, LAYOUT_g_gopc, LAYOUT_g_startpc, LAYOUT_g_sig,
	};
	static const enum layout_field of_m[] = {LAYOUT_m_g0, LAYOUT_m_gsignal, LAYOUT_m_curg, LAYOUT_m_procid, LAYOUT_m_p};
	const struct go_runtime *runtime = maker->target->runtime;

	for (size_t i = 0; i < runtime->goroutines.count; i++)
		for (size_t k = 0; k < sizeof of_g / sizeof *of_g; k++)
			change_field(maker, (int32_t)i, runtime->goroutines.items[i].address, of_g[k]);
	for (size_t i = 0; i < runtime->machines.count; i++)
		for (size_t k = 0; k < sizeof of_m / sizeof *of_m; k++)
			change_field(maker, -1, runtime->machines.items[i].address, of_m[k]);
}

/* Each bit that leaves it in the code, and places elsewhere in the code: behind calls, too, since there are many. */
static void change_saved_pc(struct maker *maker, int32_t goroutine)
{
	const struct goroutine *g = &maker->target->runtime->goroutines.items[goroutine];
	const struct go_module *module = go_pc(maker->target->runtime, g->sched_pc, false)->module;
	struct mutation mutation = {.class = SAVED_PC, .goroutine = goroutine, .from = g->sched_pc};

	if (!module || !maker->target->runtime->layout)
		return;
	mutation.address = g->address + maker->target->runtime->layout->offset[LAYOUT_g_sched_pc];
	for (unsigned bit = 0; bit < HALF; bit++) {
		mutation.to = g->sched_pc ^ (uint64_t)1 << bit;
		if (mutation.to >= module->text && mutation.to < module->etext)
			maker_add(maker, mutation);
	}
	for (unsigned i = 0; i < PLACES; i++) {
		const uint64_t random = maker_chance(maker, mutation.address, 16 + i) % (module->etext - module->text);

		mutation.to = module->text + random / WORD * WORD;
		maker_add(maker, mutation);
	}
}

static void change_saved_pcs(struct maker *maker)
{
	for (size_t i = 0; i < maker->target->runtime->goroutines.count; i++)
		if (goroutine_is_parked(&maker->target->runtime->goroutines.items[i]))
			change_saved_pc(maker, (int32_t)i);
}

/* --- the rest of the stacks -------------------------------------------------------------------------------- */

static int by_address(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

/* A return address, or the frame pointer that both CPUs save in the word below it. */
static bool is_linkage(const struct maker *maker, uint64_t address)
{
	struct slot at = {.address = address}, above = {.address = address + WORD};

	return bsearch(&at, maker->slots.items, maker->slots.count, sizeof at, by_address) ||
	       bsearch(&above, maker->slots.items, maker->slots.count, sizeof above, by_address);
}

static void change_words(struct maker *maker, int32_t goroutine, uint64_t from, uint64_t to)
{
	for (uint64_t at = from; at + WORD <= to; at += WORD) {
		uint64_t random = maker_chance(maker, at, 4), old;
		const uint64_t values[] = {0x10, 0, random, (uint64_t)0x1c << HALF | (random & UINT32_MAX), at};

		if (is_linkage(maker, at) || !image_u64(maker->target->image, at, &old) ||
		    !target_write_u64(maker->target, at, old))
			continue;
		maker->corpus->stack_words++;
		maker_add(maker, (struct mutation){.class = OTHER_WORD, .goroutine = goroutine, .address = at, .from = old,
					     .to = values[random % (sizeof values / sizeof *values)]});
	}
}

/* The live part of each goroutine's stack. */
static void change_stacks(struct maker *maker)
{
	struct stack stack = {0};

	for (size_t i = 0; i < maker->target->runtime->goroutines.count; i++) {
		goroutine_stack(maker->target->diagnosis->analysis, i, &stack);
		if (stack.frames.count && stack.end == END_COMPLETE)
			change_words(maker, (int32_t)i, stack.frames.items[0].sp, stack.frames.items[stack.frames.count - 1].sp);
	}
}

/* --- the whole --------------------------------------------------------------------------------------------- */

/* The same ones whatever their order: those with the smallest numbers. */
static void take(struct maker *maker, size_t limit)
{
	size_t count[CLASSES] = {0}, kept = 0;
	struct mutation *items = maker->corpus->mutations.items;

	for (size_t i = 0; i < maker->corpus->mutations.count; i++)
		count[items[i].class]++;
	for (size_t i = 0; i < maker->corpus->mutations.count; i++) {
		const struct mutation mutation = items[i];
		uint64_t number = maker_chance(maker, mutation.address ^ mixed(mutation.to), 5);

		if (!limit || number % count[mutation.class] < limit)
			items[kept++] = mutation;
	}
	maker->corpus->mutations.count = kept;
}

bool class_is_of_fields(enum mutation_class class)
{
	return class == RUNTIME_FIELD || class == SAVED_PC;
}

bool class_is_of_values(enum mutation_class class)
{
	return class == TORN_HEADER || class == POINTER_WORD || class == SPAN_FIELD || class == WAKER_WORD || class == PRINTED_WORDS;
}

static void change_all_stacks(struct maker *maker)
{
	for (size_t i = 0; i < maker->slots.count; i++)
		if (!maker->slots.items[i].injected)
			change_slot(maker, &maker->slots.items[i]);
	change_structures(maker);
	change_saved_pcs(maker);
	change_stacks(maker);
}

void corpus_make(struct target *target, uint64_t seed, size_t limit, bool values, struct corpus *ret)
{
	struct maker maker = {.target = target, .corpus = ret, .seed = seed};
	struct view view;

	slots_find(target, &maker.slots);
	if (maker.slots.count)
		qsort(maker.slots.items, maker.slots.count, sizeof *maker.slots.items, by_address);
	if (!values)
		change_all_stacks(&maker);
	view_of(target, &view);
	change_headers(&maker, &view);
	change_pointers(&maker, &view);
	change_spans(&maker, &view);
	change_wakers(&maker);
	change_printed(&maker);
	take(&maker, limit);
}
