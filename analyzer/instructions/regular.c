/* regular.c: see regular.h. What is behind a jump, return or trap is reached by branches, or by jumps through
 * tables, for which tear.c believes pcsp as well. */
#include "analyzer/instructions/regular.h"

#include "analyzer/instructions/frame_values.h"

#include <string.h>

enum {
	CODE_LIMIT = 1 << 20, /* bytes of one function, as in tear.c */
	COMPUTED_LIMIT = 5,   /* instructions before one that sets SP, of those that compute its value */
};

/* A Go caller's frame pointer, from the top of the frame that it called; the frame's own is as far below SP
 * (cmd/internal/obj/arm64/obj7.go). Calls of duffzero and duffcopy are given a frame of two words below that
 * (cmd/compile/internal/arm64/ssa.go). */
enum { FP_CALLERS = -8, FP_DUFF = -16 };

/* The state before an instruction. */
struct claim {
	bool boundary; /* an instruction begins here */
	bool closed;   /* what follows rests on instructions before it: no branch may lead here */
	bool reached;  /* whenever the function is entered, or could be */
	int32_t delta; /* what pcsp says: from SP to the frame's top */
	int64_t fp;    /* from the frame's top, up; followed where there is a link register */
	int64_t made;  /* what was last made the frame's own: it stays good when SP goes further down */
};

struct edge {
	uint64_t target; /* offset */
	struct claim claim;
	bool certain; /* nothing but branches lies between the entry and it */
};

struct regularity {
	struct go_runtime *runtime;
	const struct arch *arch;
	struct claim *claims; /* by offset / quantum */
	size_t capacity;
	VEC(struct edge) edges;
	VEC(uint64_t) doubts; /* offsets behind calls that return only if the claim behind them is wrong */
	VEC(struct torn_fp) torn;
};

/* One function. */
struct sweep {
	struct regularity *scratch;
	const struct func *func;
	struct span code;
	struct pcvalue pcsp;
	bool certain;      /* the instruction is reached whenever the function is entered */
	uint64_t returned; /* … or, NOPs apart, only if the call returns that ends here; 0: neither */
};

struct regularity *regularity_new(struct go_runtime *runtime)
{
	struct regularity *regularity = arena_alloc(runtime->arena, sizeof *regularity);

	regularity->runtime = runtime;
	regularity->arch = runtime->image->arch;
	return regularity;
}

static void make_room(struct regularity *scratch, size_t count)
{
	if (count > scratch->capacity) {
		scratch->capacity = 2 * count;
		scratch->claims = arena_array(scratch->runtime->arena, scratch->capacity, sizeof *scratch->claims);
	} else {
		memset(scratch->claims, 0, count * sizeof *scratch->claims);
	}
	scratch->edges.count = 0;
	scratch->doubts.count = 0;
	scratch->torn.count = 0;
}

/* What pcsp says at an offset that is not below the last one asked for; false: nothing. */
static bool delta_at(struct sweep *sweep, uint64_t offset, int32_t *ret)
{
	return pcvalue_seek(&sweep->pcsp, sweep->func->entry + offset, ret);
}

static bool decode(const struct sweep *sweep, uint64_t offset, struct insn *ret)
{
	size_t size = insn_plain(sweep->scratch->arch, span_from(sweep->code, offset));

	if (size) { /* what else it does is of no interest; that it does something tells it from a NOP */
		*ret = (struct insn){.size = (uint8_t)size,
				     .flow = FLOW_NEXT,
				     .count = 1,
				     .effects = {{.kind = EFFECT_CLOBBER, .dst = REG_NONE}}};
		return true;
	}
	return insn_decode(sweep->scratch->runtime->decoder, sweep->func->entry + offset,
			   span_from(sweep->code, offset), ret);
}

/* The frame pointer is computed from SP or from itself, or taken back from where the frame saved it. */
static bool follow_frame_pointer(const struct arch *arch, const struct effect *effect, int64_t sp, struct claim *claim)
{
	if (effect->kind == EFFECT_ADD && (effect->src == arch->sp || effect->src == arch->fp)) {
		claim->fp = (effect->src == arch->sp ? sp : claim->fp) + (int32_t)effect->value;
		if (effect->src == arch->sp && effect->value == FP_CALLERS)
			claim->made = claim->fp;
		return effect->value == (int32_t)effect->value;
	}
	claim->fp = FP_CALLERS;
	return effect->kind == EFFECT_LOAD && effect->size == 8 && effect->src == arch->sp &&
	       effect->value == FP_CALLERS;
}

