/* fault_operand.c: see fault_operand.h. */
#include "analyzer/last_words/fault_operand.h"

enum { INSN_BYTES = 16 };

/* The kernel saved all of them with the pc, in the context of the signal frame; without a frame they are the dump's. */
bool register_at_fault(const struct analysis *analysis, uint8_t reg, uint64_t *ret)
{
	const struct fault *fault = &analysis->fault;
	const struct reg_map *map = &analysis->image->arch->ucontext;
	uint64_t context = fault->pc_address;
	uint64_t offset = UINT64_MAX;

	if (!fault->pc_address && fault->thread >= 0)
		return reg_get(&analysis->image->threads.items[fault->thread].registers, reg, ret);
	for (size_t i = 0; i < map->count; i++) {
		if (map->slots[i].reg == analysis->image->arch->pc)
			context = fault->pc_address - map->slots[i].offset;
		if (map->slots[i].reg == reg)
			offset = map->slots[i].offset;
	}
	return fault->siginfo && offset != UINT64_MAX && image_u64(analysis->image, context + offset, ret);
}

enum insn_touch fault_operand(struct analysis *analysis, struct insn_operand *ret)
{
	const struct fault *fault = &analysis->fault;
	struct decoder *decoder = analysis->runtime->decoder;

	if (!fault->has_pc || !decoder)
		return TOUCH_UNKNOWN;
	return insn_touches(decoder, fault->pc, image_view(analysis->image, fault->pc, INSN_BYTES), ret);
}

/* The CPU leaves pc behind int3, and at brk. */
bool fault_is_breakpoint(struct analysis *analysis)
{
	enum { INT3 = 0xcc, INT = 0xcd };
	const uint32_t brk = 0xd4200000, brk_mask = 0xffe0001f;
	struct image *image = analysis->image;
	const uint64_t pc = analysis->fault.pc;
	uint8_t first, second;
	uint32_t word;

	if (!analysis->fault.has_pc)
		return true;
	if (image->arch->id == ARCH_ARM64)
		return !image_u32(image, pc, &word) || (word & brk_mask) == brk;
	if (!image_u8(image, pc - 2, &first) || !image_u8(image, pc - 1, &second))
		return true;
	return second == INT3 || (first == INT && second == 3);
}

bool fault_operand_address(const struct analysis *analysis, const struct insn_operand *operand, uint64_t *ret)
{
	uint64_t base = 0;
	uint64_t index = 0;

	if (!operand->known || (operand->base != REG_NONE && !register_at_fault(analysis, operand->base, &base)) ||
	    (operand->index != REG_NONE && !register_at_fault(analysis, operand->index, &index)))
		return false;
	*ret = insn_operand_address(operand, base, index);
	return true;
}

enum fault_access fault_access_of(struct analysis *analysis)
{
	struct insn_operand operand;

	if (analysis->fault.access != ACCESS_UNKNOWN || fault_operand(analysis, &operand) != TOUCH_MEMORY || !operand.known)
		return analysis->fault.access;
	return operand.write ? ACCESS_WRITE : operand.read ? ACCESS_READ : ACCESS_UNKNOWN;
}

const char *access_doing(enum fault_access access)
{
	static const char *const words[] = {[ACCESS_UNKNOWN] = "accessing", [ACCESS_READ] = "reading", [ACCESS_WRITE] = "writing",
					    [ACCESS_EXECUTE] = "jumping to"};

	return words[access];
}
