/* exe.h: an executable file (ELF or PE), as the Go model and the unwinder need it. */
#ifndef FORMATS_EXE_EXE_H
#define FORMATS_EXE_EXE_H

#include "base/err.h"
#include "base/span.h"
#include "base/vec.h"
#include "formats/cpu/arch.h"

enum { SEGMENT_READ = 4, SEGMENT_WRITE = 2, SEGMENT_EXEC = 1 }; /* as ELF p_flags */

struct section {
	const char *name;
	uint64_t address; /* in the file's address space; 0 for sections that are not loaded */
	struct span bytes; /* empty for .bss */
};

struct exe_segment {
	uint64_t address, size;
	struct span bytes; /* may be shorter than size: the rest is zero-filled by the loader */
	uint8_t flags;     /* SEGMENT_* */
	uint64_t file_offset;
};

struct symbol {
	const char *name;
	uint64_t address, size;
};

struct exe {
	const char *path; /* as found */
	const char *name; /* without its folder (and without a compression suffix) */
	struct span bytes; /* the whole file, decompressed */
	const char *format; /* "elf" or "pe" */
	const struct arch *arch;
	bool windows;              /* a PE file */
	bool position_independent; /* ET_DYN, or PE with relocations */
	bool has_symbols;          /* a .symtab, or the COFF symbols of a PE file */
	bool has_dwarf;            /* a .debug_info or .zdebug_info */
	uint64_t entry;            /* file address of the entry point */
	uint64_t base;             /* lowest loaded file address */
	uint32_t image_size;       /* PE: bytes in memory, header included; 0: unknown */
	uint32_t timestamp;        /* PE: of the link; 0: unknown (Go's) */
	const char *build_id;      /* lower-case hex of the GNU build-id, or a PE file's codeview_id; NULL: none */
	const char *go_build_id;   /* Go's build ID (.note.go.buildid); NULL: none */
	bool notes_whole;          /* ELF: all that its program headers say to be notes is there */
	uint64_t headers;          /* ELF: file address of the program headers; 0: not loaded */
	uint64_t header_count;     /* ELF: of them */
	VEC(struct section) sections;
	VEC(struct exe_segment) segments; /* ascending by address */
	VEC(struct symbol) symbols;       /* functions of .symtab (COFF), else .dynsym (exports); ascending */
	VEC(uint64_t) relocations;        /* PE: addresses of 8-byte words in read-only segments to which the loader
					   * adds the bias; ascending */
};

struct file_options; /* formats/archive/archive.h */

/* Opens an executable, which may be compressed like a dump; within the limits of `options`, NULL: defaults. *ret lives on the arena.
 * Errors as image_open. */
const struct err *exe_open(struct arena *arena, const char *path, const struct file_options *options, struct exe **ret);

/* The same, over bytes that stay valid as long as the arena: a whole file, or (ELF) as much of its beginning as there
 * is, such as the first page of a program in a dump. `path` serves for texts and the name. */
const struct err *exe_from_bytes(struct arena *arena, const char *path, struct span bytes, struct exe **ret);

/* The section of that name, or NULL. */
const struct section *exe_section(const struct exe *exe, const char *name);

/* The segment that contains a file address, or NULL. */
const struct exe_segment *exe_segment(const struct exe *exe, uint64_t address);

/* View of up to `size` bytes at a file address, contiguous in one segment, as far as the file holds them. */
struct span exe_view(const struct exe *exe, uint64_t address, uint64_t size);

/* The bytes of a segment as the loader leaves them: its own where no word changes, else a copy. */
struct span exe_loaded_bytes(struct arena *arena, const struct exe *exe, const struct exe_segment *segment, uint64_t bias);

/* The function symbol that contains a file address (a symbol of size 0 reaches to the next), or NULL. */
const struct symbol *exe_symbol(const struct exe *exe, uint64_t address);

/* The address of a symbol by name; false when there is none. */
bool exe_symbol_address(const struct exe *exe, const char *name, uint64_t *ret);

/* For formats: makes segments ascending and disjoint, as the gABI and the PE specification want them. One ends where its successor
 * begins; of several at one address the first in the file stays. What would make them hold more bytes than the file does goes. */
void exe_order_segments(struct exe *exe);

/* One executable format; listed in exe_formats.def. */
struct exe_format {
	const char *name;
	bool (*probe)(struct span bytes);
	/* Fills an exe whose path, name and bytes are set. */
	const struct err *(*load)(struct arena *arena, struct exe *exe);
};

extern const struct exe_format exe_format_elf;
extern const struct exe_format exe_format_pe;

#endif
