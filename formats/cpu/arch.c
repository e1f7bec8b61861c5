/* arch.c: the list of CPUs, and register sets. */
#include "formats/cpu/arch.h"

#include <string.h>

static const struct arch *const arches[] = {&arch_amd64, &arch_arm64};

const struct arch *arch_of_elf(uint16_t machine)
{
	for (size_t i = 0; i < sizeof arches / sizeof *arches; i++)
		if (arches[i]->elf_machine == machine)
			return arches[i];
	return NULL;
}

const struct arch *arch_of_this(void)
{
#ifdef __aarch64__
	return &arch_arm64;
#else
	return &arch_amd64;
#endif
}

const struct arch *arch_of_pe(uint16_t machine)
{
	for (size_t i = 0; i < sizeof arches / sizeof *arches; i++)
		if (arches[i]->pe_machine == machine)
			return arches[i];
	return NULL;
}

const struct arch *arch_of_nt(uint16_t processor)
{
	for (size_t i = 0; i < sizeof arches / sizeof *arches; i++)
		if (arches[i]->nt_processor == processor)
			return arches[i];
	return NULL;
}

uint64_t arch_untagged(const struct arch *arch, uint64_t pointer)
{
	return (uint64_t)((int64_t)(pointer << arch->tag_bits) >> arch->tag_bits);
}

bool arch_forms(const struct arch *arch, uint64_t address)
{
	const uint64_t upper = arch_untagged(arch, address) >> arch->address_bits;

	return !upper || upper == UINT64_MAX >> arch->address_bits;
}

bool reg_get(const struct registers *registers, uint8_t reg, uint64_t *ret)
{
	if (reg >= REG_LIMIT || !(registers->known >> reg & 1))
		return false;
	*ret = registers->value[reg];
	return true;
}

void reg_set(struct registers *registers, uint8_t reg, uint64_t value)
{
	if (reg >= REG_LIMIT)
		return;
	registers->value[reg] = value;
	registers->known |= UINT64_C(1) << reg;
}

void reg_forget(struct registers *registers, uint8_t reg)
{
	if (reg >= REG_LIMIT)
		return;
	registers->value[reg] = 0;
	registers->known &= ~(UINT64_C(1) << reg);
}

void reg_read(struct registers *registers, const struct reg_map *map, struct span record)
{
	for (size_t i = 0; i < map->count; i++) {
		struct span slot = span_slice(record, map->slots[i].offset, 8);

		if (slot.size == 8)
			reg_set(registers, map->slots[i].reg, span_u64(slot, 0));
	}
}

enum { CONTEXT_CONTROL = 1, CONTEXT_INTEGER = 2 }; /* winnt.h */

bool reg_read_context(struct registers *registers, const struct arch *arch, struct span record)
{
	const struct nt_context *context = &arch->context;
	uint32_t flags = span_u32(record, context->flags);

	if (record.size < context->control.size || !(flags & context->cpu))
		return false;
	if (flags & CONTEXT_CONTROL)
		reg_read(registers, &context->control, record);
	if (flags & CONTEXT_INTEGER)
		reg_read(registers, &context->integer, record);
	return true;
}

uint8_t reg_by_name(const struct arch *arch, const char *name)
{
	for (size_t i = 0; i < arch->reg_count; i++)
		if (!strcmp(arch->reg_names[i], name))
			return (uint8_t)i;
	return REG_NONE;
}
