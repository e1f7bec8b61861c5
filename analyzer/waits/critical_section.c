/* critical_section.c: see critical_section.h. The instructions of the function are a graph; those that take or release a lock are
 * told by the function that they call or are inlined of (lock_calls.def). */
#include "analyzer/waits/critical_section.h"

#include <string.h>

enum { CODE_LIMIT = 1 << 16, SITES = 8, BACK_LIMIT = 48, JUMPS_BACK = 4, FIRST_ARGUMENT = 0 /* rax, x0 */ };

enum lock_act { ACT_NONE, ACT_TAKE, ACT_RELEASE };

static const struct lock_call {
	const char *function;
	enum lock_act act;
	enum lock_kind lock;
} calls[] = {
#define LOCK_CALL(function, what, lock) {function, ACT_##what, LOCK_##lock},
#include "analyzer/waits/lock_calls.def"
#undef LOCK_CALL
};

/* One byte of code where an instruction starts. */
struct step {
	uint8_t size;     /* 0: none starts here */
	uint8_t flow;     /* enum insn_flow */
	uint8_t call;     /* 1 + index in calls of what it belongs to; 0: nothing */
	uint8_t seen;
	uint32_t target;  /* offset, of jumps inside the function; UINT32_MAX: none */
	uint32_t line;    /* of the call, if `call` */
};

struct walkable {
	struct analysis *analysis;
	const struct pc_info *info;
	struct span code;
	struct step *steps;
	uint32_t *list; /* of offsets still to be looked at */
	bool any;       /* of them takes or releases a lock */
};

static uint8_t call_of(const char *name)
{
	for (size_t i = 0; name && i < sizeof calls / sizeof *calls; i++)
		if (!strcmp(name, calls[i].function))
			return (uint8_t)(i + 1);
	return 0;
}

/* The outermost of the inlined calls at a pc that is in the table, and the line of that call. */
static uint8_t inlined_call(const struct walkable *walk, uint64_t pc, uint32_t *line)
{
	struct inline_frame frames[INLINE_LIMIT];
	size_t count = func_inline_frames(&walk->info->module->pclntab, walk->info->func, pc, frames);
	uint8_t found = 0;

	for (size_t i = 0; i + 1 < count; i++) {
		const uint8_t call = call_of(frames[i].name);

		if (!call)
			continue;
		found = call;
		*line = (uint32_t)frames[i + 1].line;
	}
	return found;
}

/* Marks what is inlined of functions of the table, stretch by stretch. */
static void mark_inlined(struct walkable *walk)
{
	const struct func *func = walk->info->func;
	struct pcvalue trees = pcvalue_of(&walk->info->module->pclntab, func,
					  func_pcdata_table(&walk->info->module->pclntab, func, PCDATA_INL_TREE_INDEX));
	int32_t last = -1;
	uint32_t line = 0;
	uint8_t call = 0;

	for (uint64_t at = 0; at < walk->code.size; at++) {
		int32_t tree;

		if (!walk->steps[at].size)
			continue;
		if (!pcvalue_seek(&trees, func->entry + at, &tree))
			return;
		if (tree != last)
			call = tree < 0 ? 0 : inlined_call(walk, func->entry + at, &line);
		last = tree;
		if (call) {
			walk->steps[at].call = call;
			walk->steps[at].line = line;
		}
	}
}

static uint32_t line_at(const struct walkable *walk, uint64_t pc)
{
	struct inline_frame frames[INLINE_LIMIT];

	func_inline_frames(&walk->info->module->pclntab, walk->info->func, pc, frames);
	return (uint32_t)frames[0].line;
}

static uint8_t direct_call(struct walkable *walk, uint64_t target)
{
	const struct pc_info *info = go_pc(walk->analysis->runtime, target, true);

	return info->func ? call_of(go_func_name(info)) : 0;
}

