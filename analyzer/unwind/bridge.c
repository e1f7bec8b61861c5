/* bridge.c: see smashed.h. What runs over a return address runs over the frame pointer beside it, and often over more frames.
 * The return address of amd64 lies at the top of its function's frame, that of arm64 at the bottom. From a sound one above the
 * gap, the function that its call leads to is known; where its frame ends above the gap's lower edge, the calls in it
 * lead to functions whose frames lie below, and so on: what fills the gap exactly is what was there. */
#include "analyzer/unwind/code_search.h"
#include "analyzer/unwind/overrun.h"
#include "analyzer/unwind/smashed.h"

enum {
	WORD = 8,
	REACH = 64 << 10,        /* above the gap's lower edge */
	LEVELS = 4,              /* frames in the gap */
	ANCHORS = 16,            /* return addresses from which it is tried */
	GLANCE = 64,             /* frames */
};

struct gap {
	struct analysis *analysis;
	const struct walk_subject *subject;
	const struct damage *place;
	bool link;
	uint32_t count;          /* of sites that fit; the first few are kept */
	uint64_t sites[SITES_KEPT];
	const struct func *caller; /* that all of them are in; NULL: several */
	uint32_t levels;         /* frames between the first of them and its anchor */
	bool open;               /* other chains may fill the gap: by an indirect call, or longer ones than were tried */
	uint64_t anchor, anchor_pc, anchor_sp;
};

static bool is_known(const struct gap *gap, uint64_t site)
{
	for (uint32_t i = 0; i < gap->count && i < SITES_KEPT; i++)
		if (gap->sites[i] == site)
			return true;
	return false;
}

static void accept(struct gap *gap, const struct pc_info *site, unsigned level)
{
	const struct damage *place = gap->place;

	if (!callsite_reaches(gap->analysis->runtime, site->pc, place->callee ? place->callee->func : NULL) ||
	    (place->returned && !call_comes_back(gap->analysis->runtime, site)) || is_known(gap, site->pc))
		return;
	if (level && site->call != FLOW_CALL) { /* an indirect call at the end of a chain of guesses fits anything */
		gap->open = true;
		return;
	}
	if (!gap->count) {
		gap->caller = site->func;
		gap->levels = level;
	} else if (gap->caller != site->func) {
		gap->caller = NULL;
	}
	if (gap->count < SITES_KEPT)
		gap->sites[gap->count] = site->pc;
	gap->count++;
}

static int64_t frame_size(const struct pc_info *info)
{
	return func_frame_size(&info->module->pclntab, info->func);
}

static void descend(struct gap *gap, const struct func *func, uint64_t at, unsigned level);

/* A call that returns to `site` with SP there: it is the one, or leads to a function whose frame lies below. */
static void follow(struct gap *gap, const struct pc_info *site, uint64_t sp, unsigned level)
{
	const uint64_t edge = gap->place->caller_sp;
	const struct pc_info *target;
	uint64_t below, word;

	if (sp == edge) {
		accept(gap, site, level);
		return;
	}
	if (sp < edge)
		return;
	if (level == LEVELS || site->call != FLOW_CALL) {
		gap->open |= site->call == FLOW_CALL || site->call == FLOW_INDIRECT_CALL;
		return;
	}
	target = go_pc(gap->analysis->runtime, site->call_target, true);
	if (!target->func)
		return;
	below = sp - (gap->link ? (uint64_t)frame_size(target) : WORD);
	if (below < edge || below == sp || !image_u64(gap->analysis->image, below, &word))
		return;
	if (word == site->pc || !callsite_reaches(gap->analysis->runtime, word, NULL))
		descend(gap, target->func, below, level + 1);
}

/* All calls of a function whose return address lies at `at`. */
static void descend(struct gap *gap, const struct func *func, uint64_t at, unsigned level)
{
	if ((func->flags & FUNC_SP_WRITE) || !code_affords(gap->analysis, func)) /* what switches stacks has no frame in a gap */
		return;
	for (uint64_t pc = func->entry; go_to_call(gap->analysis, func, &pc);) {
		const struct pc_info *site = go_return_address(gap->analysis->runtime, pc);

		if (site->func == func && site->has_delta && site->delta >= 0)
			follow(gap, site, gap->link ? at : at - (uint64_t)site->delta, level);
	}
}

