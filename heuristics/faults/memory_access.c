/* memory_access.c: see memory_access.h. */
#include "heuristics/faults/memory_access.h"

enum { INSN_BYTES = 16 };

/* Whether the instruction changes a register before its effect number `until` (ldr x1, [x0, #8]!). */
static bool is_changed(const struct insn *insn, size_t until, uint8_t reg)
{
	for (size_t i = 0; i < until; i++)
		if (insn->effects[i].dst == reg && insn->effects[i].kind != EFFECT_STORE)
			return true;
	return false;
}

/* The one access to memory by the instruction; NULL: none, more than one, or its address is not known. */
static const struct effect *only_access(const struct insn *insn)
{
	const struct effect *access = NULL;

	for (size_t i = 0; i < insn->count; i++) {
		const struct effect *effect = &insn->effects[i];

		if (effect->kind != EFFECT_LOAD && effect->kind != EFFECT_STORE)
			continue;
		if (is_changed(insn, i, effect->src) ||
		    (access && (access->src != effect->src || access->value != effect->value)))
			return NULL;
		access = effect;
	}
	return access;
}

bool memory_access_at(struct analysis *analysis, uint64_t pc, struct memory_access *ret)
{
	const struct arch *arch = analysis->image->arch;
	struct decoder *decoder = analysis->runtime->decoder;
	const struct effect *access;
	struct insn insn;

	if (!decoder || !insn_decode(decoder, pc, image_view(analysis->image, pc, INSN_BYTES), &insn))
		return false;
	access = only_access(&insn);
	if (!access || (access->src != REG_NONE && access->src >= arch->reg_count))
		return false;
	*ret = (struct memory_access){.store = access->kind == EFFECT_STORE, .size = access->size, .reg = access->src,
				      .base = access->src == REG_NONE ? NULL : arch->reg_names[access->src],
				      .offset = (uint64_t)access->value};
	return true;
}

/* What the instruction has added to a register before its effect number `until` (ldr x1, [x0, #8]!); false: something else. */
static bool moved_by(const struct insn *insn, size_t until, uint8_t reg, uint64_t *ret)
{
	*ret = 0;
	for (size_t i = 0; i < until; i++) {
		const struct effect *effect = &insn->effects[i];

		if (effect->kind == EFFECT_STORE || effect->dst != reg)
			continue;
		if (effect->kind != EFFECT_ADD || effect->src != reg)
			return false;
		*ret += (uint64_t)effect->value;
	}
	return true;
}

bool faulting_access_at(struct analysis *analysis, uint64_t pc, uint64_t address, struct memory_access *ret)
{
	const struct arch *arch = analysis->image->arch;
	struct decoder *decoder = analysis->runtime->decoder;
	struct insn insn;
	uint64_t moved;
	bool found = false;

	if (!decoder || !insn_decode(decoder, pc, image_view(analysis->image, pc, INSN_BYTES), &insn))
		return false;
	for (size_t i = 0; i < insn.count; i++) {
		const struct effect *effect = &insn.effects[i];

		if ((effect->kind != EFFECT_LOAD && effect->kind != EFFECT_STORE) || effect->src >= arch->reg_count ||
		    !moved_by(&insn, i, effect->src, &moved) || (found && (uint64_t)effect->value + moved != address))
			continue;
		*ret = (struct memory_access){.store = effect->kind == EFFECT_STORE, .size = effect->size, .reg = effect->src,
					      .base = arch->reg_names[effect->src], .offset = (uint64_t)effect->value + moved};
		found = true;
	}
	if (found || !insn.indexed.size || insn.indexed.index != REG_NONE)
		return found;
	*ret = (struct memory_access){.store = insn.indexed.store, .size = insn.indexed.size, .reg = insn.indexed.base,
				      .base = arch->reg_names[insn.indexed.base]};
	return true;
}
