/* code.c: see code.h. */
#include "analyzer/origins/code.h"

#include <string.h>

enum { CODE_LIMIT = 64 << 10 /* bytes of a function */, WORD = 8 };

size_t code_index(const struct code *code, uint64_t pc)
{
	size_t low = 0, high = code->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (code->insns[middle].address < pc)
			low = middle + 1;
		else
			high = middle;
	}
	return low < code->count && code->insns[low].address == pc ? low : SIZE_MAX;
}

static uint8_t effect_of_call(struct go_runtime *runtime, const struct insn *insn)
{
	return (uint8_t)(insn->flow == FLOW_CALL ? call_effect(go_pc(runtime, insn->target, true)) : CALL_USUAL);
}

/* Returns how many instructions there are; fills in what is not NULL. Bytes that are none stand for one that may do anything. */
static void decode(struct go_runtime *runtime, const struct pc_info *info, struct span bytes, struct code *code)
{
	struct pcvalue pcsp = pcvalue_of(&info->module->pclntab, info->func, info->func->pcsp);

	for (size_t at = 0; at < bytes.size; at += code->insns[code->count++].size) {
		struct insn *insn = &code->insns[code->count];

		if (!insn_decode(runtime->decoder, code->entry + at, span_from(bytes, at), insn))
			*insn = (struct insn){.address = code->entry + at, .size = runtime->image->arch->quantum,
					      .flow = FLOW_STOP, .sp_unknown = true, .tested = REG_NONE};
		pcvalue_seek(&pcsp, insn->address, &code->delta[code->count]);
		code->call[code->count] = effect_of_call(runtime, insn);
	}
}

static void link_jumps(struct code *code)
{
	for (size_t i = 0; i < code->count; i++) {
		const struct insn *insn = &code->insns[i];
		const size_t to = insn->flow == FLOW_JUMP || insn->flow == FLOW_BRANCH ? code_index(code, insn->target) : SIZE_MAX;

		if (to == SIZE_MAX)
			continue;
		code->next_jump[i] = code->jumps[to];
		code->jumps[to] = (uint32_t)i + 1;
	}
}

struct code *code_of(struct codes *codes, const struct pc_info *info)
{
	struct go_runtime *runtime = codes->analysis->runtime;
	struct arena *arena = codes->analysis->arena;
	struct code *code;
	struct span bytes;
	size_t limit;

	if (!info->func || !runtime->decoder)
		return NULL;
	for (size_t i = 0; i < codes->items.count; i++)
		if (codes->items.items[i]->entry == info->func->entry)
			return codes->items.items[i]->count ? codes->items.items[i] : NULL;
	code = arena_alloc(arena, sizeof *code);
	code->entry = info->func->entry;
	vec_push(arena, &codes->items, code);
	bytes = image_view(runtime->image, code->entry, info->func->end - code->entry);
	if (info->func->end - code->entry > CODE_LIMIT || !bytes.size)
		return NULL;
	limit = bytes.size / runtime->image->arch->quantum + 1;
	code->insns = arena_alloc(arena, limit * sizeof *code->insns);
	code->delta = arena_alloc(arena, limit * sizeof *code->delta);
	code->call = arena_alloc(arena, limit);
	code->jumps = arena_alloc(arena, limit * sizeof *code->jumps);
	code->next_jump = arena_alloc(arena, limit * sizeof *code->next_jump);
	code->seen = arena_alloc(arena, limit * sizeof *code->seen);
	code->todo = arena_alloc(arena, limit * sizeof *code->todo);
	decode(runtime, info, bytes, code);
	link_jumps(code);
	return code;
}

bool code_is_call(const struct insn *insn)
{
	return insn->flow == FLOW_CALL || insn->flow == FLOW_INDIRECT_CALL;
}

static bool overlaps(const struct code *code, size_t at, const struct effect *effect, uint8_t sp, int64_t slot)
{
	const int64_t offset = effect->value - code->delta[at];

	return effect->kind == EFFECT_STORE && effect->src == sp && offset < slot + WORD && slot < offset + effect->size;
}

bool code_defines(const struct code *code, size_t at, const struct arch *arch, struct place place)
{
	const struct insn *insn = &code->insns[at];

	if (insn->flow == FLOW_STOP && insn->sp_unknown)
		return true;
	for (size_t i = 0; i < insn->count; i++) {
		const struct effect *effect = &insn->effects[i];

		if (place.reg == REG_NONE ? overlaps(code, at, effect, arch->sp, place.slot)
					  : effect->kind != EFFECT_STORE && effect->dst == place.reg)
			return true;
	}
	return place.reg != REG_NONE && place.reg != arch->g && place.reg != arch->sp && code_is_call(insn) && code->call[at] != CALL_KEEPS;
}

bool code_falls_through(const struct code *code, size_t at)
{
	const enum insn_flow flow = code->insns[at].flow;

	return flow == FLOW_NEXT || flow == FLOW_BRANCH || (code_is_call(&code->insns[at]) && code->call[at] != CALL_ENDS);
}
