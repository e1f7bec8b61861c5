/* origin.c: see origin.h. */
#include "analyzer/origins/origin.h"

#include "analyzer/origins/code.h"

enum {
	DEPTH_LIMIT = 24,       /* loads, moves and calls that are followed, one after another */
	DEFINITION_LIMIT = 4,   /* that may reach one place */
	STEP_LIMIT = 1 << 24,   /* instructions passed, for one stack */
	FOLLOW_LIMIT = 1 << 15, /* places asked for, for one stack */
	NEIGHBOUR_LIMIT = 512,  /* loads of a function that are asked for their address */
	FIRST_METHOD = 24,      /* offset of itab.fun (internal/abi/iface.go) */
	CALL_REACH = 8,         /* instructions between the load of a method and its call */
	WORD = 8,
};

struct origins {
	struct analysis *analysis;
	const struct stack *stack;
	struct codes codes;
	size_t steps, follows;
};

struct definitions {
	size_t at[DEFINITION_LIMIT];
	size_t count;
	bool entry;   /* the function's beginning is reached */
	bool unknown; /* there are more, or a place is reached that nothing is known to lead to */
};

/* ---- definitions ---- */

static void found(struct definitions *definitions, size_t at)
{
	if (definitions->count == DEFINITION_LIMIT)
		definitions->unknown = true;
	else
		definitions->at[definitions->count++] = at;
}

/* Goes on to an instruction that may come before, once. */
static size_t visit(struct code *code, const struct arch *arch, struct place place, size_t at, size_t todo,
		    struct definitions *ret)
{
	if (code->seen[at] == code->stamp)
		return todo;
	code->seen[at] = code->stamp;
	if (code_defines(code, at, arch, place)) {
		found(ret, at);
		return todo;
	}
	code->todo[todo] = (uint32_t)at;
	return todo + 1;
}

/* The definitions of a place that reach an instruction. A jump to a function's beginning is that behind morestack. */
static void reach(struct origins *origins, struct code *code, size_t from, struct place place, struct definitions *ret)
{
	const struct arch *arch = origins->analysis->image->arch;
	size_t todo = 1;

	*ret = (struct definitions){0};
	code->stamp++;
	code->todo[0] = (uint32_t)from;
	while (todo && !ret->unknown) {
		const size_t at = code->todo[--todo];
		bool led = false;

		if (!at) {
			ret->entry = true;
			continue;
		}
		if (code_falls_through(code, at - 1)) {
			todo = visit(code, arch, place, at - 1, todo, ret);
			led = true;
		}
		for (uint32_t jump = code->jumps[at]; jump; jump = code->next_jump[jump - 1]) {
			todo = visit(code, arch, place, jump - 1, todo, ret);
			led = true;
		}
		if (!led || ++origins->steps > STEP_LIMIT)
			ret->unknown = true;
	}
}

/* ---- origins ---- */

static struct origin *follow(struct origins *origins, size_t frame, size_t at, struct place place, unsigned depth);

static struct origin *new_origin(struct origins *origins, enum origin_kind kind, size_t frame, uint64_t pc)
{
	struct origin *origin = arena_alloc(origins->analysis->arena, sizeof *origin);

	*origin = (struct origin){.kind = kind, .frame = frame, .pc = pc};
	return origin;
}

static struct code *code_of_frame(struct origins *origins, size_t frame)
{
	return frame < origins->stack->frames.count ? code_of(&origins->codes, origins->stack->frames.items[frame].info) : NULL;
}

static size_t call_index(struct origins *origins, size_t frame, struct code **ret)
{
	const struct frame *at = frame < origins->stack->frames.count ? &origins->stack->frames.items[frame] : NULL;

	*ret = at && !at->exact ? code_of_frame(origins, frame) : NULL;
	for (size_t i = 0; *ret && i < (*ret)->count; i++)
		if ((*ret)->insns[i].address + (*ret)->insns[i].size == at->pc)
			return code_is_call(&(*ret)->insns[i]) ? i : SIZE_MAX;
	return SIZE_MAX;
}

static bool is_argument(const struct arch *arch, uint8_t reg)
{
	for (size_t i = 0; i < arch->go_argument_count; i++)
		if (arch->go_arguments[i] == reg)
			return true;
	return false;
}

