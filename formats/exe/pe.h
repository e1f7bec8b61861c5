/* pe.h: the headers of a PE image, alike in a file and in memory. Reference: Microsoft, "PE Format" (the specification);
 * names are those of winnt.h. */
#ifndef FORMATS_EXE_PE_H
#define FORMATS_EXE_PE_H

#include "base/err.h"
#include "base/span.h"
#include "formats/cpu/arch.h"

enum pe_directory { /* IMAGE_DIRECTORY_ENTRY_* */
	PE_EXPORTS = 0,
	PE_EXCEPTIONS = 3, /* .pdata */
	PE_RELOCATIONS = 5,
	PE_DEBUG = 6,
	PE_IMPORT_ADDRESSES = 12,
	PE_DIRECTORIES = 16,
};

struct pe_header {
	const struct arch *arch;
	uint16_t characteristics;
	uint32_t timestamp, checksum;
	uint32_t symbols, symbol_count; /* file offset of the COFF symbol table */
	uint64_t base;                  /* ImageBase */
	uint32_t entry, image_size, headers_size;
	uint16_t section_count;
	uint64_t sections;              /* offset of the section table */
	struct {
		uint32_t rva, size;
	} directories[PE_DIRECTORIES];
};

enum {
	PE_SECTION_SIZE = 40,          /* of an entry of the section table: IMAGE_SECTION_HEADER */
	PE_SECTION_LIMIT = 1 << 10,    /* a file may claim any number; so many are looked at */
	PE_SECTION_CODE = 0x20000000,  /* IMAGE_SCN_MEM_EXECUTE */
};

/* True when the bytes begin as a PE file, or as any other that DOS could run, does. */
bool pe_magic(struct span bytes);

/* Reads the headers at the start of `bytes`. Errors: BAD_DATA, UNSUPPORTED (32-bit, or another CPU, which is named). */
const struct err *pe_header_read(struct arena *arena, struct span bytes, struct pe_header *ret);

struct exe;

/* Adds the functions that an executable exports to its symbols, ascending; its segments are set. */
void pe_exports_read(struct arena *arena, struct exe *exe, const struct pe_header *header);

#endif
