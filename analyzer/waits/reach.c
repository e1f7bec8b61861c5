/* reach.c: see reach.h. */
#include "analyzer/waits/reach.h"

enum { WORD = 8, BITS = 8, SPECIALS_MOST = 1 << 16 };

struct reach reach_make(struct analysis *analysis, const struct span_index *spans, size_t most)
{
	return (struct reach){.analysis = analysis, .spans = spans, .most = most,
			      .marks = arena_array(analysis->arena, (size_t)(spans->slots / BITS + 1), 1)};
}

static bool is_marked(const struct reach *reach, uint64_t number)
{
	return reach->marks[number / BITS] >> number % BITS & 1;
}

static void mark(struct reach *reach, uint64_t number)
{
	reach->marks[number / BITS] |= (uint8_t)(1 << number % BITS);
	if (reach->noting)
		vec_push(reach->analysis->arena, &reach->marked, number);
}

bool reach_has(const struct reach *reach, uint64_t address)
{
	struct slot slot;

	return !span_index_find(reach->spans, address, &slot) || is_marked(reach, slot.number);
}

void reach_leave_out(struct reach *reach, uint64_t address)
{
	struct slot slot;

	if (span_index_find(reach->spans, address, &slot))
		reach->marks[slot.number / BITS] |= (uint8_t)(1 << slot.number % BITS);
}

/* `at`: the address of the word; 0: it is a register. */
static void meet(struct reach *reach, uint64_t word, uint64_t at)
{
	struct slot slot;

	if (!span_index_find(reach->spans, word, &slot) || is_marked(reach, slot.number))
		return;
	mark(reach, slot.number);
	if (at)
		image_cite(reach->analysis->image, at, WORD);
	if (reach->spans->spans.items[slot.span].noscan)
		return;
	if (++reach->count > reach->most) {
		reach->lost = true;
		return;
	}
	vec_push(reach->analysis->arena, &reach->open, slot);
}

void reach_words(struct reach *reach, struct span words, uint64_t address)
{
	for (size_t at = 0; at + WORD <= words.size && !reach->lost; at += WORD)
		meet(reach, load_u64(words.data + at), address ? address + at : 0);
}

void reach_forget(struct reach *reach)
{
	for (size_t i = 0; i < reach->marked.count; i++)
		reach->marks[reach->marked.items[i] / BITS] &= (uint8_t)~(1 << reach->marked.items[i] % BITS);
	reach->marked.count = 0;
}

void reach_memory(struct reach *reach, uint64_t start, uint64_t size)
{
	struct span words = image_peek(reach->analysis->image, start, size);

	if (words.size != size) /* in several pieces */
		words = image_bytes(reach->analysis->image, start, size);
	reach->lost |= words.size != size;
	reach_words(reach, words, start);
}

void reach_run(struct reach *reach)
{
	while (reach->open.count && !reach->lost) {
		const struct slot slot = reach->open.items[--reach->open.count];

		reach_memory(reach, slot.start, slot.size);
	}
}

/* Stacks of the scheduler and of signal handlers hold what was under way once; the collector does not look at them either. */
static bool is_system_stack(const struct go_runtime *runtime, uint64_t address)
{
	for (size_t i = 0; i < runtime->machines.count; i++) {
		const struct machine *m = &runtime->machines.items[i];

		if ((address >= m->g0_lo && address < m->g0_hi) || (address >= m->gsignal_lo && address < m->gsignal_hi))
			return true;
	}
	return false;
}

/* Where the next block of words that are not all 0 begins: most of what a process maps, it never wrote. */
static size_t next_written(struct span words, size_t at)
{
	enum { BLOCK = 8 * WORD };

	for (; at + BLOCK <= words.size; at += BLOCK) {
		uint64_t any = 0;

		for (size_t i = 0; i < BLOCK; i += WORD)
			any |= load_u64(words.data + at + i);
		if (any)
			break;
	}
	return at;
}

/* The heap's own records name where spans start, which is also where their first objects lie. */
static void look_at(struct reach *reach, uint64_t from, struct span words)
{
	size_t at = (size_t)(-from & (WORD - 1));

	while ((at = next_written(words, at)) + WORD <= words.size && !reach->lost) {
		const uint64_t word = load_u64(words.data + at);

		if (word && !reach_has(reach, word) && !span_index_is_record(reach->spans, from + at) &&
		    !is_system_stack(reach->analysis->runtime, from + at))
			meet(reach, word, from + at);
		at += WORD;
	}
}

/* Arena by arena of address space: those that are the heap's are left out. */
static bool look_outside(void *context, uint64_t from, struct span bytes)
{
	struct reach *reach = context;
	const uint64_t size = UINT64_C(1) << reach->spans->arena_bits;

	for (uint64_t at = 0, step; at < bytes.size; at += step) {
		step = size - (from + at) % size;
		step = step < bytes.size - at ? step : bytes.size - at;
		if (!span_index_covers(reach->spans, from + at))
			look_at(reach, from + at, span_slice(bytes, at, step));
	}
	return !reach->lost;
}

void reach_outside(struct reach *reach, uint64_t most)
{
	if (!image_is_whole(reach->analysis->image) || !image_each_writable(reach->analysis->image, most, look_outside, reach))
		reach->lost = true;
}

/* What one span's special records say; false: one cannot be read, or they are too many. */
static bool look_at_specials(struct reach *reach, const struct indexed_span *span, size_t *left)
{
	const struct heap_span pages = {.start = span->start, .end = span->start + span->size};
	struct heap_special special = {.next = span->specials};
	struct slot slot;

	while (special.next) {
		if (!*left || !heap_special_at(reach->analysis->runtime, &pages, special.next, &special))
			return false;
		--*left;
		if (special.keeps && !span->noscan && span_index_find(reach->spans, special.object, &slot))
			reach_memory(reach, slot.start, slot.size);
	}
	return true;
}

void reach_specials(struct reach *reach)
{
	size_t left = SPECIALS_MOST;

	for (size_t i = 0; i < reach->spans->spans.count && !reach->lost; i++)
		if (!look_at_specials(reach, &reach->spans->spans.items[i], &left))
			reach->lost = true;
}