/* What the caller passed. Assembly that others jump to has conventions of its own. */
static struct origin *follow_argument(struct origins *origins, size_t frame, struct place place, unsigned depth)
{
	const struct arch *arch = origins->analysis->image->arch;
	const struct func *func = origins->stack->frames.items[frame].info->func;
	struct code *caller;
	const size_t call = call_index(origins, frame + 1, &caller);

	if (call == SIZE_MAX || !is_argument(arch, place.reg) || (func->flags & FUNC_ASM) ||
	    (caller->insns[call].flow == FLOW_CALL && caller->insns[call].target != func->entry))
		return new_origin(origins, ORIGIN_ENTRY, frame, 0);
	return follow(origins, frame + 1, call, place, depth);
}

static void read_word(struct origins *origins, struct origin *origin)
{
	origin->has_value = origin->has_address && image_u64(origins->analysis->image, origin->address, &origin->value);
}

static struct origin *follow_slot(struct origins *origins, size_t frame, const struct code *code, size_t at,
				  const struct effect *effect, unsigned depth)
{
	const struct frame *where = &origins->stack->frames.items[frame];
	struct origin *origin = new_origin(origins, ORIGIN_MEMORY, frame, code->insns[at].address);
	const struct place slot = {REG_NONE, effect->value - code->delta[at]};

	origin->offset = effect->value;
	origin->is_own = origin->has_address = where->info->has_delta;
	origin->address = where->sp + (uint64_t)where->info->delta + (uint64_t)slot.slot;
	read_word(origins, origin);
	origin->from = follow(origins, frame, at, slot, depth);
	return origin;
}

static struct origin *follow_load(struct origins *origins, size_t frame, const struct code *code, size_t at,
				  const struct effect *effect, unsigned depth)
{
	struct origin *origin;

	if (effect->size != WORD)
		return new_origin(origins, ORIGIN_UNKNOWN, frame, code->insns[at].address);
	if (effect->src == origins->analysis->image->arch->sp)
		return follow_slot(origins, frame, code, at, effect, depth);
	origin = new_origin(origins, ORIGIN_MEMORY, frame, code->insns[at].address);
	origin->offset = effect->value;
	if (effect->src != REG_NONE)
		origin->base = follow(origins, frame, at, (struct place){effect->src, 0}, depth);
	origin->has_address = !origin->base || origin->base->has_value;
	origin->address = (origin->base ? origin->base->value : 0) + (uint64_t)effect->value;
	read_word(origins, origin);
	return origin;
}

static struct origin *follow_element(struct origins *origins, size_t frame, const struct code *code, size_t at, unsigned depth)
{
	const struct indexed_access *access = &code->insns[at].indexed;
	struct origin *origin = new_origin(origins, ORIGIN_ELEMENT, frame, code->insns[at].address);

	origin->offset = access->offset;
	origin->shift = access->shift;
	origin->base = follow(origins, frame, at, (struct place){access->base, 0}, depth);
	origin->index = follow(origins, frame, at, (struct place){access->index, 0}, depth);
	origin->has_address = origin->base->has_value && origin->index->has_value;
	origin->address = origin->base->value + (origin->index->value << access->shift) + (uint64_t)access->offset;
	read_word(origins, origin);
	return origin;
}

static struct origin *follow_sum(struct origins *origins, size_t frame, const struct code *code, size_t at,
				 const struct effect *effect, unsigned depth)
{
	struct origin *origin = follow(origins, frame, at, (struct place){effect->src, 0}, depth);
	struct origin *sum;

	if (!effect->value)
		return origin;
	sum = new_origin(origins, origin->kind == ORIGIN_CONST ? ORIGIN_CONST : ORIGIN_SUM, frame, code->insns[at].address);
	sum->offset = effect->value;
	sum->has_value = origin->has_value;
	sum->value = origin->value + (uint64_t)effect->value;
	sum->base = origin;
	return sum;
}

