/* pe_builder.h: makes small synthetic PE files in memory. Every section begins at a page of memory and at 0x200 bytes of
 * the file. */
#ifndef TESTS_BUILD_PE_BUILDER_H
#define TESTS_BUILD_PE_BUILDER_H

#include "base/vec.h"
#include "formats/cpu/arch.h"

enum { PE_CODE = 0x60000020, PE_RDATA = 0x40000040, PE_DATA = (int)0xc0000040u };

struct pe_part {
	const char *name; /* 8 characters at most, or longer with symbols */
	uint32_t flags, rva, size, offset;
	uint8_t *bytes;
};

struct pe_symbol {
	const char *name;
	uint32_t value;
	uint16_t section; /* from 1 */
};

struct pe_builder {
	struct arena *arena;
	const struct arch *arch;
	uint64_t base;
	uint32_t timestamp, image_size;
	uint16_t characteristics;
	struct {
		uint32_t rva, size;
	} directories[16];
	VEC(struct pe_part) parts;
	VEC(struct pe_symbol) symbols;
};

struct pe_builder *pe_new(struct arena *arena, const struct arch *arch, uint64_t base);

/* A section of zeros; its index. */
size_t pe_add_section(struct pe_builder *builder, const char *name, uint32_t flags, uint32_t size);

/* Numbers and bytes at an RVA of a section. */
void pe_put(struct pe_builder *builder, uint32_t rva, uint64_t value, size_t size);
void pe_put_bytes(struct pe_builder *builder, uint32_t rva, const void *data, size_t size);

struct span pe_finish(struct pe_builder *builder);

#endif
