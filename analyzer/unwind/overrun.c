/* overrun.c: see overrun.h. Whose variable it is follows from frames alone: that of the function that returns through the word
 * ends just below it on amd64, and begins there on arm64; those of the functions that it calls lie below that; the caller's
 * lies above. */
#include "analyzer/unwind/overrun.h"

#include "analyzer/instructions/executed_store.h"
#include "analyzer/unwind/code_search.h"

#include <string.h>

enum {
	WORD = 8,
	INSN_BYTES = 16,
	SLACK = 2 * WORD,   /* from a variable to the first word that is as those behind it */
	PRESUMED_WORDS = 4, /* of a run whose beginning is not seen */
};

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

/* Where a run begins. Exactly: at a variable of a frame. Presumed: in a frame with a variable that the run goes over, or that
 * lies in what was used again; words like it lay below the variable, or those that it began with were overwritten, since the frame
 * was dead when the runtime met the fault. */
struct beginning {
	struct analysis *analysis;
	const struct run *run;
	uint64_t live; /* the lowest SP now */
	bool presumed;
};

/* The runtime's own functions keep within their variables. */
static bool is_runtime(const struct pc_info *entry)
{
	static const char package[] = "runtime.";

	return !strncmp(go_func_name(entry), package, sizeof package - 1);
}

