/* overrun.c: see overrun.h. Whose variable it is follows from frames alone: that of the function that returns through the word
 * ends just below it on amd64, and begins there on arm64; those of the functions that it calls lie below that; the caller's
 * lies above. Memory below SP is dead, and may have been used again: a few words of a run may be missing there. */
#include "analyzer/unwind/overrun.h"

#include "analyzer/unwind/smashed.h"

#include <stdlib.h>
#include <string.h>

enum {
	WORD = 8,
	HALF = 32,
	INSN_BYTES = 16,
	REACH = 64 << 10,        /* of a run, each way */
	GAP = 6,                 /* words that may be missing from a run that is sure */
	SLACK = 2 * WORD,        /* from a variable to the first word that is as those behind it */
	LOOK_AHEAD = 12,         /* instructions, for a call that is given an address */
	NUMBER_BITS = 20,
	HALF_NUMBER_BITS = 16,
	TEXT_BYTES = 3,          /* that text ends with */
	FIRST_PAGE = 0x1000,
	FAMILY_INET = 2,
};

struct shape {
	const char *name, *text;
	bool sure;
	/* Whether the word at an address is of the shape; `observed`: the one that it all starts from. */
	bool (*fits)(struct image *image, uint64_t address, uint64_t word, uint64_t observed);
};

/* --- shapes ------------------------------------------------------------------------------------------------ */

/* struct sockaddr_in: family, port, address, eight bytes of zero. A word is its first half or its second. */
static bool fits_sockaddr(struct image *image, uint64_t address, uint64_t word, uint64_t observed)
{
	uint64_t other;

	(void)observed;
	if (!word)
		return image_u64(image, address - WORD, &other) && other && fits_sockaddr(image, address - WORD, other, 0);
	return (word & UINT16_MAX) == FAMILY_INET && word >> 16 & UINT16_MAX && word >> HALF &&
	       image_u64(image, address + WORD, &other) && !other;
}

static bool fits_byte(struct image *image, uint64_t address, uint64_t word, uint64_t observed)
{
	(void)image, (void)address, (void)observed;
	return word && word == (word & UINT8_MAX) * 0x0101010101010101;
}

static bool is_text(uint8_t byte)
{
	return (byte >= ' ' && byte < 0x7f) || byte == '\t' || byte == '\n' || byte == '\r';
}

/* The last word of a text may end in zeros. */
static bool fits_text(struct image *image, uint64_t address, uint64_t word, uint64_t observed)
{
	unsigned count = 0;

	(void)image, (void)address, (void)observed;
	while (count < WORD && is_text(word >> 8 * count & UINT8_MAX))
		count++;
	return count == WORD || (count >= TEXT_BYTES && !(word >> 8 * count));
}

static bool fits_same(struct image *image, uint64_t address, uint64_t word, uint64_t observed)
{
	(void)image, (void)address;
	return word && word == observed;
}

/* One number, or one in each half. */
static bool fits_number(struct image *image, uint64_t address, uint64_t word, uint64_t observed)
{
	(void)image, (void)address, (void)observed;
	return word && (!(word >> NUMBER_BITS) ||
			(!(word >> (HALF + HALF_NUMBER_BITS)) && !((word & UINT32_MAX) >> HALF_NUMBER_BITS)));
}

static bool fits_pointer(struct image *image, uint64_t address, uint64_t word, uint64_t observed)
{
	const struct segment *segment = word >= FIRST_PAGE ? image_segment(image, word) : NULL;

	(void)address;
	return segment && segment == image_segment(image, observed) && (segment->flags & SEGMENT_WRITE);
}

static const struct shape shapes[] = {
#define RUN_SHAPE(id, sure, text) {#id, text, sure, fits_##id},
#include "analyzer/unwind/run_shapes.def"
#undef RUN_SHAPE
};

const char *run_shape_name(enum run_shape shape)
{
	return shape < RUN_NONE ? shapes[shape].name : "";
}

const char *run_shape_text(enum run_shape shape)
{
	return shape < RUN_NONE ? shapes[shape].text : "";
}

/* --- the run ----------------------------------------------------------------------------------------------- */