/* SP is set from another register: large frames are so allocated. The value is what the instructions just before
 * make of SP or constants. */
static bool compute_sp(struct sweep *sweep, uint64_t offset, int64_t *sp)
{
	const struct arch *arch = sweep->scratch->arch;
	struct claim *claims = sweep->scratch->claims;
	uint64_t start = offset;

	for (int back = 0; back < COMPUTED_LIMIT && start >= arch->quantum && arch->link_register; back++) {
		struct state state = {0};
		struct insn insn;
		uint64_t at;

		start -= arch->quantum;
		state.regs[arch->sp] = (struct value){VALUE_TOP, -(int64_t)claims[start / arch->quantum].delta};
		for (at = start; at <= offset; at += insn.size) {
			if (!decode(sweep, at, &insn) || insn.flow != FLOW_NEXT)
				return false;
			state_apply(&state, arch, &insn);
		}
		if (state.regs[arch->sp].kind != VALUE_TOP)
			continue;
		for (at = start + arch->quantum; at <= offset; at += arch->quantum)
			claims[at / arch->quantum].closed = true;
		*sp = state.regs[arch->sp].number;
		return true;
	}
	return false;
}

/* The state behind an instruction; false: it does something else to SP or FP than functions do. */
static bool take_effects(struct sweep *sweep, uint64_t offset, const struct insn *insn, struct claim *claim)
{
	const struct arch *arch = sweep->scratch->arch;
	int64_t sp = -(int64_t)claim->delta;

	for (size_t i = 0; i < insn->count; i++) {
		const struct effect *effect = &insn->effects[i];

		if (effect->kind == EFFECT_STORE)
			continue;
		if (effect->dst == arch->sp && effect->kind == EFFECT_ADD && effect->src == arch->sp &&
		    effect->value == (int32_t)effect->value)
			sp += effect->value;
		else if (effect->dst == arch->sp && !compute_sp(sweep, offset, &sp))
			return false;
		else if (effect->dst == arch->fp && arch->link_register &&
			 !follow_frame_pointer(arch, effect, sp, claim))
			return false;
	}
	claim->delta = (int32_t)-sp;
	return !insn->sp_unknown && sp == (int32_t)sp;
}

/* Notes an instruction before which the frame pointer is neither of the two. */
static void look_at_frame_pointer(struct sweep *sweep, uint64_t offset, const struct claim *claim)
{
	struct regularity *scratch = sweep->scratch;

	int64_t own = FP_CALLERS - (int64_t)claim->delta;

	if (scratch->arch->link_register && claim->fp != FP_CALLERS && claim->fp != own && claim->fp != own + FP_DUFF &&
	    !(claim->fp == claim->made && claim->fp > own))
		vec_push(scratch->runtime->arena, &scratch->torn,
			 (struct torn_fp){sweep->func->entry + offset, claim->fp, claim->delta});
}

static bool falls_through(enum insn_flow flow)
{
	return flow == FLOW_NEXT || flow == FLOW_BRANCH || flow == FLOW_CALL || flow == FLOW_INDIRECT_CALL;
}

static void branch(struct sweep *sweep, const struct insn *insn, const struct claim *claim)
{
	uint64_t target = insn->target - sweep->func->entry;

	if ((insn->flow == FLOW_JUMP || insn->flow == FLOW_BRANCH) && target < sweep->code.size)
		vec_push(sweep->scratch->runtime->arena, &sweep->scratch->edges,
			 (struct edge){target, *claim, sweep->certain});
}

/* A call that what pcsp says of an offset contradicts: it does not return (a panic), if the code there is known to
 * be reached otherwise; see tear.c, settle_reached. No branch may lead to the NOPs between. */
