/* code_refs.c: see code_refs.h. Compilers address a global relative to the pc (amd64) or in two halves, ADRP and a second
 * instruction (arm64). */
#include "golang/code_refs.h"

#include <string.h>

enum { CODE_LIMIT = 64 << 10 };

/* Registers that hold an address formed from the pc, while the instructions of a function are read in order. */
struct tracker {
	struct go_runtime *runtime;
	struct code_refs *refs;
	uint64_t pc;
	uint64_t value[REG_LIMIT];
	uint64_t known;   /* bit n: value[n] is meant */
	uint64_t partial; /* bit n: value[n] is a page, of which another instruction gives the rest */
};

static uint64_t bit(uint8_t reg)
{
	return reg < REG_LIMIT ? UINT64_C(1) << reg : 0;
}

static void add_ref(struct tracker *tracker, uint64_t address, enum ref_kind kind, uint8_t size)
{
	vec_push(tracker->runtime->arena, tracker->refs, (struct code_ref){tracker->pc, address, kind, size});
}

static void forget(struct tracker *tracker, uint8_t reg)
{
	tracker->known &= ~bit(reg);
	tracker->partial &= ~bit(reg);
}

static void remember(struct tracker *tracker, uint8_t reg, uint64_t value, bool partial)
{
	forget(tracker, reg);
	if (!bit(reg))
		return;
	tracker->value[reg] = value;
	tracker->known |= bit(reg);
	if (partial)
		tracker->partial |= bit(reg);
	else
		add_ref(tracker, value, REF_ADDRESS, 0);
}

static void follow_access(struct tracker *tracker, const struct effect *effect)
{
	enum ref_kind kind = effect->kind == EFFECT_LOAD ? REF_LOAD : REF_STORE;

	if (effect->src == REG_NONE)
		add_ref(tracker, (uint64_t)effect->value, kind, effect->size);
	else if (tracker->known & bit(effect->src))
		add_ref(tracker, tracker->value[effect->src] + (uint64_t)effect->value, kind, effect->size);
	forget(tracker, effect->dst);
}

/* dst = src + value: completes a page, or moves within a variable; a plain move (value 0) only copies. */
static void follow_sum(struct tracker *tracker, const struct effect *effect)
{
	bool known = tracker->known & bit(effect->src), partial = tracker->partial & bit(effect->src);
	uint64_t value = known ? tracker->value[effect->src] + (uint64_t)effect->value : 0;

	if (known && (partial || effect->value)) {
		remember(tracker, effect->dst, value, false);
		return;
	}
	forget(tracker, effect->dst);
	if (known && bit(effect->dst)) {
		tracker->value[effect->dst] = value;
		tracker->known |= bit(effect->dst);
	}
}

static void follow_effect(struct tracker *tracker, const struct effect *effect, uint8_t pc)
{
	if (effect->kind == EFFECT_LOAD || effect->kind == EFFECT_STORE)
		follow_access(tracker, effect);
	else if (effect->kind == EFFECT_CONST && effect->src == pc)
		remember(tracker, effect->dst, (uint64_t)effect->value, effect->mask != 0);
	else if (effect->kind == EFFECT_ADD)
		follow_sum(tracker, effect);
	else
		forget(tracker, effect->dst);
}

static void follow_insn(struct tracker *tracker, const struct insn *insn)
{
	const struct arch *arch = tracker->runtime->image->arch;

	tracker->pc = insn->address;
	for (size_t i = 0; i < insn->count; i++)
		follow_effect(tracker, &insn->effects[i], arch->pc);
	if (insn->flow == FLOW_CALL)
		add_ref(tracker, insn->target, REF_CALL, 0);
	/* amd64 names a variable whole in each instruction, and there is nothing to follow. */
	if (insn->flow == FLOW_CALL || insn->flow == FLOW_INDIRECT_CALL || arch->id == ARCH_AMD64)
		tracker->known = tracker->partial = 0;
}

void code_refs_of(struct go_runtime *runtime, const struct func *func, struct code_refs *ret)
{
	uint64_t size = func->end - func->entry;
	struct span code = image_view(runtime->image, func->entry, size < CODE_LIMIT ? size : CODE_LIMIT);
	struct tracker tracker = {.runtime = runtime, .refs = ret};
	struct insn insn;

	*ret = (struct code_refs){0};
	for (size_t at = 0; at < code.size;) {
		if (!insn_decode(runtime->decoder, func->entry + at, span_from(code, at), &insn)) {
			at += runtime->image->arch->quantum;
			continue;
		}
		follow_insn(&tracker, &insn);
		at += insn.size;
	}
}
