/* insn_effects.h: how the decoders of each CPU write down effects; private to insn*.c. A destination
 * REG_NONE (xzr, or no general register) makes no effect. */
#ifndef FORMATS_CPU_INSN_EFFECTS_H
#define FORMATS_CPU_INSN_EFFECTS_H

#include "formats/cpu/insn.h"

/* Decodes the A64 instruction `word` at insn->address into insn, whose other members are 0. False when it is none.
 * *sure is false when the word belongs to a class that has holes: an instruction only if a disassembler knows it. */
bool insn_arm64(uint32_t word, struct insn *insn, bool *sure);

/* As insn_touches, of an A64 instruction. */
enum insn_touch insn_arm64_touches(uint32_t word, uint64_t address, struct insn_operand *ret);

static inline void effect_add(struct insn *insn, struct effect effect)
{
	if (insn->count == EFFECT_LIMIT)
		insn->sp_unknown = true;
	else
		insn->effects[insn->count++] = effect;
}

static inline void effect_const(struct insn *insn, uint8_t dst, uint64_t value)
{
	if (dst != REG_NONE)
		effect_add(insn, (struct effect){EFFECT_CONST, dst, REG_NONE, REG_NONE, 0, (int64_t)value, 0});
}

/* An address formed from the pc, of which `missing` bits are left for a later instruction. */
static inline void effect_address(const struct arch *arch, struct insn *insn, uint8_t dst, uint64_t value,
				  uint64_t missing)
{
	if (dst != REG_NONE)
		effect_add(insn, (struct effect){EFFECT_CONST, dst, arch->pc, REG_NONE, 0, (int64_t)value, missing});
}

static inline void effect_sum(struct insn *insn, uint8_t dst, uint8_t src, int64_t value)
{
	if (dst != REG_NONE)
		effect_add(insn, (struct effect){EFFECT_ADD, dst, src, REG_NONE, 0, value, 0});
}

static inline void effect_reg_sum(struct insn *insn, enum effect_kind kind, uint8_t dst, uint8_t src, uint8_t src2)
{
	if (dst != REG_NONE)
		effect_add(insn, (struct effect){kind, dst, src, src2, 0, 0, 0});
}

static inline void effect_clobber(const struct arch *arch, struct insn *insn, uint8_t dst)
{
	if (dst == arch->sp)
		insn->sp_unknown = true;
	else if (dst != REG_NONE)
		effect_add(insn, (struct effect){EFFECT_CLOBBER, dst, REG_NONE, REG_NONE, 0, 0, 0});
}

static inline void effect_load(const struct arch *arch, struct insn *insn, uint8_t dst, uint8_t base, int64_t offset,
			       uint8_t size)
{
	if (dst == arch->sp) {
		insn->sp_unknown = true;
		dst = REG_NONE;
	}
	effect_add(insn, (struct effect){EFFECT_LOAD, dst, base, REG_NONE, size, offset, 0});
}

static inline void effect_store(struct insn *insn, uint8_t base, int64_t offset, uint8_t size, uint8_t src)
{
	effect_add(insn, (struct effect){EFFECT_STORE, REG_NONE, base, src, size, offset, 0});
}

#endif