/* How far words of a shape go from an address, excluded, in steps of `step`; counts them. */
static uint64_t extend(struct analysis *analysis, const struct run *run, uint64_t from, uint64_t to, uint64_t observed,
		       uint32_t *words)
{
	const uint64_t step = to < from ? (uint64_t)0 - WORD : WORD;
	uint64_t last = from, word;
	unsigned missing = 0;

	for (uint64_t at = from + step; at != to && missing <= (run->sure ? GAP : 0); at += step) {
		if (!image_u64(analysis->image, at, &word))
			break;
		if (!shapes[run->shape].fits(analysis->image, at, word, observed)) {
			missing++;
			continue;
		}
		missing = 0;
		last = at;
		(*words)++;
	}
	return last;
}

/* Of the first shape in the table by which there is more than one word. */
static void run_find(struct analysis *analysis, const struct damage *damage, uint64_t lo, uint64_t hi, struct run *ret)
{
	const uint64_t slot = damage->slot, observed = damage->observed;
	const uint64_t bottom = slot - lo > REACH ? slot - REACH : lo - WORD;
	const uint64_t top = hi - slot > REACH ? slot + REACH : hi;

	for (unsigned shape = 0; shape < RUN_NONE; shape++) {
		struct run run = {.shape = shape, .sure = shapes[shape].sure, .words = 1};

		if (!shapes[shape].fits(analysis->image, slot, observed, observed))
			continue;
		run.end = extend(analysis, &run, slot, top, observed, &run.words) + WORD;
		run.start = extend(analysis, &run, slot, bottom, observed, &run.words);
		if (run.words < 2)
			continue;
		*ret = run;
		return;
	}
	ret->shape = RUN_NONE;
}

/* --- variables --------------------------------------------------------------------------------------------- */

/* The function that is called with the address that an instruction has just put into a register. */
static const char *passed_to(struct analysis *analysis, const struct func *func, uint64_t pc, uint8_t reg)
{
	struct go_runtime *runtime = analysis->runtime;
	const struct arch *arch = analysis->image->arch;
	struct insn insn;

	for (unsigned step = 0; step < LOOK_AHEAD && pc < func->end; step++, pc += insn.size) {
		if (!insn_decode(runtime->decoder, pc, image_view(runtime->image, pc, INSN_BYTES), &insn))
			return NULL;
		if (insn.flow == FLOW_CALL && memchr(arch->go_arguments, reg, arch->go_argument_count)) {
			const struct pc_info *target = go_pc(runtime, insn.target, true);

			return target->func ? go_func_name(target) : NULL;
		}
		if (insn.flow != FLOW_NEXT)
			return NULL;
		for (size_t i = 0; i < insn.count; i++)
			if (insn.effects[i].kind != EFFECT_STORE && insn.effects[i].dst == reg)
				return NULL;
	}
	return NULL;
}

/* The variable, of those between two addresses whose address a function takes, that lies nearest to `wanted`. `top`: of its
 * frame. */
static bool local_find(struct analysis *analysis, const struct pc_info *entry, uint64_t top, uint64_t lo, uint64_t hi,
		       uint64_t wanted, struct local *ret)
{
	struct go_runtime *runtime = analysis->runtime;
	const struct func *func = entry->func;
	const struct arch *arch = analysis->image->arch;
	struct pcvalue pcsp = pcvalue_of(&entry->module->pclntab, func, func->pcsp);
	struct insn insn;
	bool found = false;
	int32_t delta;

	if (!code_affords(analysis, func))
		return false;
	for (uint64_t pc = func->entry; pc < func->end; pc += insn.size) {
		if (!insn_decode(runtime->decoder, pc, image_view(runtime->image, pc, INSN_BYTES), &insn))
			return found;
		for (size_t i = 0; i < insn.count; i++) {
			const struct effect *effect = &insn.effects[i];
			uint64_t at;

			if (effect->kind != EFFECT_ADD || effect->src != arch->sp || effect->dst == arch->sp ||
			    effect->dst == arch->fp || !pcvalue_seek(&pcsp, pc, &delta))
				continue;
			at = top - (uint64_t)(int64_t)delta + (uint64_t)effect->value;
			if (at < lo || at > hi)
				continue;
			if (found && llabs((long long)(at - wanted)) >= llabs((long long)(ret->address - wanted)))
				continue;
			*ret = (struct local){entry, pc, effect->value, at, passed_to(analysis, func, pc + insn.size, effect->dst)};
			found = true;
		}
	}
	return found;
}

/* --- whose it is ------------------------------------------------------------------------------------------- */