/* What an instruction puts into a register. */
static struct origin *follow_effect(struct origins *origins, size_t frame, const struct code *code, size_t at, uint8_t reg,
				    unsigned depth)
{
	const struct insn *insn = &code->insns[at];
	const struct effect *effect = NULL;
	struct origin *origin;

	for (size_t i = 0; i < insn->count; i++) {
		if (insn->effects[i].kind == EFFECT_STORE || insn->effects[i].dst != reg)
			continue;
		if (effect) /* a register of two: not what compilers keep a value in */
			return new_origin(origins, ORIGIN_UNKNOWN, frame, insn->address);
		effect = &insn->effects[i];
	}
	if (insn->indexed.size == WORD && insn->indexed.dst == reg)
		return follow_element(origins, frame, code, at, depth);
	if (!effect)
		return new_origin(origins, code_is_call(insn) ? ORIGIN_RESULT : ORIGIN_UNKNOWN, frame, insn->address);
	if (effect->kind == EFFECT_LOAD)
		return follow_load(origins, frame, code, at, effect, depth);
	if (effect->kind == EFFECT_ADD)
		return follow_sum(origins, frame, code, at, effect, depth);
	origin = new_origin(origins, effect->kind == EFFECT_CONST ? ORIGIN_CONST : ORIGIN_UNKNOWN, frame, insn->address);
	origin->has_value = effect->kind == EFFECT_CONST;
	origin->value = (uint64_t)effect->value;
	return origin;
}

/* The register that is stored in a slot. */
static struct origin *follow_store(struct origins *origins, size_t frame, const struct code *code, size_t at, int64_t slot,
				   unsigned depth)
{
	const struct insn *insn = &code->insns[at];

	for (size_t i = 0; i < insn->count; i++) {
		const struct effect *effect = &insn->effects[i];

		if (effect->kind == EFFECT_STORE && effect->value - code->delta[at] == slot && effect->size == WORD &&
		    effect->src == origins->analysis->image->arch->sp && effect->src2 != REG_NONE)
			return follow(origins, frame, at, (struct place){effect->src2, 0}, depth);
	}
	return new_origin(origins, ORIGIN_UNKNOWN, frame, insn->address);
}

static struct origin *follow_definition(struct origins *origins, size_t frame, const struct code *code, size_t at,
					struct place place, unsigned depth)
{
	return place.reg == REG_NONE ? follow_store(origins, frame, code, at, place.slot, depth)
				     : follow_effect(origins, frame, code, at, place.reg, depth);
}

static bool is_same(const struct origin *a, const struct origin *b)
{
	if (a->kind != b->kind || a->kind == ORIGIN_UNKNOWN)
		return false;
	if (a->kind == ORIGIN_CONST)
		return a->has_value && b->has_value && a->value == b->value;
	if (a->kind == ORIGIN_MEMORY && a->has_address && b->has_address)
		return a->address == b->address;
	return a->frame == b->frame && a->pc == b->pc;
}

/* Whether the slot that a word was loaded from is written on every way to an instruction; else it may hold anything there. */
static bool is_written(struct origins *origins, struct code *code, size_t at, const struct origin *word)
{
	const struct frame *where = &origins->stack->frames.items[word->frame];
	const int64_t slot = (int64_t)(word->address - where->sp) - where->info->delta;
	struct definitions definitions;

	reach(origins, code, at, (struct place){REG_NONE, slot}, &definitions);
	return !definitions.entry && !definitions.unknown;
}

/* A word without the slots where it is kept on some of the ways only. */
static struct origin *follow_variable(struct origins *origins, const struct origin *origin)
{
	struct origin *variable = new_origin(origins, ORIGIN_UNKNOWN, origin->frame, 0);

	*variable = *origin_variable(origin);
	return variable;
}

/* What a place holds just before an instruction. */
static struct origin *follow(struct origins *origins, size_t frame, size_t at, struct place place, unsigned depth)
{
	struct code *code = code_of_frame(origins, frame);
	struct definitions definitions;
	struct origin *origin = NULL;

	if (!depth-- || !code || ++origins->follows > FOLLOW_LIMIT)
		return new_origin(origins, ORIGIN_UNKNOWN, frame, 0);
	reach(origins, code, at, place, &definitions);
	if (definitions.unknown)
		return new_origin(origins, ORIGIN_UNKNOWN, frame, 0);
	if (definitions.entry)
		origin = place.reg == REG_NONE ? new_origin(origins, ORIGIN_ENTRY, frame, 0)
					       : follow_argument(origins, frame, place, depth);
	for (size_t i = 0; i < definitions.count; i++) {
		struct origin *other = follow_definition(origins, frame, code, definitions.at[i], place, depth);

		if (origin && !is_same(origin_variable(origin), origin_variable(other)))
			return new_origin(origins, ORIGIN_UNKNOWN, frame, 0);
		if (!origin || (other->is_own && !origin->is_own)) /* a loop loads it again from where it is kept */
			origin = other;
	}
	if (origin && origin->is_own && (definitions.count > 1 || definitions.entry) && !is_written(origins, code, at, origin))
		return follow_variable(origins, origin);
	return origin ? origin : new_origin(origins, ORIGIN_UNKNOWN, frame, 0);
}