static void decode(struct walkable *walk)
{
	const uint64_t entry = walk->info->func->entry;
	struct insn insn;

	for (uint64_t at = 0; at < walk->code.size; at += walk->steps[at].size) {
		struct step *step = &walk->steps[at];
		const struct span rest = span_from(walk->code, at);

		step->target = UINT32_MAX;
		step->size = (uint8_t)insn_plain(walk->analysis->image->arch, rest);
		step->flow = FLOW_NEXT;
		if (step->size)
			continue;
		if (!insn_decode(walk->analysis->runtime->decoder, entry + at, rest, &insn) || !insn.size) {
			step->size = 0;
			return;
		}
		step->size = insn.size;
		step->flow = (uint8_t)insn.flow;
		if (insn.flow == FLOW_CALL) {
			step->call = direct_call(walk, insn.target);
			step->line = step->call ? line_at(walk, entry + at) : 0;
		}
		else if ((insn.flow == FLOW_JUMP || insn.flow == FLOW_BRANCH) && insn.target - entry < walk->code.size)
			step->target = (uint32_t)(insn.target - entry);
	}
}

static void make_room(struct arena *arena, struct section_scratch *scratch, size_t size)
{
	if (size > scratch->capacity) {
		scratch->capacity = 2 * size;
		scratch->steps = arena_array(arena, scratch->capacity, sizeof *scratch->steps);
		scratch->list = arena_array(arena, scratch->capacity, sizeof *scratch->list);
	}
	if (size) /* else there may be no steps at all */
		memset(scratch->steps, 0, size * sizeof *scratch->steps);
}

static bool open_function(struct analysis *analysis, struct section_scratch *scratch, const struct pc_info *info,
			  struct walkable *ret)
{
	const uint64_t size = info->func->end - info->func->entry;

	*ret = (struct walkable){.analysis = analysis, .info = info};
	if (size > CODE_LIMIT || size > scratch->code_left)
		return false;
	scratch->code_left -= size;
	ret->code = image_view(analysis->image, info->func->entry, size);
	make_room(analysis->arena, scratch, ret->code.size);
	ret->steps = scratch->steps;
	ret->list = scratch->list;
	decode(ret);
	mark_inlined(ret);
	for (uint64_t at = 0; at < ret->code.size; at++)
		ret->any |= ret->steps[at].call != 0;
	return true;
}

static enum lock_act act_of(const struct step *step, enum lock_kind lock)
{
	return step->call && calls[step->call - 1].lock == lock ? calls[step->call - 1].act : ACT_NONE;
}

static void visit(struct walkable *walk, uint64_t at, size_t *count)
{
	if (at >= walk->code.size || !walk->steps[at].size || walk->steps[at].seen)
		return;
	walk->steps[at].seen = 1;
	walk->list[(*count)++] = (uint32_t)at;
}

/* Goes wherever control goes from what is in the list; not on from instructions that `stop` names. */
static void spread(struct walkable *walk, enum lock_kind lock, enum lock_act stop, size_t count)
{
	while (count) {
		const uint64_t at = walk->list[--count];
		const struct step *step = &walk->steps[at];

		if (act_of(step, lock) == stop)
			continue;
		if (step->target != UINT32_MAX)
			visit(walk, step->target, &count);
		if (step->flow == FLOW_NEXT || step->flow == FLOW_BRANCH || step->flow == FLOW_CALL ||
		    step->flow == FLOW_INDIRECT_CALL)
			visit(walk, at + step->size, &count);
	}
}

static void forget(struct walkable *walk)
{
	for (uint64_t at = 0; at < walk->code.size; at++)
		walk->steps[at].seen = 0;
}

/* The lines that take a lock of that kind: a call is a line, whose instructions need not lie together. */
static size_t take_lines(const struct walkable *walk, enum lock_kind lock, uint32_t lines[static SITES])
{
	size_t count = 0;

	for (uint64_t at = 0; at < walk->code.size && count < SITES; at++) {
		size_t known = 0;

		if (act_of(&walk->steps[at], lock) != ACT_TAKE)
			continue;
		while (known < count && lines[known] != walk->steps[at].line)
			known++;
		if (known == count)
			lines[count++] = walk->steps[at].line;
	}
	return count;
}

static void visit_behind(struct walkable *walk, uint64_t at, uint32_t line, size_t *count)
{
	if (at >= walk->code.size || (walk->steps[at].call && walk->steps[at].line == line))
		return;
	visit(walk, at, count);
}

/* Whether what a line takes may still be held at an offset that is not of that line. */
static bool held_at(struct walkable *walk, enum lock_kind lock, uint32_t line, uint64_t offset)
{
	size_t count = 0;

	if (walk->steps[offset].call && walk->steps[offset].line == line)
		return false;
	forget(walk);
	for (uint64_t at = 0; at < walk->code.size; at++) {
		const struct step *step = &walk->steps[at];

		if (act_of(step, lock) != ACT_TAKE || step->line != line)
			continue;
		if (step->target != UINT32_MAX)
			visit_behind(walk, step->target, line, &count);
		if (step->flow != FLOW_JUMP)
			visit_behind(walk, at + step->size, line, &count);
	}
	spread(walk, lock, ACT_RELEASE, count);
	return walk->steps[offset].seen;
}

