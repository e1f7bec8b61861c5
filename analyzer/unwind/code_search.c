/* code_search.c: see code_search.h. */
#include "analyzer/unwind/code_search.h"

#include "analyzer/instructions/callsite.h"

enum {
	INSN_BYTES = 16,
	CODE_LIMIT = 64 << 10, /* bytes of one function */
	BUDGET = 4 << 20,      /* bytes of code, for one dump: half a second. What was really written over took 40 KB */
};

bool code_affords(struct analysis *analysis, const struct func *func)
{
	const uint64_t size = func->end - func->entry;

	if (size > CODE_LIMIT || analysis->bridge_bytes + size > BUDGET)
		return false;
	analysis->bridge_bytes += (uint32_t)size;
	return true;
}

bool go_to_call(const struct analysis *analysis, const struct func *func, uint64_t *pc)
{
	while (*pc < func->end && *pc - func->entry < FUNCTION_LIMIT) {
		const struct span code = image_view(analysis->image, *pc, INSN_BYTES);
		const size_t plain = insn_plain(analysis->image->arch, code);
		struct insn insn;

		if (!plain && !insn_decode(analysis->runtime->decoder, *pc, code, &insn))
			return false;
		*pc += plain ? plain : insn.size;
		if (!plain && (insn.flow == FLOW_CALL || insn.flow == FLOW_INDIRECT_CALL))
			return true;
	}
	return false;
}

bool call_comes_back(struct go_runtime *runtime, const struct pc_info *site)
{
	return site->call != FLOW_CALL || call_effect(go_pc(runtime, site->call_target, true)) != CALL_ENDS;
}
