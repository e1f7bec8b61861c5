/* local.c: see local.h. Compilers reach an array of their frame by its address, LEA off(SP) or ADD $off, RSP, or on amd64 by one
 * instruction that has SP, the index and the offset in it. */
#include "analyzer/unwind/local.h"

#include "analyzer/unwind/code_search.h"

#include <string.h>

enum {
	INSN_BYTES = 16,
	LOOK_AHEAD = 12, /* instructions, for a call that is given an address */
};

/* The function that is called with the address that an instruction has just put into a register. */
static const char *passed_to(struct analysis *analysis, const struct func *func, uint64_t pc, uint8_t reg)
{
	struct go_runtime *runtime = analysis->runtime;
	const struct arch *arch = analysis->image->arch;
	struct insn insn;

	for (unsigned step = 0; step < LOOK_AHEAD && pc < func->end; step++, pc += insn.size) {
		if (!insn_decode(runtime->decoder, pc, image_view(runtime->image, pc, INSN_BYTES), &insn))
			return NULL;
		if (insn.flow == FLOW_CALL && memchr(arch->go_arguments, reg, arch->go_argument_count)) {
			const struct pc_info *target = go_pc(runtime, insn.target, true);

			return target->func ? go_func_name(target) : NULL;
		}
		if (insn.flow != FLOW_NEXT)
			return NULL;
		for (size_t i = 0; i < insn.count; i++)
			if (insn.effects[i].kind != EFFECT_STORE && insn.effects[i].dst == reg)
				return NULL;
	}
	return NULL;
}

/* Whether an instruction stores by an index to what lies at SP + *offset, or forms such an address. */
static bool is_indexed(const struct arch *arch, const struct insn *insn, int64_t *offset)
{
	*offset = insn->indexed.offset;
	return (insn->indexed.formed || (insn->indexed.size && insn->indexed.store)) && insn->indexed.base == arch->sp &&
	       insn->indexed.index != REG_NONE;
}

/* Whether an effect of an instruction is the address SP + *offset, in a register that is none of the stack's. */
static bool takes_address(const struct arch *arch, const struct effect *effect, int64_t *offset)
{
	*offset = effect->value;
	return effect->kind == EFFECT_ADD && effect->src == arch->sp && effect->dst != arch->sp && effect->dst != arch->fp;
}

struct local_search {
	struct analysis *analysis;
	const struct pc_info *entry;
	const struct local_wanted *wanted;
	struct local found; /* function NULL: none yet */
};

static uint64_t distance(const struct local_search *search, uint64_t address)
{
	const uint64_t near = search->wanted->near;

	return address < near ? near - address : address - near;
}

/* Keeps a variable if it is the nearest yet; what lies below SP is none, but where a prologue puts SP, or looks for the stack's end.
 * `reg`: that its address goes to, REG_NONE if it does not. */
static void consider(struct local_search *search, const struct insn *insn, uint64_t sp, int64_t offset, uint8_t reg)
{
	const struct local_wanted *wanted = search->wanted;
	struct local local = {.function = search->entry, .pc = insn->address, .offset = offset, .address = sp + (uint64_t)offset,
			      .by_index = reg == REG_NONE};

	if (offset < 0 || local.address < wanted->lo || local.address > wanted->hi ||
	    (search->found.function && distance(search, local.address) >= distance(search, search->found.address)))
		return;
	if (reg != REG_NONE)
		local.passed_to = passed_to(search->analysis, search->entry->func, insn->address + insn->size, reg);
	if (!wanted->passed_to || (local.passed_to && !strcmp(local.passed_to, wanted->passed_to)))
		search->found = local;
}

static void consider_insn(struct local_search *search, const struct insn *insn, uint64_t sp)
{
	const struct arch *arch = search->analysis->image->arch;
	int64_t offset;

	for (size_t i = 0; i < insn->count; i++)
		if (takes_address(arch, &insn->effects[i], &offset))
			consider(search, insn, sp, offset, insn->effects[i].dst);
	if (is_indexed(arch, insn, &offset))
		consider(search, insn, sp, offset, REG_NONE);
}

bool local_find(struct analysis *analysis, const struct pc_info *entry, uint64_t top, const struct local_wanted *wanted,
		struct local *ret)
{
	struct go_runtime *runtime = analysis->runtime;
	const struct func *func = entry->func;
	struct pcvalue pcsp = pcvalue_of(&entry->module->pclntab, func, func->pcsp);
	struct local_search search = {.analysis = analysis, .entry = entry, .wanted = wanted};
	struct insn insn;
	int32_t delta;

	if (!code_affords(analysis, func))
		return false;
	for (uint64_t pc = func->entry; pc < func->end; pc += insn.size) {
		if (!insn_decode(runtime->decoder, pc, image_view(runtime->image, pc, INSN_BYTES), &insn))
			break;
		if (pcvalue_seek(&pcsp, pc, &delta))
			consider_insn(&search, &insn, top - (uint64_t)(int64_t)delta);
	}
	if (search.found.function)
		*ret = search.found;
	return search.found.function != NULL;
}
