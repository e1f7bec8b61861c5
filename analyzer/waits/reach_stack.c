/* reach_stack.c: what a goroutine itself leads to. A parked goroutine stands at calls, where each frame's map names the words that it
 * may still use; a variable whose address was taken counts where one of these points to it. See reach.h. */
#include "analyzer/waits/reach.h"

#include "analyzer/waits/mentions.h"
#include "golang/stack_map.h"

enum { WORD = 8, VARIABLES_MOST = 512, DEFERS_MOST = 1000 };

struct variable {
	uint64_t start, size;
	bool met;
};

struct walk {
	struct reach *reach;
	const struct goroutine *g;
	struct variable variables[VARIABLES_MOST];
	size_t count;
	bool more; /* some were newly met */
};

static void meet(struct walk *walk, struct span words)
{
	reach_words(walk->reach, words, 0);
	for (size_t at = 0; at + WORD <= words.size; at += WORD) {
		const uint64_t word = load_u64(words.data + at);

		if (word < walk->g->stack_lo || word >= walk->g->stack_hi)
			continue;
		for (size_t i = 0; i < walk->count; i++) {
			struct variable *variable = &walk->variables[i];

			if (variable->met || word - variable->start >= variable->size)
				continue;
			variable->met = walk->more = true;
		}
	}
}

static bool meet_memory(struct walk *walk, uint64_t address, uint64_t size)
{
	const struct span words = image_bytes(walk->reach->analysis->image, address, size);

	if (words.size != size)
		return false;
	meet(walk, words);
	return true;
}

static bool meet_bits(struct walk *walk, const struct word_bits *bits)
{
	for (uint32_t i = 0; i < bits->count; i++)
		if (word_bits_has(bits, i) && !meet_memory(walk, bits->address + (uint64_t)WORD * i, WORD))
			return false;
	return true;
}

static bool add_variables(struct walk *walk, const struct stack_map *map)
{
	for (uint64_t i = 0; i < map->object_count; i++) {
		struct variable variable = {0};

		variable.start = stack_map_object(map, i, &variable.size);
		if (walk->count == VARIABLES_MOST || variable.start < walk->g->stack_lo || variable.start >= walk->g->stack_hi ||
		    variable.size > walk->g->stack_hi - variable.start)
			return false;
		walk->variables[walk->count++] = variable;
	}
	return true;
}

/* Functions that are deferred, in records on the stack or in the heap. */
static bool meet_defers(struct walk *walk)
{
	struct go_runtime *runtime = walk->reach->analysis->runtime;
	uint64_t next;

	if (!go_field(runtime, walk->g->address, LAYOUT_g_defer, &next))
		return false;
	for (int i = 0; next; i++)
		if (i == DEFERS_MOST || !meet_memory(walk, next, runtime->layout->offset[LAYOUT_defer_size]) ||
		    !go_field(runtime, next, LAYOUT_defer_link, &next))
			return false;
	return true;
}

static bool meet_variables(struct walk *walk)
{
	while (walk->more) {
		walk->more = false;
		for (size_t i = 0; i < walk->count; i++) {
			struct variable *variable = &walk->variables[i];

			if (variable->met && variable->size && !meet_memory(walk, variable->start, variable->size & ~(uint64_t)(WORD - 1)))
				return false;
			if (variable->met)
				variable->size = 0;
		}
	}
	return true;
}

/* Variables first: what points to them may lie in any frame. False: some frame has no map. */
static bool meet_frames(struct walk *walk, const struct stack *stack)
{
	const struct go_runtime *runtime = walk->reach->analysis->runtime;
	struct stack_map map;

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < stack->frames.count; i++) {
			const struct frame *frame = &stack->frames.items[i];

			if (frame->tear >= 0 || frame->damage >= 0 || !frame->fp ||
			    !stack_map_read(runtime, frame->info, frame->sp, frame->fp, &map))
				return false;
			if (!pass ? !add_variables(walk, &map) : !meet_bits(walk, &map.locals) || !meet_bits(walk, &map.arguments))
				return false;
		}
	return true;
}

static bool is_parked(struct go_runtime *runtime, const struct goroutine *g)
{
	uint64_t panic;

	return (g->status == G_WAITING || g->status == G_LEAKED) && g->machine < 0 &&
	       go_field(runtime, g->address, LAYOUT_g_panic, &panic) && !panic;
}

/* By its frames' maps. What was reached before one of them failed stays so: that is no harm. */
static bool by_maps(struct reach *reach, size_t goroutine)
{
	struct analysis *analysis = reach->analysis;
	struct walk walk = {.reach = reach, .g = &analysis->runtime->goroutines.items[goroutine]};
	struct stack stack = {0};

	if (!is_parked(analysis->runtime, walk.g))
		return false;
	goroutine_stack(analysis, goroutine, &stack);
	if (stack.end != END_COMPLETE || stack.elided || !stack.frames.count)
		return false;
	stack.frames.count--; /* runtime.goexit, which nothing called */
	return meet_frames(&walk, &stack) && meet_defers(&walk) && meet_variables(&walk);
}

static void by_all_words(struct reach *reach, size_t goroutine)
{
	const struct analysis *analysis = reach->analysis;
	const struct goroutine *g = &analysis->runtime->goroutines.items[goroutine];
	const int32_t thread = analysis->goroutine_thread[goroutine];
	const uint64_t from = stack_live_from(g);

	reach_memory(reach, from, g->stack_hi - from);
	for (uint8_t i = 0; thread >= 0 && i < REG_LIMIT; i++) {
		uint64_t word;

		if (reg_get(&analysis->image->threads.items[thread].registers, i, &word))
			reach_words(reach, (struct span){(const uint8_t *)&word, sizeof word}, 0);
	}
}

void reach_goroutine(struct reach *reach, size_t goroutine)
{
	struct analysis *analysis = reach->analysis;
	const struct goroutine *g = &analysis->runtime->goroutines.items[goroutine];
	const uint64_t size = analysis->runtime->layout->offset[LAYOUT_g_size];

	reach_memory(reach, g->address, size);
	if (g->stack_hi > g->stack_lo && g->stack_hi - g->stack_lo <= analysis->image->bytes.size && !by_maps(reach, goroutine))
		by_all_words(reach, goroutine);
}