static bool reached_without(struct walkable *walk, enum lock_kind lock, uint64_t offset)
{
	size_t count = 0;

	forget(walk);
	visit(walk, 0, &count);
	spread(walk, lock, ACT_TAKE, count);
	return walk->steps[offset].seen;
}

/* Whether it goes on to release what it has not taken: a lock that was handed to it. */
static bool releases_from(struct walkable *walk, enum lock_kind lock, uint64_t offset)
{
	bool found = false;
	size_t count = 0;

	forget(walk);
	visit(walk, offset, &count);
	spread(walk, lock, ACT_TAKE, count);
	for (uint64_t at = 0; at < walk->code.size && !found; at++)
		found = walk->steps[at].seen && act_of(&walk->steps[at], lock) == ACT_RELEASE;
	return found;
}

/* The instruction before one, by the way that control takes: the one that it follows, or else the first that jumps to it. */
static bool step_before(const struct walkable *walk, uint64_t at, int *jumps, uint64_t *ret)
{
	for (uint64_t back = 1; back <= at && back <= 16; back++) {
		const struct step *step = &walk->steps[at - back];

		if (step->size != back)
			continue;
		if (step->flow == FLOW_JUMP || step->flow == FLOW_RETURN || step->flow == FLOW_STOP ||
		    step->flow == FLOW_INDIRECT_JUMP)
			break;
		*ret = at - back;
		return true;
	}
	for (uint64_t from = 0; *jumps && from < walk->code.size; from++)
		if (walk->steps[from].size && walk->steps[from].target == at) {
			--*jumps;
			*ret = from;
			return true;
		}
	return false;
}

/* One instruction further back: what `*reg`, of which `ret` is a part, was before. False: that is all that can be said. */
static bool trace_back(const struct walkable *walk, const struct insn *insn, bool stores, uint8_t *reg, struct lock_receiver *ret)
{
	const struct arch *arch = walk->analysis->image->arch;

	for (size_t i = insn->count < EFFECT_LIMIT ? insn->count : EFFECT_LIMIT; i-- > 0;) {
		const struct effect *effect = &insn->effects[i];

		if (stores && effect->kind == EFFECT_STORE && effect->src2 == *reg && effect->src == arch->sp && effect->size == 8) {
			ret->kind = RECEIVER_SLOT;
			ret->slot = (uint64_t)effect->value;
			return false;
		}
		if (effect->kind == EFFECT_STORE || effect->dst != *reg)
			continue;
		if (effect->kind == EFFECT_ADD) {
			ret->displacement += (uint64_t)effect->value;
			*reg = effect->src;
			return true;
		}
		if (effect->kind == EFFECT_CONST) {
			ret->displacement += (uint64_t)effect->value;
			ret->kind = RECEIVER_GLOBAL;
		} else if (effect->kind == EFFECT_LOAD && effect->size == 8 && effect->src != REG_NONE) {
			ret->kind = effect->src == arch->sp ? RECEIVER_SLOT : RECEIVER_POINTER;
			*(effect->src == arch->sp ? &ret->slot : &ret->field) = (uint64_t)effect->value;
		} else {
			ret->kind = RECEIVER_UNKNOWN;
		}
		return false;
	}
	return true;
}

/* The call of a line that takes a lock, or of its slow path, is given the lock's address in the first register. */
static bool taking_call(const struct walkable *walk, enum lock_kind lock, uint32_t line, uint64_t *ret)
{
	for (uint64_t at = 0; at < walk->code.size; at++)
		if (act_of(&walk->steps[at], lock) == ACT_TAKE && walk->steps[at].line == line && walk->steps[at].flow == FLOW_CALL) {
			*ret = at;
			return true;
		}
	return false;
}