struct origins *origins_of(struct analysis *analysis, const struct stack *stack)
{
	struct origins *origins = arena_alloc(analysis->arena, sizeof *origins);

	*origins = (struct origins){.analysis = analysis, .codes = {.analysis = analysis}, .stack = stack};
	return origins;
}

const struct origin *origin_of_register(struct origins *origins, size_t frame, uint64_t pc, uint8_t reg)
{
	struct code *code = code_of_frame(origins, frame);
	const size_t at = code ? code_index(code, pc) : SIZE_MAX;

	if (at == SIZE_MAX || reg >= origins->analysis->image->arch->reg_count)
		return new_origin(origins, ORIGIN_UNKNOWN, frame, 0);
	return follow(origins, frame, at, (struct place){reg, 0}, DEPTH_LIMIT);
}

const struct origin *origin_of_stack_argument(struct origins *origins, size_t frame, uint64_t call, size_t number)
{
	const bool link = origins->analysis->image->arch->link_register; /* its word lies below the arguments */
	struct code *code = code_of_frame(origins, frame);
	const size_t at = code ? code_index(code, call) : SIZE_MAX;
	struct effect load = {.kind = EFFECT_LOAD, .size = WORD, .value = (int64_t)(WORD * (number + link))};

	struct origin *word;

	if (at == SIZE_MAX || at >= code->count)
		return new_origin(origins, ORIGIN_UNKNOWN, frame, 0);
	word = follow_slot(origins, frame, code, at, &load, DEPTH_LIMIT);
	/* Else it is no argument, and what is there is older. */
	return word->is_own && is_written(origins, code, at, word) ? word : new_origin(origins, ORIGIN_UNKNOWN, frame, 0);
}

uint64_t origin_call(struct origins *origins, size_t frame)
{
	struct code *code;
	const size_t at = call_index(origins, frame, &code);

	return at == SIZE_MAX ? 0 : code->insns[at].address;
}

const struct origin *origin_variable(const struct origin *origin)
{
	while (origin->kind == ORIGIN_MEMORY && origin->from &&
	       (origin->from->kind == ORIGIN_MEMORY || origin->from->kind == ORIGIN_ELEMENT))
		origin = origin->from;
	return origin;
}

/* ---- neighbours ---- */

/* Where the word that an instruction loads into a register is kept: the slot that it is stored to at once, if any. */
static const struct origin *kept(struct origins *origins, size_t frame, struct code *code, size_t at, struct origin *word,
				 uint8_t reg)
{
	const struct arch *arch = origins->analysis->image->arch;
	const struct frame *where = &origins->stack->frames.items[frame];

	for (size_t i = 0; i < code->count && where->info->has_delta; i++)
		for (size_t k = 0; k < code->insns[i].count; k++) {
			const struct effect *effect = &code->insns[i].effects[k];
			struct definitions definitions;
			struct origin *slot;

			if (effect->kind != EFFECT_STORE || effect->src != arch->sp || effect->src2 != reg || effect->size != WORD)
				continue;
			reach(origins, code, i, (struct place){reg, 0}, &definitions);
			if (definitions.unknown || definitions.entry || definitions.count != 1 || definitions.at[0] != at)
				continue;
			slot = new_origin(origins, ORIGIN_MEMORY, frame, code->insns[i].address);
			slot->is_own = slot->has_address = true;
			slot->address = where->sp + (uint64_t)where->info->delta + (uint64_t)(effect->value - code->delta[i]);
			slot->from = word;
			read_word(origins, slot);
			return slot;
		}
	return NULL;
}

static bool is_at(const struct origin *word, const struct origin *other, int64_t distance)
{
	if (word->has_address && other->has_address)
		return other->address - word->address == (uint64_t)distance;
	return word->base && other->base && other->offset - word->offset == distance && is_same(word->base, other->base);
}

bool origin_neighbour(struct origins *origins, const struct origin *word, int64_t distance, const struct origin **ret)
{
	struct code *code = code_of_frame(origins, word->frame);
	size_t asked = 0;

	*ret = NULL;
	for (size_t i = 0; code && word->kind == ORIGIN_MEMORY && i < code->count; i++)
		for (size_t k = 0; k < code->insns[i].count; k++) {
			const struct effect *effect = &code->insns[i].effects[k];
			const struct origin *slot;
			struct origin *other;

			if (effect->kind != EFFECT_LOAD || effect->size != WORD || ++asked > NEIGHBOUR_LIMIT)
				continue;
			other = follow_load(origins, word->frame, code, i, effect, DEPTH_LIMIT);
			if (!is_at(word, other, distance))
				continue;
			slot = effect->dst == REG_NONE ? NULL : kept(origins, word->frame, code, i, other, effect->dst);
			if (slot || !*ret)
				*ret = slot ? slot : other;
			if (slot)
				return true;
		}
	return *ret != NULL;
}