static void doubt(struct sweep *sweep, uint64_t offset)
{
	const uint8_t quantum = sweep->scratch->arch->quantum;

	for (uint64_t at = sweep->returned; at < offset; at += quantum)
		sweep->scratch->claims[at / quantum].closed = true;
	vec_push(sweep->scratch->runtime->arena, &sweep->scratch->doubts, offset);
}

/* From what an instruction leaves to what pcsp says of the next, at *offset. Where the table ends is padding. */
static bool go_on(struct sweep *sweep, uint64_t *offset, const struct insn *insn, struct claim *claim)
{
	uint64_t next = *offset;
	int32_t delta;

	if (!delta_at(sweep, next, &delta)) {
		*offset = sweep->code.size;
		return !falls_through(insn->flow);
	}
	if (insn->flow == FLOW_CALL || insn->flow == FLOW_INDIRECT_CALL)
		sweep->returned = next;
	else if (insn->flow != FLOW_NEXT || insn->count)
		sweep->returned = 0;
	if (falls_through(insn->flow) && delta == claim->delta)
		return true;
	if (sweep->returned)
		doubt(sweep, next);
	else if (falls_through(insn->flow))
		return false;
	claim->delta = delta;
	claim->fp = claim->made = FP_CALLERS - (int64_t)delta; /* or branches to it will say otherwise */
	return true;
}

/* Looks at the instruction at an offset; `claim` is what holds before it, and becomes what holds before the next. */
static bool step(struct sweep *sweep, uint64_t *offset, struct claim *claim)
{
	const struct arch *arch = sweep->scratch->arch;
	struct insn insn;

	sweep->scratch->claims[*offset / arch->quantum] = *claim;
	look_at_frame_pointer(sweep, *offset, claim);
	if (!decode(sweep, *offset, &insn)) {
		if (arch->quantum == 1)
			return false; /* where the next one begins is not known */
		insn = (struct insn){.size = arch->quantum, .flow = FLOW_STOP};
	} else if (!take_effects(sweep, *offset, &insn, claim)) {
		return false;
	}
	branch(sweep, &insn, claim);
	sweep->certain &= insn.flow == FLOW_NEXT || insn.flow == FLOW_BRANCH;
	*offset += insn.size;
	return *offset >= sweep->code.size || go_on(sweep, offset, &insn, claim);
}

static bool edges_agree(const struct regularity *scratch)
{
	for (size_t i = 0; i < scratch->edges.count; i++) {
		const struct edge *edge = &scratch->edges.items[i];
		const struct claim *claim = &scratch->claims[edge->target / scratch->arch->quantum];

		if (edge->target % scratch->arch->quantum || !claim->boundary || claim->closed ||
		    claim->delta != edge->claim.delta || (scratch->arch->link_register && claim->fp != edge->claim.fp))
			return false;
	}
	return true;
}

static bool doubts_settled(const struct regularity *scratch)
{
	const uint8_t quantum = scratch->arch->quantum;

	for (size_t i = 0; i < scratch->edges.count; i++)
		if (scratch->edges.items[i].certain)
			scratch->claims[scratch->edges.items[i].target / quantum].reached = true;
	for (size_t i = 0; i < scratch->doubts.count; i++)
		if (!scratch->claims[scratch->doubts.items[i] / quantum].reached)
			return false;
	return true;
}

bool func_is_regular(struct regularity *regularity, const struct go_module *module, const struct func *func,
		     const struct torn_fp **torn, size_t *torn_count)
{
	struct sweep sweep = {.scratch = regularity, .func = func, .certain = true};
	struct claim claim = {.boundary = true, .fp = FP_CALLERS, .made = FP_CALLERS};
	uint64_t offset = 0;

	if (func->end - func->entry > CODE_LIMIT)
		return false;
	sweep.code = image_view(regularity->runtime->image, func->entry, func->end - func->entry);
	sweep.pcsp = pcvalue_of(&module->pclntab, func, func->pcsp);
	make_room(regularity, sweep.code.size / regularity->arch->quantum + 1);
	if (!delta_at(&sweep, 0, &claim.delta) || claim.delta)
		return false;
	while (offset < sweep.code.size)
		if (!step(&sweep, &offset, &claim))
			return false;
	*torn = regularity->torn.items;
	*torn_count = regularity->torn.count;
	return edges_agree(regularity) && doubts_settled(regularity);
}
