/* pe_builder.c: see the header. Layout of "PE Format". */
#include "tests/build/pe_builder.h"

#include <stdio.h>
#include <stdlib.h>

enum { PE_START = 0x80, OPTIONAL = PE_START + 24, OPTIONAL_SIZE = 240, TABLE = OPTIONAL + OPTIONAL_SIZE, FIRST = 0x400 };

static void put(uint8_t *at, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

struct pe_builder *pe_new(struct arena *arena, const struct arch *arch, uint64_t base)
{
	struct pe_builder *builder = arena_alloc(arena, sizeof *builder);

	builder->arena = arena;
	builder->arch = arch;
	builder->base = base;
	builder->image_size = 0x1000;
	builder->characteristics = 0x22;
	return builder;
}

size_t pe_add_section(struct pe_builder *builder, const char *name, uint32_t flags, uint32_t size)
{
	struct pe_part part = {.name = name, .flags = flags, .size = size, .rva = builder->image_size};
	const struct pe_part *last = builder->parts.count ? &builder->parts.items[builder->parts.count - 1] : NULL;

	part.offset = last ? last->offset + ((last->size + 0x1ffu) & ~0x1ffu) : FIRST;
	part.bytes = arena_alloc(builder->arena, size);
	builder->image_size += (size + 0xfffu) & ~0xfffu;
	vec_push(builder->arena, &builder->parts, part);
	return builder->parts.count - 1;
}

void pe_put_bytes(struct pe_builder *builder, uint32_t rva, const void *data, size_t size)
{
	for (size_t i = 0; i < builder->parts.count; i++) {
		struct pe_part *part = &builder->parts.items[i];

		if (rva - part->rva >= part->size || size > part->size - (rva - part->rva))
			continue;
		memcpy(part->bytes + (rva - part->rva), data, size);
		return;
	}
	fprintf(stderr, "pe_builder: no section at %#x\n", rva);
	abort();
}

void pe_put(struct pe_builder *builder, uint32_t rva, uint64_t value, size_t size)
{
	uint8_t bytes[8];

	put(bytes, value, size);
	pe_put_bytes(builder, rva, bytes, size);
}

static void put_headers(const struct pe_builder *builder, uint8_t *file, uint32_t symbols)
{
	memcpy(file, "MZ", 2);
	put(file + 0x3c, PE_START, 4);
	memcpy(file + PE_START, "PE\0\0", 4);
	put(file + PE_START + 4, builder->arch->pe_machine, 2);
	put(file + PE_START + 6, builder->parts.count, 2);
	put(file + PE_START + 8, builder->timestamp, 4);
	put(file + PE_START + 12, builder->symbols.count ? symbols : 0, 4);
	put(file + PE_START + 16, builder->symbols.count, 4);
	put(file + PE_START + 20, OPTIONAL_SIZE, 2);
	put(file + PE_START + 22, builder->characteristics, 2);
	put(file + OPTIONAL, 0x20b, 2);
	put(file + OPTIONAL + 16, 0x1000, 4); /* entry */
	put(file + OPTIONAL + 24, builder->base, 8);
	put(file + OPTIONAL + 56, builder->image_size, 4);
	put(file + OPTIONAL + 60, FIRST, 4);
	put(file + OPTIONAL + 108, 16, 4);
	for (size_t i = 0; i < 16; i++) {
		put(file + OPTIONAL + 112 + 8 * i, builder->directories[i].rva, 4);
		put(file + OPTIONAL + 116 + 8 * i, builder->directories[i].size, 4);
	}
}

/* Names that do not fit go behind the symbols. */
static uint32_t add_string(uint8_t *strings, uint32_t *used, const char *name)
{
	uint32_t at = *used;

	memcpy(strings + at, name, strlen(name) + 1);
	*used += (uint32_t)strlen(name) + 1;
	return at;
}

struct span pe_finish(struct pe_builder *builder)
{
	const struct pe_part *last = &builder->parts.items[builder->parts.count - 1];
	uint32_t symbols = last->offset + ((last->size + 0x1ffu) & ~0x1ffu);
	uint32_t strings = symbols + 18 * (uint32_t)builder->symbols.count;
	uint8_t *file = arena_alloc(builder->arena, strings + 4096);
	uint32_t used = 4;

	put_headers(builder, file, symbols);
	for (size_t i = 0; i < builder->parts.count; i++) {
		const struct pe_part *part = &builder->parts.items[i];
		uint8_t *entry = file + TABLE + 40 * i;

		if (strlen(part->name) > 8)
			snprintf((char *)entry, 8, "/%u", add_string(file + strings, &used, part->name));
		else
			memcpy(entry, part->name, strlen(part->name));
		put(entry + 8, part->size, 4);
		put(entry + 12, part->rva, 4);
		put(entry + 16, part->size, 4);
		put(entry + 20, part->offset, 4);
		put(entry + 36, part->flags, 4);
		memcpy(file + part->offset, part->bytes, part->size);
	}
	for (size_t i = 0; i < builder->symbols.count; i++) {
		const struct pe_symbol *symbol = &builder->symbols.items[i];
		uint8_t *entry = file + symbols + 18 * i;

		if (strlen(symbol->name) > 8)
			put(entry + 4, add_string(file + strings, &used, symbol->name), 4);
		else
			memcpy(entry, symbol->name, strlen(symbol->name));
		put(entry + 8, symbol->value, 4);
		put(entry + 12, symbol->section, 2);
		entry[16] = 2;
	}
	put(file + strings, used, 4);
	return (struct span){file, strings + used};
}
