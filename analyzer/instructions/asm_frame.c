/* asm_frame.c: see asm_frame.h. At the frame's top, SP at the entry, amd64 has the return address; arm64 has there the word
 * in which the caller keeps its own, and the assembler saves LR at the bottom of the frame (cmd/internal/obj/x86/obj6.go,
 * arm64/obj7.go preprocess). A leaf's saved LR is never loaded again: a store over it does nothing. */
#include "analyzer/instructions/asm_frame.h"

enum { WORD = 8, INSN_BYTES = 16, CODE_LIMIT = 1 << 20 };

struct stores {
	struct go_runtime *runtime;
	struct tear_cache *tears;
	const struct pc_info *entry;
	const struct arch *arch;
};

/* The state before an instruction, as the instructions up to it make it. */
static bool state_at(const struct stores *stores, uint64_t pc, struct frame_state *state)
{
	struct pc_info at = *stores->entry; /* without a memo of every pc */

	at.pc = pc;
	return frame_state_at(stores->tears, &at, state) && !state->assumed;
}

static bool overlaps(int64_t offset, uint8_t size, int64_t word)
{
	return offset < word + WORD && word < offset + size;
}

/* Whether a store writes the return address itself: the prologue's own. */
static bool saves_link(const struct stores *stores, const struct frame_state *state, const struct effect *effect)
{
	return stores->arch->link_register && state->link_live && effect->src2 == stores->arch->lr;
}

static bool is_over_return(const struct stores *stores, const struct frame_state *state, const struct effect *effect,
			   int64_t from_top, struct asm_store *ret)
{
	const bool link = stores->arch->link_register;
	const bool own = link && state->link_saved && overlaps(from_top, effect->size, state->link_slot);

	if ((!own && !overlaps(from_top, effect->size, 0)) || saves_link(stores, state, effect))
		return false;
	ret->at = own ? state->link_slot : 0;
	ret->callers = link && !own;
	return true;
}

/* The stores of an instruction in their order: one may move SP first. */
static bool stores_over_return(const struct stores *stores, const struct insn *insn, const struct frame_state *state,
			       struct asm_store *ret)
{
	const uint8_t sp = stores->arch->sp;
	int64_t moved = 0;

	for (size_t i = 0; i < insn->count; i++) {
		const struct effect *effect = &insn->effects[i];

		if (effect->kind == EFFECT_ADD && effect->dst == sp && effect->src == sp)
			moved += effect->value;
		if (effect->kind != EFFECT_STORE || effect->src != sp || !effect->size ||
		    !is_over_return(stores, state, effect, moved + effect->value - state->distance, ret))
			continue;
		*ret = (struct asm_store){insn->address, effect->value, effect->size, state->distance - moved, ret->at, ret->callers};
		return true;
	}
	return false;
}

/* Whether a return takes what was stored: one that is not known to take the caller's address. */
static bool is_used(const struct stores *stores, const struct asm_store *store, const struct frame_state *state)
{
	return store->callers || (!state->return_kept && (stores->arch->link_register || !state->distance));
}

bool asm_frame_store(struct go_runtime *runtime, struct tear_cache *tears, const struct pc_info *entry, struct asm_store *ret)
{
	const struct stores stores = {runtime, tears, entry, runtime->image->arch};
	const struct func *func = entry->func;
	struct frame_state state;
	struct insn insn;
	bool found = false, used = false;

	if (!func || !(func->flags & FUNC_ASM) || (func->flags & FUNC_SP_WRITE) || func->end - func->entry > CODE_LIMIT)
		return false;
	for (uint64_t pc = func->entry; pc < func->end && !used; pc += insn.size) {
		if (!insn_decode(runtime->decoder, pc, image_view(runtime->image, pc, INSN_BYTES), &insn)) {
			insn.size = stores.arch->quantum;
			continue;
		}
		if (!state_at(&stores, pc, &state))
			continue;
		if (!found)
			found = stores_over_return(&stores, &insn, &state, ret);
		used = found && insn.flow == FLOW_RETURN && is_used(&stores, ret, &state);
	}
	return used;
}