static uint64_t size_of(const struct pc_info *entry)
{
	return (uint64_t)func_frame_size(&entry->module->pclntab, entry->func);
}

/* The top of the frame that returns through the word. */
static uint64_t callee_top(const struct analysis *analysis, const struct damage *damage)
{
	return damage->caller_sp - (analysis->image->arch->link_register ? 0 : WORD);
}

/* A run is of a frame when it begins there: at a variable, or (`local->pc` 0) somewhere. */
static bool begins_in_frame(struct analysis *analysis, const struct pc_info *entry, uint64_t top, const struct run *run,
			    struct local *local)
{
	const uint64_t lo = top - size_of(entry);

	if (run->start + SLACK < lo || run->start >= top)
		return false;
	if (!local_find(analysis, entry, top, run->start - SLACK, run->start + SLACK, run->start, local))
		*local = (struct local){.function = entry};
	return true;
}

/* The function that a call leads to, of one that returns through the word; where it returns to; and the top of its frame. */
struct call {
	const struct pc_info *target;
	uint64_t site, top;
};

/* The next call of a function after *pc to another Go function. */
static bool next_call(struct analysis *analysis, const struct pc_info *entry, uint64_t frame_top, uint64_t *pc, struct call *ret)
{
	struct go_runtime *runtime = analysis->runtime;
	struct insn insn;

	if (*pc == entry->func->entry && !code_affords(analysis, entry->func))
		return false;
	for (; *pc < entry->func->end; *pc += insn.size) {
		const struct pc_info *site;

		if (!insn_decode(runtime->decoder, *pc, image_view(runtime->image, *pc, INSN_BYTES), &insn))
			return false;
		if (insn.flow != FLOW_CALL)
			continue;
		site = go_return_address(runtime, *pc + insn.size);
		ret->target = go_pc(runtime, insn.target, true);
		if (!ret->target->func || !site->has_delta)
			continue;
		ret->site = site->pc;
		ret->top = frame_top - (uint64_t)(int64_t)site->delta - (analysis->image->arch->link_register ? 0 : WORD);
		*pc += insn.size;
		return true;
	}
	return false;
}

/* Whether the return address of a call still lies where the function called has kept it, in its frame, dead or alive. */
static bool keeps_site(struct analysis *analysis, const struct call *call)
{
	const bool link = analysis->image->arch->link_register;
	uint64_t word;

	return image_u64(analysis->image, link ? call->top - size_of(call->target) : call->top, &word) && word == call->site;
}

/* In a variable of a function that the one that returns had called: the only one that fits, or of several the only one whose
 * return address is still there. */
static bool begins_in_callee(struct analysis *analysis, const struct pc_info *entry, uint64_t top, const struct run *run,
			     struct local *ret)
{
	unsigned fitting = 0, kept = 0;
	struct local fits = {0};
	struct call call;

	for (uint64_t pc = entry->func->entry; next_call(analysis, entry, top, &pc, &call);) {
		struct local local;

		if (!begins_in_frame(analysis, call.target, call.top, run, &local) || !local.pc ||
		    (fitting && local.function == fits.function))
			continue;
		fitting++;
		if (keeps_site(analysis, &call)) {
			kept++;
			*ret = local;
		} else if (!kept) {
			fits = local;
		}
	}
	if (!kept)
		*ret = fits;
	return kept ? kept == 1 : fitting == 1;
}

/* In a variable of the function that returns, or of one that it called. */
static bool begins_below(struct analysis *analysis, const struct pc_info *entry, uint64_t top, const struct run *run,
			 struct local *local)
{
	if (begins_in_frame(analysis, entry, top, run, local) || begins_in_callee(analysis, entry, top, run, local))
		return true;
	*local = (struct local){0};
	return false;
}

/* In a variable of the caller, which the run fills to its end, downwards. */
static bool ends_above(struct analysis *analysis, const struct damage *damage, const struct run *run, struct local *local)
{
	const struct pc_info *caller = damage->caller;
	uint64_t top;

	if (!caller || !caller->func || !caller->has_delta)
		return false;
	top = damage->caller_sp + (uint64_t)(int64_t)caller->delta;
	return run->start < damage->slot && run->end <= top && run->end > damage->slot + 2 * WORD &&
	       local_find(analysis, go_pc(analysis->runtime, caller->func->entry, true), top, damage->slot + WORD, run->end - WORD,
			  run->end, local);
}