/* ---- uses ---- */

static bool is_word(const struct origin *a, const struct origin *b)
{
	return is_same(origin_variable(a), origin_variable(b));
}

/* Whether what an instruction compares, but for operand `but`, is that word, in a register or in memory. */
static bool compares(struct origins *origins, size_t frame, const struct code *code, size_t at, int but, const struct origin *word)
{
	const struct insn *insn = &code->insns[at];
	const uint8_t reg = insn->compared[!but];

	if (reg != REG_NONE)
		return is_word(follow(origins, frame, at, (struct place){reg, 0}, DEPTH_LIMIT), word);
	for (size_t i = 0; i < insn->count; i++)
		if (insn->effects[i].kind == EFFECT_LOAD && insn->effects[i].size == WORD)
			return is_word(follow_load(origins, frame, code, at, &insn->effects[i], DEPTH_LIMIT), word);
	return false;
}

static bool has_definition(const struct definitions *definitions, size_t at)
{
	for (size_t i = 0; i < definitions->count; i++)
		if (definitions->at[i] == at)
			return true;
	return false;
}

static bool are_equal(const struct definitions *a, const struct definitions *b)
{
	if (a->unknown || b->unknown || a->entry != b->entry || a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!has_definition(b, a->at[i]))
			return false;
	return true;
}

bool origin_is_bound(struct origins *origins, size_t frame, uint64_t pc, uint8_t index, const struct origin *length)
{
	struct code *code = code_of_frame(origins, frame);
	const size_t access = code ? code_index(code, pc) : SIZE_MAX;
	struct definitions used, compared;

	if (access == SIZE_MAX)
		return false;
	reach(origins, code, access, (struct place){index, 0}, &used);
	for (size_t i = 0; i < code->count; i++)
		for (int operand = 0; operand < 2; operand++) {
			if (code->insns[i].compared[operand] == REG_NONE)
				continue;
			reach(origins, code, i, (struct place){code->insns[i].compared[operand], 0}, &compared);
			if (are_equal(&used, &compared) && compares(origins, frame, code, i, operand, length))
				return true;
		}
	return false;
}

/* A register is compared with an address that the code has. */
static bool compares_type(struct origins *origins, size_t frame, const struct code *code, size_t at, const struct origin *word)
{
	for (int operand = 0; operand < 2; operand++) {
		const uint8_t reg = code->insns[at].compared[operand];

		if (reg != REG_NONE &&
		    follow(origins, frame, at, (struct place){reg, 0}, DEPTH_LIMIT)->kind == ORIGIN_CONST &&
		    compares(origins, frame, code, at, operand, word))
			return true;
	}
	return false;
}

/* A method is loaded through the word, and the next call is of it. */
static bool calls_method(struct origins *origins, size_t frame, const struct code *code, size_t at, const struct origin *word)
{
	const struct insn *insn = &code->insns[at];
	const struct effect *load = insn->count == 1 ? insn->effects : NULL;

	if (!load || load->kind != EFFECT_LOAD || load->value < FIRST_METHOD || load->src >= REG_LIMIT ||
	    load->src == origins->analysis->image->arch->sp)
		return false;
	for (size_t i = at; i < code->count && i <= at + CALL_REACH; i++) {
		if (code->insns[i].flow == FLOW_NEXT)
			continue;
		return code->insns[i].flow == FLOW_INDIRECT_CALL && (i == at || code->insns[i].through == load->dst) &&
		       is_word(follow(origins, frame, at, (struct place){load->src, 0}, DEPTH_LIMIT), word);
	}
	return false;
}

bool origin_is_type(struct origins *origins, const struct origin *word)
{
	struct code *code = code_of_frame(origins, word->frame);

	for (size_t i = 0; code && word->kind == ORIGIN_MEMORY && i < code->count; i++)
		if (compares_type(origins, word->frame, code, i, word) || calls_method(origins, word->frame, code, i, word))
			return true;
	return false;
}
