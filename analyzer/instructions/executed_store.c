/* executed_store.c: see executed_store.h. Straight code only: along a branch it would not be known that the store was made at all.
 * Words below SP at the entry are dead when the function has returned; of those only what it stored itself is known. */
#include "analyzer/instructions/executed_store.h"

enum { WORD = 8, INSN_BYTES = 16, INSN_LIMIT = 256, STORE_LIMIT = 64, DEAD = 64 << 10 };

struct known {
	bool known;
	uint64_t value;
};

struct execution {
	struct go_runtime *runtime;
	uint64_t top;
	struct known regs[REG_LIMIT];
	struct {
		uint64_t at;
		uint8_t size;
		struct known value;
	} stores[STORE_LIMIT];
	size_t store_count;
	bool lost; /* a store went to an address that is not known, or there were too many */
};

static struct known reg_of(const struct execution *execution, uint8_t reg)
{
	return reg < REG_LIMIT ? execution->regs[reg] : (struct known){0};
}

static struct known sum(struct known a, struct known b, bool subtract)
{
	return (struct known){a.known && b.known, subtract ? a.value - b.value : a.value + b.value};
}

static struct known address_of(const struct execution *execution, const struct effect *effect)
{
	const struct known base = effect->src == REG_NONE ? (struct known){true, 0} : reg_of(execution, effect->src);

	return (struct known){base.known, base.value + (uint64_t)effect->value};
}

static struct known low_bytes(struct known word, uint8_t size)
{
	if (size < WORD)
		word.value &= (UINT64_C(1) << 8 * size) - 1;
	return word;
}

static struct known load(const struct execution *execution, const struct effect *effect)
{
	const struct known at = address_of(execution, effect);
	struct known ret = {0};

	if (!at.known || execution->lost || !effect->size || effect->size > WORD)
		return ret;
	for (size_t i = execution->store_count; i-- > 0;) {
		if (at.value + effect->size <= execution->stores[i].at || execution->stores[i].at + execution->stores[i].size <= at.value)
			continue;
		return execution->stores[i].at == at.value && execution->stores[i].size == effect->size ? execution->stores[i].value : ret;
	}
	if (at.value < execution->top && execution->top - at.value < DEAD)
		return ret;
	ret.known = image_read(execution->runtime->image, at.value, &ret.value, effect->size) == MEM_OK;
	return ret;
}

static void store(struct execution *execution, const struct effect *effect)
{
	const struct known at = address_of(execution, effect);

	if (!at.known || execution->store_count == STORE_LIMIT) {
		execution->lost = true;
		return;
	}
	execution->stores[execution->store_count].at = at.value;
	execution->stores[execution->store_count].size = effect->size;
	execution->stores[execution->store_count++].value = low_bytes(reg_of(execution, effect->src2), effect->size);
}

static struct known computed(const struct execution *execution, const struct effect *effect)
{
	const struct known src = reg_of(execution, effect->src), old = reg_of(execution, effect->dst);

	switch (effect->kind) {
	case EFFECT_CONST:
		return (struct known){true, (uint64_t)effect->value};
	case EFFECT_INSERT:
		return (struct known){old.known, (old.value & ~effect->mask) | (uint64_t)effect->value};
	case EFFECT_ADD:
		return (struct known){src.known, src.value + (uint64_t)effect->value};
	case EFFECT_ADD_REG:
		return sum(src, reg_of(execution, effect->src2), false);
	case EFFECT_SUB_REG:
		return sum(src, reg_of(execution, effect->src2), true);
	case EFFECT_LOAD:
		return load(execution, effect);
	case EFFECT_STORE:
	case EFFECT_CLOBBER:
		break;
	}
	return (struct known){0};
}

static void apply(struct execution *execution, const struct arch *arch, const struct insn *insn)
{
	for (size_t i = 0; i < insn->count; i++) {
		const struct effect *effect = &insn->effects[i];

		if (effect->kind == EFFECT_STORE)
			store(execution, effect);
		else if (effect->dst < REG_LIMIT)
			execution->regs[effect->dst] = computed(execution, effect);
	}
	execution->lost |= insn->indexed.size && insn->indexed.store;
	if (insn->sp_unknown)
		execution->regs[arch->sp] = (struct known){0};
}

/* Executes up to an instruction, which it includes; false: not all of it is straight code. */
static bool execute_to(struct execution *execution, const struct func *func, uint64_t last)
{
	struct go_runtime *runtime = execution->runtime;
	struct insn insn;

	for (uint64_t pc = func->entry, count = 0; pc <= last && count < INSN_LIMIT; pc += insn.size, count++) {
		if (!insn_decode(runtime->decoder, pc, image_view(runtime->image, pc, INSN_BYTES), &insn) || insn.flow != FLOW_NEXT)
			return false;
		apply(execution, runtime->image->arch, &insn);
		if (pc == last)
			return true;
	}
	return false;
}

bool executed_store(struct go_runtime *runtime, const struct pc_info *entry, const struct asm_store *store, uint64_t top, uint64_t at,
		    uint64_t *ret)
{
	struct execution execution = {.runtime = runtime, .top = top};

	execution.regs[runtime->image->arch->sp] = (struct known){true, top};
	if (!execute_to(&execution, entry->func, store->pc) || execution.lost)
		return false;
	for (size_t i = execution.store_count; i-- > 0;) {
		if (execution.stores[i].at + execution.stores[i].size <= at || at + WORD <= execution.stores[i].at)
			continue;
		*ret = execution.stores[i].value.value;
		return execution.stores[i].at == at && execution.stores[i].size == WORD && execution.stores[i].value.known;
	}
	return false;
}
