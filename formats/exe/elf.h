/* elf.h: what cores and executables share of ELF: header, program headers, notes; a thin layer over libelf, whose types
 * stay in elf_file.c. 64-bit little-endian files of the CPUs in arch.h only. */
#ifndef FORMATS_EXE_ELF_H
#define FORMATS_EXE_ELF_H

#include "base/err.h"
#include "base/span.h"
#include "formats/cpu/arch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers of the ELF specification that are used outside elf_file.c; named apart from those of <elf.h>. */
enum { FILE_RELOCATABLE = 1, FILE_EXECUTABLE = 2, FILE_DYNAMIC = 3, FILE_CORE = 4 }; /* e_type */
enum { PROGRAM_LOAD = 1, PROGRAM_NOTE = 4, PROGRAM_MEMORY_TAGS = 0x70000002 }; /* p_type */

struct elf_view {
	struct arena *arena;
	struct span bytes;
	uint16_t type; /* FILE_* */
	const struct arch *arch;
	uint64_t entry;
	uint64_t program_offset; /* of the program headers in the file */
	uint64_t program_count;  /* those that the file holds */
	uint64_t program_lost;   /* those that the header promises beyond the end of the file */
	void *handle;            /* libelf's */
	void *programs;          /* libelf's program header table */
};

struct elf_program {
	uint32_t type;  /* PROGRAM_* or another */
	uint32_t flags; /* SEGMENT_* of exe.h */
	uint64_t offset, address, file_size, memory_size, alignment;
};

struct elf_note {
	const char *owner; /* NUL-terminated */
	uint32_t type;
	struct span desc; /* a view of the file */
};

/* True when the bytes begin as an ELF file does. */
bool elf_magic(struct span bytes);

/* Opens an ELF file in memory that stays valid as long as the arena. Errors: CUT_SHORT (within its header),
 * BAD_DATA (a nonsensical one), OTHER_CPU (32-bit, big-endian, or another CPU, which is named). */
const struct err *elf_view_open(struct arena *arena, struct span bytes, struct elf_view *ret);

/* Program header number `index`, below program_count. */
struct elf_program elf_view_program(const struct elf_view *view, uint64_t index);

/* Calls visit for each note in file bytes [offset, offset + size), as far as the file holds them, until it returns
 * false. Returns false when the notes break off or do not parse to their end. */
bool elf_view_notes(const struct elf_view *view, uint64_t offset, uint64_t size, uint64_t alignment,
		    bool (*visit)(void *context, const struct elf_note *note), void *context);

#endif
