/* cpu_names.c: see cpu_names.h. */
#include "formats/cpu/cpu_names.h"

#include <stddef.h>

enum name_format { CPU_ELF, CPU_PE, CPU_NT, CPU_MACHO };

enum { ANY = 0, BITS_32 = 32, BITS_64 = 64, LITTLE = 1, BIG = 2 };

static const struct {
	enum name_format format;
	uint32_t number;
	uint8_t bits, order; /* ANY, or of which files only */
	const char *name;
} names[] = {
#define CPU_NAME(format, number, bits, order, name) {format, number, bits, order, name},
#include "formats/cpu/cpu_names.def"
#undef CPU_NAME
};

static const char *find(enum name_format format, uint32_t number, uint8_t bits, uint8_t order)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].format == format && names[i].number == number && (!names[i].bits || names[i].bits == bits) &&
		    (!names[i].order || names[i].order == order))
			return names[i].name;
	return NULL;
}

static const char *name_or_number(struct arena *arena, const char *name, uint32_t number)
{
	return name ? name : arena_printf(arena, "CPU %u", number);
}

const char *cpu_name_of_elf(struct arena *arena, uint16_t machine, bool wide, bool big_endian)
{
	return name_or_number(arena, find(CPU_ELF, machine, wide ? BITS_64 : BITS_32, big_endian ? BIG : LITTLE), machine);
}

const char *cpu_name_of_pe(struct arena *arena, uint16_t machine)
{
	return name_or_number(arena, find(CPU_PE, machine, ANY, ANY), machine);
}

const char *cpu_name_of_nt(struct arena *arena, uint16_t processor)
{
	return name_or_number(arena, find(CPU_NT, processor, ANY, ANY), processor);
}

const char *cpu_name_of_macho(struct arena *arena, uint32_t type)
{
	return name_or_number(arena, find(CPU_MACHO, type, ANY, ANY), type);
}
