/* clobber.c: see clobber.h. */
#include "analyzer/instructions/clobber.h"

enum { CODE_LIMIT = 1 << 20, JUMP_LIMIT = 2 };

struct change {
	uint64_t write; /* pc of the first instruction that puts something else in the register; 0: none */
	bool keeps;     /* what was in it is kept somewhere, and may be put back */
	bool known;     /* it ends as a constant */
	uint64_t value;
};

static struct span code_of(struct go_runtime *runtime, const struct func *func)
{
	const uint64_t size = func->end - func->entry;

	return image_view(runtime->image, func->entry, size > CODE_LIMIT ? 0 : size);
}

static bool decode(struct go_runtime *runtime, uint64_t address, struct span code, struct insn *ret)
{
	if (insn_decode(runtime->decoder, address, code, ret))
		return true;
	*ret = (struct insn){.size = runtime->image->arch->quantum};
	return false;
}

/* What one instruction does to the frame pointer: keeps it, in memory or in another register, or puts something else in it.
 * Constants may come in parts (MOVZ, MOVK). */
static void look(const struct arch *arch, const struct insn *insn, struct change *change)
{
	for (size_t i = 0; i < insn->count; i++) {
		const struct effect *effect = &insn->effects[i];

		if ((effect->kind == EFFECT_STORE && effect->src2 == arch->fp) ||
		    (effect->kind == EFFECT_ADD && effect->src == arch->fp && effect->dst != arch->fp))
			change->keeps = true;
		if (effect->kind == EFFECT_STORE || effect->dst != arch->fp ||
		    (effect->kind == EFFECT_ADD && (effect->src == arch->fp || effect->src == arch->sp)))
			continue;
		if (!change->write)
			change->write = insn->address;
		if (effect->kind == EFFECT_CONST) {
			change->known = effect->src == REG_NONE;
			change->value = (uint64_t)effect->value;
		} else if (effect->kind == EFFECT_INSERT) {
			change->value = (change->value & ~effect->mask) | (uint64_t)effect->value;
		} else {
			change->known = false;
		}
	}
}

/* What a function in assembly does to it, in the order of its code. */
static struct change change_by(struct go_runtime *runtime, const struct func *func)
{
	const struct span code = code_of(runtime, func);
	struct change change = {0};
	struct insn insn;

	for (size_t offset = 0; offset < code.size; offset += insn.size)
		if (decode(runtime, func->entry + offset, span_from(code, offset), &insn))
			look(runtime->image->arch, &insn, &change);
	return change;
}

/* The function that a call gets to: wrappers between Go's calling conventions jump on when there is nothing to pass on. */
static const struct pc_info *called(struct go_runtime *runtime, uint64_t target)
{
	for (int jumps = 0; jumps <= JUMP_LIMIT; jumps++) {
		const struct pc_info *info = go_pc(runtime, target, true);
		struct insn insn;

		if (!info->func || info->func->entry != target || info->func->flags & FUNC_ASM)
			return info;
		if (!decode(runtime, target, code_of(runtime, info->func), &insn) || insn.flow != FLOW_JUMP)
			return info;
		target = insn.target;
	}
	return go_pc(runtime, target, true);
}

/* What is called there, if it is assembly, and clobbers. */
static bool clobbers(struct go_runtime *runtime, const struct insn *insn, struct change *ret)
{
	const struct pc_info *info = insn->flow == FLOW_CALL ? called(runtime, insn->target) : NULL;

	if (!info || !info->func || !(info->func->flags & FUNC_ASM))
		return false;
	*ret = change_by(runtime, info->func);
	return ret->write && !ret->keeps;
}

bool clobber_find(struct go_runtime *runtime, const struct pc_info *caller, struct clobber *ret)
{
	const struct span code = caller->func ? code_of(runtime, caller->func) : (struct span){0};
	bool found = false;
	struct insn insn;

	for (size_t offset = 0; offset < code.size; offset += insn.size) {
		const uint64_t pc = caller->func->entry + offset;
		struct change change;

		if (found && pc > caller->pc)
			break;
		if (!decode(runtime, pc, span_from(code, offset), &insn) || !clobbers(runtime, &insn, &change))
			continue;
		*ret = (struct clobber){go_return_address(runtime, pc + insn.size), go_pc(runtime, change.write, true),
					change.known, change.value};
		found = true;
	}
	return found;
}