static void find_writer(struct analysis *analysis, const struct damage *damage, struct overrun *overrun)
{
	struct local above = {0};
	const bool below = damage->callee && damage->callee->func &&
			   begins_below(analysis, go_pc(analysis->runtime, damage->callee->func->entry, true),
					callee_top(analysis, damage), &overrun->run, &overrun->local);

	if (below && overrun->local.pc) {
		overrun->run.direction = RUN_UPWARDS;
	} else if (ends_above(analysis, damage, &overrun->run, &above)) {
		overrun->run.direction = RUN_DOWNWARDS;
		overrun->local = above;
		if (!above.passed_to && damage->callee)
			overrun->local.passed_to = go_func_name(damage->callee);
	}
}

/* --- assembly ---------------------------------------------------------------------------------------------- */

/* A store in assembly over the return address of `entry`: its own, or (arm64) of one that it calls. */
static bool stored_over(struct analysis *analysis, const struct pc_info *entry, struct overrun *ret)
{
	struct call call;

	if (asm_frame_store(analysis->runtime, analysis->tear_cache, entry, &ret->store) && !ret->store.callers) {
		ret->assembly = entry;
		return true;
	}
	for (uint64_t pc = entry->func->entry; analysis->image->arch->link_register && next_call(analysis, entry, 0, &pc, &call);)
		if (asm_frame_store(analysis->runtime, analysis->tear_cache, call.target, &ret->store) && ret->store.callers) {
			ret->assembly = call.target;
			return true;
		}
	return false;
}

/* --- the whole --------------------------------------------------------------------------------------------- */

static bool on_stack(const struct analysis *analysis, const struct damage *damage, uint64_t *lo, uint64_t *hi)
{
	const struct goroutine *g = damage->goroutine < 0 ? NULL : &analysis->runtime->goroutines.items[damage->goroutine];

	if (!g || !damage->slot || damage->slot % WORD || damage->slot < g->stack_lo || damage->slot >= g->stack_hi)
		return false;
	*lo = g->stack_lo;
	*hi = g->stack_hi;
	return true;
}

bool overrun_find(struct analysis *analysis, const struct damage *damage, struct overrun *ret)
{
	uint64_t lo, hi;

	*ret = (struct overrun){.run.shape = RUN_NONE};
	if (!on_stack(analysis, damage, &lo, &hi))
		return false;
	run_find(analysis, damage, lo, hi, &ret->run);
	if (ret->run.shape != RUN_NONE)
		find_writer(analysis, damage, ret);
	ret->has_store = damage->callee && damage->callee->func &&
			 stored_over(analysis, go_pc(analysis->runtime, damage->callee->func->entry, true), ret);
	return ret->has_store || ret->run.shape != RUN_NONE;
}

/* Whether a function may have returned through the word. */
static bool may_have_returned(struct analysis *analysis, const struct damage *damage, const struct run *run,
			      const struct pc_info *entry)
{
	struct overrun overrun = {0};
	uint64_t top = callee_top(analysis, damage);

	if (stored_over(analysis, entry, &overrun))
		return true;
	return run->shape != RUN_NONE && begins_below(analysis, entry, top, run, &overrun.local) && overrun.local.pc;
}

/* Where the word lay that a function returned through. */
static uint64_t slot_of(const struct analysis *analysis, const struct damage *damage, const struct pc_info *entry)
{
	return damage->caller_sp - (analysis->image->arch->link_register ? size_of(entry) : WORD);
}

uint64_t overrun_settles(struct analysis *analysis, const struct damage *damage, const uint64_t *sites, uint32_t count)
{
	uint64_t lo, hi, found = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct pc_info *site = go_return_address(analysis->runtime, sites[i]);
		const struct pc_info *target = site->call == FLOW_CALL ? go_pc(analysis->runtime, site->call_target, true) : NULL;
		struct damage place = *damage;
		struct run run = {.shape = RUN_NONE};

		if (!target || !target->func)
			continue;
		place.slot = slot_of(analysis, damage, target);
		if (on_stack(analysis, &place, &lo, &hi))
			run_find(analysis, &place, lo, hi, &run);
		if (!may_have_returned(analysis, &place, &run, target))
			continue;
		if (found)
			return 0;
		found = sites[i];
	}
	return found;
}
