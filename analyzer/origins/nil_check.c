/* nil_check.c: see nil_check.h. Walks back from the instruction on every way, until something on it has proved the register. */
#include "analyzer/origins/nil_check.h"

#include "analyzer/origins/code.h"

enum { FIRST_PAGE = 0x1000 };

struct walk {
	const struct arch *arch;
	struct code *code;
	uint8_t reg;
	size_t todo;
};

/* Whether an instruction accesses memory so near to the register's address that with nil it would have faulted. */
static bool is_accessed(const struct insn *insn, uint8_t reg)
{
	for (size_t i = 0; i < insn->count; i++) {
		const struct effect *effect = &insn->effects[i];

		if ((effect->kind == EFFECT_LOAD || effect->kind == EFFECT_STORE) && effect->src == reg && effect->value >= 0 &&
		    effect->value < FIRST_PAGE)
			return true;
	}
	return false;
}

/* The register whose being 0 a branch goes by: its own, or that of the instruction before it, behind which nothing else jumps. */
static uint8_t tested_by(const struct code *code, size_t branch)
{
	if (code->insns[branch].tested != REG_NONE || !branch || code->jumps[branch] || code->insns[branch - 1].flow != FLOW_NEXT)
		return code->insns[branch].tested;
	return code->insns[branch - 1].tested;
}

/* Whether a branch that went that way has proved the register. */
static bool is_proved(const struct walk *walk, size_t at, bool taken)
{
	const struct insn *insn = &walk->code->insns[at];

	return insn->flow == FLOW_BRANCH && insn->on == (taken ? BRANCH_ON_NONZERO : BRANCH_ON_ZERO) &&
	       tested_by(walk->code, at) == walk->reg;
}

/* Goes on to what may come before; false: the register comes from there unproved. */
static bool visit(struct walk *walk, size_t at, bool taken)
{
	struct code *code = walk->code;

	if (is_proved(walk, at, taken) || code->seen[at] == code->stamp)
		return true;
	code->seen[at] = code->stamp;
	if (code_defines(code, at, walk->arch, (struct place){walk->reg, 0}))
		return false;
	if (!is_accessed(&code->insns[at], walk->reg))
		code->todo[walk->todo++] = (uint32_t)at;
	return true;
}

/* All that may come just before an instruction. A jump to a function's beginning is that behind morestack. */
static bool visit_before(struct walk *walk, size_t at)
{
	const struct code *code = walk->code;
	bool led = false;

	if (!at)
		return false;
	if (code_falls_through(code, at - 1)) {
		if (!visit(walk, at - 1, false))
			return false;
		led = true;
	}
	for (uint32_t jump = code->jumps[at]; jump; jump = code->next_jump[jump - 1]) {
		if (!visit(walk, jump - 1, true))
			return false;
		led = true;
	}
	return led;
}

bool is_checked_for_nil(struct analysis *analysis, const struct pc_info *info, uint64_t pc, uint8_t reg)
{
	struct codes codes = {.analysis = analysis};
	struct walk walk = {.arch = analysis->image->arch, .code = code_of(&codes, info), .reg = reg};
	const size_t at = walk.code ? code_index(walk.code, pc) : SIZE_MAX;

	if (at == SIZE_MAX || reg >= analysis->image->arch->reg_count)
		return false;
	walk.code->stamp++;
	walk.code->todo[walk.todo++] = (uint32_t)at;
	while (walk.todo)
		if (!visit_before(&walk, walk.code->todo[--walk.todo]))
			return false;
	return true;
}