/* SP above the frame whose return address is the word at `at`; false: it cannot be told. */
static bool top_of(const struct gap *gap, const struct func *func, uint64_t at, uint64_t *ret)
{
	const struct pc_info *info = go_pc(gap->analysis->runtime, func->entry, true);
	const int64_t size = gap->link ? frame_size(info) : WORD;

	*ret = at + (uint64_t)size;
	return size > 0;
}

/* The next return address above one, by the tables; false: the word there is none that leads to its function. */
static bool next_above(const struct gap *gap, uint64_t *at, uint64_t *word)
{
	struct go_runtime *runtime = gap->analysis->runtime;
	const struct pc_info *info = go_return_address(runtime, *word);
	const struct func *func = called_by(gap->analysis, gap->subject, *word);

	if (!func || !info->has_delta || !top_of(gap, func, *at, at))
		return false;
	*at += gap->link ? 0 : (uint64_t)(int64_t)info->delta;
	return image_u64(runtime->image, *at, word) && callsite_reaches(runtime, *word, info->func);
}

/* Whether frames stand on each other from a return address on, as a glance tells: arrays in frames hold return addresses of dead
 * ones, from which they soon do not. */
static bool seems_live(const struct gap *gap, uint64_t at, uint64_t word)
{
	for (unsigned steps = 0; steps < GLANCE; steps++) {
		if (go_return_address(gap->analysis->runtime, word)->role == ROLE_GOEXIT)
			return true;
		if (!next_above(gap, &at, &word))
			return false;
	}
	return true;
}

static bool from_anchor(struct gap *gap, uint64_t at, uint64_t word)
{
	const struct func *func = called_by(gap->analysis, gap->subject, word);
	const uint32_t before = gap->count;
	struct gap trial = *gap;
	uint64_t sp;

	if (!func || !top_of(gap, func, at, &sp))
		return false;
	descend(&trial, func, at, 0);
	if (trial.count == before || !damage_leads_home(gap->analysis, gap->subject, word, sp))
		return false;
	if (!before) {
		trial.anchor = at;
		trial.anchor_pc = word;
		trial.anchor_sp = sp;
	}
	*gap = trial;
	return true;
}

static void try_anchors(struct gap *gap)
{
	struct go_runtime *runtime = gap->analysis->runtime;
	const uint64_t edge = gap->place->caller_sp;
	const uint64_t end = gap->subject->hi - edge < REACH ? gap->subject->hi : edge + REACH;
	unsigned tried = 0;
	uint64_t word;

	for (uint64_t at = edge; at < end && tried < ANCHORS; at += WORD)
		if (image_u64(runtime->image, at, &word) && go_pc(runtime, word, false)->func &&
		    callsite_reaches(runtime, word, NULL) && seems_live(gap, at, word)) {
			tried++;
			from_anchor(gap, at, word);
		}
}

/* Which of several: what the RET left below SP says. */
static uint64_t settle(struct gap *gap)
{
	if (gap->count == 1)
		return gap->sites[0];
	if (!gap->place->returned || gap->count > SITES_KEPT)
		return 0;
	return overrun_settles(gap->analysis, gap->place, gap->sites, gap->count);
}

bool smashed_by_frame_sizes(struct analysis *analysis, const struct walk_subject *subject, struct damage *place)
{
	struct gap gap = {.analysis = analysis, .subject = subject, .place = place,
			  .link = analysis->image->arch->link_register};
	uint64_t return_address;
	int64_t delta;

	if (caller_by_frame_pointer(analysis, subject, place, &delta, &return_address))
		return false;
	if (subject->goroutine < 0 || place->caller_sp % WORD || place->caller_sp < subject->lo ||
	    place->caller_sp >= subject->hi)
		return false;
	try_anchors(&gap);
	if (!gap.count)
		return false;
	place->kind = DAMAGE_SMASHED;
	place->candidates = gap.count;
	place->bridge = gap.anchor;
	place->bridged = gap.levels;
	place->bridge_open = gap.levels && gap.open;
	place->above_pc = gap.anchor_pc;
	place->above_sp = gap.anchor_sp;
	place->repaired = settle(&gap);
	if (gap.caller)
		place->caller = go_pc(analysis->runtime, gap.sites[0], false);
	return true;
}