/* Whether it does so in the frame of `entry`. Exactly, and no variable is there: `local->pc` 0. */
static bool begins_in_frame(const struct beginning *beginning, const struct pc_info *entry, uint64_t top, struct local *local)
{
	const uint64_t start = beginning->run->start, lo = top - size_of(entry);
	const struct local_wanted at = {.lo = start - SLACK, .hi = start + SLACK, .near = start};
	const struct local_wanted around = {.lo = lo, .hi = top - 2 * WORD, .near = start};
	struct local found;

	if (start + (beginning->presumed ? 0 : SLACK) < lo || start >= top || is_runtime(entry))
		return false;
	if (!beginning->presumed) {
		if (!local_find(beginning->analysis, entry, top, &at, local))
			*local = (struct local){.function = entry};
		return true;
	}
	if (!local_find(beginning->analysis, entry, top, &around, &found) ||
	    (found.address < start && found.address < beginning->live))
		return false;
	*local = found;
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
static bool begins_in_callee(const struct beginning *beginning, const struct pc_info *entry, uint64_t top, struct local *ret)
{
	struct analysis *analysis = beginning->analysis;
	unsigned fitting = 0, kept = 0;
	struct local fits = {0};
	struct call call;

	for (uint64_t pc = entry->func->entry; next_call(analysis, entry, top, &pc, &call);) {
		struct local local;

		if (!begins_in_frame(beginning, call.target, call.top, &local) || !local.pc ||
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

/* In a variable of the function that returns, or of one that it called. On amd64 that one would have returned first, through
 * the same run; on arm64 the function's own variables lie above its return address. */
static bool begins_below(const struct beginning *beginning, const struct damage *damage, const struct pc_info *entry,
			 struct local *local)
{
	const uint64_t top = callee_top(beginning->analysis, damage);
	const bool link = beginning->analysis->image->arch->link_register;
	const bool callees = link || !(damage->returned || damage->at_return);

	if ((!(link && beginning->presumed) && begins_in_frame(beginning, entry, top, local)) ||
	    (callees && begins_in_callee(beginning, entry, top, local)))
		return true;
	*local = (struct local){0};
	return false;
}

/* In a variable of the caller, downwards: its address, which the caller takes, is where the run ends; or (not `exactly`) it lies in
 * the run, and is passed to the function that returned. */
static bool ends_above(struct analysis *analysis, const struct damage *damage, const struct run *run, bool exactly,
		       struct local *local)
{
	const struct pc_info *caller = damage->caller;
	struct local_wanted wanted = {.lo = run->end - SLACK, .hi = run->end, .near = run->end};
	uint64_t top;

	if (!caller || !caller->func || !caller->has_delta || !damage->callee)
		return false;
	top = damage->caller_sp + (uint64_t)(int64_t)caller->delta;
	if (run->start >= damage->slot || run->end > top || run->end <= damage->slot + 2 * WORD)
		return false;
	if (!exactly) {
		wanted.lo = damage->slot + 2 * WORD;
		wanted.passed_to = go_func_name(damage->callee);
	}
	return local_find(analysis, go_pc(analysis->runtime, caller->func->entry, true), top, &wanted, local);
}

static void set_writer(struct overrun *overrun, enum run_direction direction, const struct local *local)
{
	overrun->run.direction = direction;
	overrun->local = *local;
}

/* What is seen exactly comes first; of what is presumed, that which nothing else rivals. Where words may be alike by accident the run's ends
 * are not seen: then it is presumed of the frame that was left alone. */
static void find_writer(struct analysis *analysis, const struct damage *damage, uint64_t live, struct overrun *overrun)
{
	const struct run *run = &overrun->run;
	const struct pc_info *entry = damage->callee && damage->callee->func
					      ? go_pc(analysis->runtime, damage->callee->func->entry, true) : NULL;
	struct beginning beginning = {.analysis = analysis, .run = run, .live = live};
	struct local above = {0}, below = {0};
	bool up, down;

	if (run->sure && entry && begins_below(&beginning, damage, entry, &overrun->local) && overrun->local.pc) {
		overrun->run.direction = RUN_UPWARDS;
		return;
	}
	beginning.presumed = true;
	if (run->sure && ends_above(analysis, damage, run, true, &above)) {
		set_writer(overrun, RUN_DOWNWARDS, &above);
		return;
	}
	up = entry && (damage->returned || damage->at_return || damage->faulted) && run->words >= PRESUMED_WORDS &&
	     begins_below(&beginning, damage, entry, &below);
	down = run->sure && ends_above(analysis, damage, run, false, &above);
	overrun->presumed = up != down;
	if (overrun->presumed)
		set_writer(overrun, up ? RUN_UPWARDS : RUN_DOWNWARDS, up ? &below : &above);
}

/* The writer of another damage of the same goroutine that the run goes over, the lowest: it was written with this one. */
static void share_writer(struct analysis *analysis, const struct damage *damage, uint64_t live, struct overrun *overrun)
{
	const struct run *run = &overrun->run;
	const struct damage *lowest = NULL;

	for (size_t i = 0; i < analysis->damages.count; i++) {
		const struct damage *other = &analysis->damages.items[i];

		if (other->goroutine == damage->goroutine && other->kind == DAMAGE_SMASHED && other->slot >= run->start &&
		    other->slot < damage->slot && (!lowest || other->slot < lowest->slot))
			lowest = other;
	}
	if (lowest)
		find_writer(analysis, lowest, live, overrun);
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

static bool run_around(struct analysis *analysis, const struct damage *damage, uint64_t live, struct run *ret)
{
	const struct goroutine *g = damage->goroutine < 0 ? NULL : &analysis->runtime->goroutines.items[damage->goroutine];

	ret->shape = RUN_NONE;
	if (!g || !damage->slot || damage->slot % WORD || damage->slot < g->stack_lo || damage->slot >= g->stack_hi)
		return false;
	run_find(analysis, &(struct run_place){damage->slot, damage->observed, g->stack_lo, g->stack_hi, live}, ret);
	return true;
}

/* The word that a function returned through is the one that its store, made in every call of it, has written there. */
static bool is_foretold(struct analysis *analysis, const struct damage *damage, const struct overrun *overrun)
{
	uint64_t word;

	return (damage->returned || damage->at_return) &&
	       executed_store(analysis->runtime, overrun->assembly, &overrun->store, damage->slot - (uint64_t)overrun->store.at,
			      damage->slot, &word) &&
	       word == damage->observed;
}

bool overrun_find(struct analysis *analysis, const struct damage *damage, uint64_t live, struct overrun *ret)
{
	*ret = (struct overrun){0};
	if (!run_around(analysis, damage, live, &ret->run))
		return false;
	if (ret->run.shape != RUN_NONE)
		find_writer(analysis, damage, live, ret);
	if (ret->run.shape != RUN_NONE && ret->run.direction == RUN_UNKNOWN)
		share_writer(analysis, damage, live, ret);
	ret->has_store = damage->callee && damage->callee->func &&
			 stored_over(analysis, go_pc(analysis->runtime, damage->callee->func->entry, true), ret);
	ret->foretold = ret->has_store && is_foretold(analysis, damage, ret);
	return ret->has_store || ret->run.shape != RUN_NONE;
}

/* Whether a function may have returned through the word. */
static bool may_have_returned(struct analysis *analysis, const struct damage *damage, const struct run *run,
			      const struct pc_info *entry)
{
	const struct beginning beginning = {.analysis = analysis, .run = run};
	struct overrun overrun = {0};

	if (stored_over(analysis, entry, &overrun))
		return true;
	return run->shape != RUN_NONE && begins_below(&beginning, damage, entry, &overrun.local) && overrun.local.pc;
}

/* Where the word lay that a function returned through. */
static uint64_t slot_of(const struct analysis *analysis, const struct damage *damage, const struct pc_info *entry)
{
	return damage->caller_sp - (analysis->image->arch->link_register ? size_of(entry) : WORD);
}

static uint64_t site_by_writer(struct analysis *analysis, const struct damage *damage, const uint64_t *sites, uint32_t count)
{
	uint64_t found = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct pc_info *site = go_return_address(analysis->runtime, sites[i]);
		const struct pc_info *target = site->call == FLOW_CALL ? go_pc(analysis->runtime, site->call_target, true) : NULL;
		struct damage place = *damage;
		struct run run;

		if (!target || !target->func)
			continue;
		place.slot = slot_of(analysis, damage, target);
		run_around(analysis, &place, UINT64_MAX, &run);
		if (!may_have_returned(analysis, &place, &run, target))
			continue;
		if (found)
			return 0;
		found = sites[i];
	}
	return found;
}

/* Whether the function called there has left its frame in the dead memory below SP: on amd64 the return address of its own
 * last call, on arm64 the very word. */
static bool left_frame(struct analysis *analysis, const struct damage *place, uint64_t return_address)
{
	const struct pc_info *site = go_return_address(analysis->runtime, return_address);
	const struct pc_info *callee, *dead;
	uint64_t size, word;

	if (site->call != FLOW_CALL)
		return false;
	callee = go_pc(analysis->runtime, site->call_target, true);
	if (!callee->func)
		return false;
	size = (uint64_t)func_frame_size(&callee->module->pclntab, callee->func);
	if (analysis->image->arch->link_register)
		return image_u64(analysis->image, place->caller_sp - size, &word) && word == place->observed;
	if (!image_u64(analysis->image, place->caller_sp - size - 2 * WORD, &word))
		return false;
	dead = go_return_address(analysis->runtime, word);
	return dead->func == callee->func && dead->has_delta && (uint64_t)dead->delta == size && dead->call != FLOW_NEXT;
}

static uint64_t site_by_dead_frame(struct analysis *analysis, const struct damage *place, const uint64_t *sites, uint32_t count)
{
	uint64_t found = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (!left_frame(analysis, place, sites[i]))
			continue;
		if (found)
			return 0;
		found = sites[i];
	}
	return found;
}

uint64_t overrun_settles(struct analysis *analysis, const struct damage *damage, const uint64_t *sites, uint32_t count)
{
	const uint64_t site = site_by_writer(analysis, damage, sites, count);

	return site ? site : site_by_dead_frame(analysis, damage, sites, count);
}
