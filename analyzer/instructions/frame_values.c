/* frame_values.c: see frame_values.h. */
#include "analyzer/instructions/frame_values.h"

struct value *slot_find(struct state *state, int64_t offset)
{
	for (size_t i = 0; i < state->slot_count; i++)
		if (state->slots[i].offset == offset)
			return &state->slots[i].value;
	return NULL;
}

static void slot_drop(struct state *state, int64_t offset, int64_t size)
{
	for (size_t i = 0; i < state->slot_count;) {
		if (state->slots[i].offset < offset + size && offset < state->slots[i].offset + 8)
			state->slots[i] = state->slots[--state->slot_count];
		else
			i++;
	}
}

void slot_store(struct state *state, int64_t offset, int64_t size, struct value value)
{
	slot_drop(state, offset, size);
	if (size == 8 && value.kind != VALUE_UNKNOWN && value.kind != VALUE_CONST && state->slot_count < SLOT_LIMIT)
		state->slots[state->slot_count++] = (struct slot){offset, value};
}

struct value reg_value(const struct state *state, uint8_t reg)
{
	return reg < REG_LIMIT ? state->regs[reg] : (struct value){0};
}

static int64_t wrap_add(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

/* a + sign * b where one is a constant, or a constant offset of the frame's top. */
static struct value combine(struct value a, struct value b, bool subtract)
{
	int64_t number = subtract ? (int64_t)(0 - (uint64_t)b.number) : b.number;

	if (b.kind == VALUE_CONST && (a.kind == VALUE_CONST || a.kind == VALUE_TOP))
		return (struct value){a.kind, wrap_add(a.number, number)};
	if (a.kind == VALUE_CONST && b.kind == VALUE_TOP && !subtract)
		return (struct value){VALUE_TOP, wrap_add(a.number, number)};
	return (struct value){0};
}

static struct value load(struct state *state, const struct effect *effect)
{
	struct value base = reg_value(state, effect->src);
	struct value *slot;

	if (base.kind != VALUE_TOP || effect->size != 8)
		return (struct value){0};
	slot = slot_find(state, wrap_add(base.number, effect->value));
	return slot ? *slot : (struct value){0};
}

static struct value effect_value(struct state *state, const struct effect *effect)
{
	struct value source = reg_value(state, effect->src);
	struct value old = reg_value(state, effect->dst);

	switch (effect->kind) {
	case EFFECT_CONST:
		return (struct value){VALUE_CONST, effect->value};
	case EFFECT_INSERT:
		if (old.kind != VALUE_CONST)
			return (struct value){0};
		return (struct value){VALUE_CONST,
				      (int64_t)(((uint64_t)old.number & ~effect->mask) | (uint64_t)effect->value)};
	case EFFECT_ADD:
		if (!effect->value)
			return source;
		return combine(source, (struct value){VALUE_CONST, effect->value}, false);
	case EFFECT_ADD_REG:
		return combine(source, reg_value(state, effect->src2), false);
	case EFFECT_SUB_REG:
		return combine(source, reg_value(state, effect->src2), true);
	case EFFECT_LOAD:
		return load(state, effect);
	case EFFECT_STORE:
	case EFFECT_CLOBBER:
		break;
	}
	return (struct value){0};
}

void state_apply(struct state *state, const struct arch *arch, const struct insn *insn)
{
	for (size_t i = 0; i < insn->count; i++) {
		const struct effect *effect = &insn->effects[i];

		if (effect->kind == EFFECT_STORE) {
			struct value base = reg_value(state, effect->src);

			if (base.kind == VALUE_TOP)
				slot_store(state, wrap_add(base.number, effect->value), effect->size,
					   reg_value(state, effect->src2));
		} else if (effect->dst < REG_LIMIT) {
			state->regs[effect->dst] = effect_value(state, effect);
		}
	}
	if (insn->sp_unknown)
		state->regs[arch->sp] = (struct value){0};
}