/* Whether the call at an offset is of Lock or RLock itself, not of its slow path. */
static bool called_whole(struct walkable *walk, uint64_t at)
{
	struct insn insn;
	const uint64_t address = walk->info->func->entry + at;
	const struct pc_info *target;
	const char *dot;

	if (!insn_decode(walk->analysis->runtime->decoder, address, span_from(walk->code, at), &insn) || insn.flow != FLOW_CALL)
		return false;
	target = go_pc(walk->analysis->runtime, insn.target, true);
	dot = target->func ? strrchr(go_func_name(target), '.') : NULL;
	return dot && (!strcmp(dot, ".Lock") || !strcmp(dot, ".RLock"));
}

/* Of an inlined Lock the call is the slow path, which a branch leads to: what is stored on it may never have been. */
static struct lock_receiver receiver_of(struct walkable *walk, enum lock_kind lock, uint32_t line)
{
	struct lock_receiver receiver = {.kind = RECEIVER_REGISTER};
	uint8_t reg = FIRST_ARGUMENT;
	int jumps = JUMPS_BACK;
	uint64_t at;
	bool stores;

	if (!taking_call(walk, lock, line, &at))
		return (struct lock_receiver){0};
	receiver.semaphore = lock == LOCK_READ && !called_whole(walk, at);
	stores = called_whole(walk, at);
	for (int steps = 0; steps < BACK_LIMIT && at && step_before(walk, at, &jumps, &at); steps++) {
		struct insn insn;

		if (!insn_decode(walk->analysis->runtime->decoder, walk->info->func->entry + at, span_from(walk->code, at), &insn))
			return (struct lock_receiver){0};
		if (insn.flow == FLOW_CALL || insn.flow == FLOW_INDIRECT_CALL)
			return (struct lock_receiver){0}; /* it may change any register */
		stores |= insn.flow == FLOW_BRANCH;
		if (!trace_back(walk, &insn, stores, &reg, &receiver))
			break;
	}
	return receiver;
}

/* Who takes the lock at a line, and by which function. */
static void name_call(const struct walkable *walk, enum lock_kind lock, uint32_t line, struct critical_section *ret)
{
	struct inline_frame frames[INLINE_LIMIT];
	size_t frame = 0, count;
	uint64_t at = 0;

	while (act_of(&walk->steps[at], lock) != ACT_TAKE || walk->steps[at].line != line)
		at++;
	count = func_inline_frames(&walk->info->module->pclntab, walk->info->func, walk->info->func->entry + at, frames);
	for (size_t i = 0; i + 1 < count; i++) /* what Lock itself calls may be inlined, too */
		if (call_of(frames[i].name))
			frame = i + 1;
	ret->call = calls[walk->steps[at].call - 1].function;
	ret->line = (int32_t)line;
	ret->function = frames[frame].name ? frames[frame].name : "a function without a name";
}

/* The instruction that a pc is at or, if it is a return address, the call before it. */
static bool offset_of(const struct walkable *walk, bool exact, uint64_t *ret)
{
	const uint64_t pc = walk->info->pc - walk->info->func->entry;

	if (pc >= walk->code.size && (exact || pc > walk->code.size))
		return false;
	*ret = pc;
	if (exact)
		return walk->steps[pc].size != 0;
	for (uint64_t back = 1; back <= pc && back <= 16; back++)
		if (walk->steps[pc - back].size == back) {
			*ret = pc - back;
			return true;
		}
	return false;
}

bool critical_sections_at(struct analysis *analysis, struct section_scratch *scratch, const struct pc_info *info, bool exact,
			  struct critical_section ret[static LOCK_KINDS])
{
	struct walkable walk;
	uint64_t offset;

	memset(ret, 0, LOCK_KINDS * sizeof *ret);
	if (!info->func)
		return true;
	if (!open_function(analysis, scratch, info, &walk))
		return false;
	if (!walk.any || !offset_of(&walk, exact, &offset))
		return true;
	for (int kind = 0; kind < LOCK_KINDS; kind++) {
		const enum lock_kind lock = (enum lock_kind)kind;
		uint32_t lines[SITES];
		size_t count = take_lines(&walk, lock, lines);

		for (size_t i = 0; i < count && !ret[lock].call; i++)
			if (held_at(&walk, lock, lines[i], offset)) {
				name_call(&walk, lock, lines[i], &ret[lock]);
				ret[lock].always = !reached_without(&walk, lock, offset);
				ret[lock].receiver = receiver_of(&walk, lock, lines[i]);
			}
		ret[lock].releases = !ret[lock].call && releases_from(&walk, lock, offset);
	}
	return true;
}
