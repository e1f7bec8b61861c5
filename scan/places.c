/* places.c: see places.h. Nearly all functions are settled by one look (analyzer/instructions/regular.h); the others are executed
 * (analyzer/instructions/tear.h). */
#include "scan/places.h"

#include "analyzer/instructions/regular.h"

enum { CLOSING_STEPS = 8, INSN_BYTES = 16, PLACES_LIMIT = 1 << 20 };

struct finder {
	struct go_runtime *runtime;
	struct regularity *regularity;
	struct tear_cache *tears;
	const struct go_module *module;
	struct places *places;
};

static void add(struct finder *finder, const struct place *place)
{
	if (finder->places->items.count < PLACES_LIMIT)
		vec_push(finder->runtime->arena, &finder->places->items, *place);
}

/* The executed state at a pc, and what pcsp says there; pcs ascend. */
static bool state_at(const struct finder *finder, const struct pc_info *entry, struct pcvalue *pcsp, uint64_t pc,
		     struct frame_state *state, int32_t *delta)
{
	struct pc_info at = *entry; /* without a memo of every pc */

	at.pc = pc;
	return pcvalue_seek(pcsp, pc, delta) && frame_state_at(finder->tears, &at, state);
}

/* Whether SP gets where pcsp says within the next instructions: then it is an adjustment in several parts. What
 * disagrees for good is code that does other things with SP, in assembly, or is no code. */
static bool closes(const struct finder *finder, const struct pc_info *entry, struct pcvalue pcsp, uint64_t pc)
{
	struct image *image = finder->runtime->image;
	struct frame_state state;
	struct insn insn;
	int32_t delta;

	for (int step = 0; step < CLOSING_STEPS; step++) {
		if (!insn_decode(finder->runtime->decoder, pc, image_view(image, pc, INSN_BYTES), &insn) ||
		    insn.flow != FLOW_NEXT)
			return false;
		pc += insn.size;
		if (!state_at(finder, entry, &pcsp, pc, &state, &delta))
			return false;
		if (state.distance == delta)
			return true;
	}
	return false;
}

/* The frame pointer is that of the caller, the frame's own, or that of the frame made for duffzero (see regular.c). */
static bool frame_pointer_torn(const struct finder *finder, const struct frame_state *state)
{
	int64_t own = -8 - state->distance;

	return finder->runtime->image->arch->link_register && state->fp_known && state->fp_offset != -8 &&
	       state->fp_offset != own && state->fp_offset != own - 16;
}

static void execute(struct finder *finder, const struct func *func)
{
	const struct pc_info *entry = go_pc(finder->runtime, func->entry, true);
	struct pcvalue pcsp = pcvalue_of(&finder->module->pclntab, func, func->pcsp);

	for (uint64_t pc = func->entry; pc < func->end; pc += finder->runtime->image->arch->quantum) {
		struct place place = {0};
		struct frame_state state;
		int32_t delta;

		if (!state_at(finder, entry, &pcsp, pc, &state, &delta))
			continue;
		place.sp_torn = state.distance != delta && closes(finder, entry, pcsp, pc);
		place.fp_torn = frame_pointer_torn(finder, &state);
		if (!place.sp_torn && !place.fp_torn)
			continue;
		place.at = go_pc(finder->runtime, pc, true);
		place.leaf = is_leaf(finder->tears, entry);
		place.delta = delta;
		place.distance = state.distance;
		place.fp_offset = state.fp_offset;
		add(finder, &place);
	}
}

static void add_torn_fp(struct finder *finder, const struct torn_fp *torn, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct pc_info *at = go_pc(finder->runtime, torn[i].pc, true);

		add(finder, &(struct place){.at = at,
					    .leaf = is_leaf(finder->tears, at),
					    .fp_torn = true,
					    .delta = torn[i].delta,
					    .distance = torn[i].delta,
					    .fp_offset = torn[i].offset});
	}
}

static void look_at(struct finder *finder, const struct func *func)
{
	uint64_t size = func->end - func->entry;
	const struct torn_fp *torn;
	size_t count;

	finder->places->functions++;
	if (func->flags & FUNC_SP_WRITE)
		finder->places->switching++;
	else if (image_view(finder->runtime->image, func->entry, size).size < size)
		finder->places->missing++;
	else if (func_is_regular(finder->regularity, finder->module, func, &torn, &count))
		add_torn_fp(finder, torn, count);
	else if (func->pcsp)
		execute(finder, func);
}

const struct places *places_find(struct go_runtime *runtime)
{
	struct finder finder = {
		.runtime = runtime, .regularity = regularity_new(runtime), .tears = tear_cache_new(runtime)};

	finder.places = arena_alloc(runtime->arena, sizeof *finder.places);
	for (size_t i = 0; i < runtime->modules.count; i++) {
		finder.module = &runtime->modules.items[i];
		for (uint32_t index = 0; index < finder.module->pclntab.nfunc; index++) {
			struct func func;

			if (pclntab_func(&finder.module->pclntab, index, &func))
				look_at(&finder, &func);
			else
				finder.places->damaged++;
		}
	}
	return finder.places;
}
