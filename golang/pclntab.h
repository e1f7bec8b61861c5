/* pclntab.h: Go's pc-line table: which function a pc is in, its frame size, name, file, line and inlined calls. It is in
 * every Go binary, stripped or not. Formats: Go 1.18 (magic fffffff0) and 1.20 (fffffff1); cmd/link/internal/ld/pcln.go,
 * runtime/symtab.go, internal/abi/symtab.go. */
#ifndef GOLANG_PCLNTAB_H
#define GOLANG_PCLNTAB_H

#include "base/span.h"
#include "base/vec.h"
#include "formats/dump/image.h"

enum { PCDATA_UNSAFE_POINT = 0, PCDATA_STACK_MAP_INDEX = 1, PCDATA_INL_TREE_INDEX = 2 }; /* internal/abi/symtab.go */
enum { FUNCDATA_ARGS_POINTER_MAPS = 0, FUNCDATA_LOCALS_POINTER_MAPS = 1, FUNCDATA_STACK_OBJECTS = 2, FUNCDATA_INL_TREE = 3 };
enum { FUNC_TOP_FRAME = 1, FUNC_SP_WRITE = 2, FUNC_ASM = 4 };

/* A stretch of text that the linker placed apart (runtime.textsect): offsets [start, end) live at `base`. */
struct text_section {
	uint64_t start, end, base;
};

struct pclntab {
	uint64_t address; /* of its header, at run time */
	struct span bytes;
	bool has_start_line; /* the 1.20 layout of _func and inlinedCall */
	uint8_t quantum;
	uint32_t nfunc;
	uint64_t text;    /* run-time address that function offsets are relative to (moduledata.text) */
	struct span functab, funcnames, cutab, filetab, pctab;
	struct image *image; /* whose memory holds it, which is told what is read of it (image_cite); NULL: it is a file's */
	struct image *gofunc_image; /* the same of: */
	uint64_t gofunc_address;    /* at run time */
	struct span gofunc; /* bytes from moduledata.gofunc on: funcdata; empty when unknown */
	VEC(struct text_section) sections; /* empty: one contiguous text */
};

struct func {
	uint32_t index;
	uint64_t entry, end; /* run-time addresses */
	uint32_t name, pcsp, pcfile, pcln, npcdata, cu_offset, deferreturn;
	int32_t start_line;  /* 0: not recorded (before Go 1.20) */
	uint8_t func_id, flags, nfuncdata;
	uint32_t record;     /* offset of its _func in functab */
};

/* Reads and checks a table that starts at bytes.data[0]. False when it is none: wrong magic, offsets out of order or
 * beyond the bytes, function table not ascending. `text` is left to the caller, who knows moduledata: the header's own
 * copy is 0 from Go 1.26 on. */
bool pclntab_open(struct span bytes, uint64_t address, struct pclntab *ret);

/* The parts of a table, where they do not lie behind each other as the header's offsets say. */
struct pclntab_parts {
	struct span header, funcnames, cutab, filetab, pctab, functab;
};

/* The same for such a table; its header is at `address`. */
bool pclntab_assemble(const struct pclntab_parts *parts, uint64_t address, struct pclntab *ret);

/* Function number `index`; false when its record is damaged. */
bool pclntab_func(const struct pclntab *table, uint32_t index, struct func *ret);

/* It lies in the memory of an image: what is read of it from here on is told to that. The starts of all functions have been read
 * already. */
void pclntab_belongs(struct pclntab *table, struct image *image);

/* What was found has to do with this function: its record and its name are kept in a slim dump (image_cite). pclntab_find does it;
 * who goes through all functions, of those that it looked for. */
void pclntab_cite(const struct pclntab *table, const struct func *func);

/* The same for funcdata: a part of table->gofunc. */
void pclntab_cite_data(const struct pclntab *table, struct span data);

/* Whether pc lies between the first function and the end of the last: a sound table finds one there. */
bool pclntab_covers(const struct pclntab *table, uint64_t pc);

/* The function that contains pc; false when none does. */
bool pclntab_find(const struct pclntab *table, uint64_t pc, struct func *ret);

/* First and one past the last text offset: moduledata's minpc and maxpc minus text. */
uint64_t pclntab_min(const struct pclntab *table);
uint64_t pclntab_max(const struct pclntab *table);

/* The name at a funcnametab offset; NULL when damaged. It is not cited. */
const char *pclntab_name(const struct pclntab *table, uint32_t offset);

/* The value of a pcvalue table (func->pcsp, pcfile, pcln, or a pcdata table) at pc; false when there is none. If `start`
 * is not NULL it gets the first pc of the stretch with that value. */
bool func_value(const struct pclntab *table, const struct func *func, uint32_t offset, uint64_t pc, int32_t *ret,
		uint64_t *start);

/* A pcvalue table, read stretch by stretch: `value` holds from `start` to before `end`. */
struct pcvalue {
	struct reader reader;
	const struct pclntab *table;
	uint8_t quantum;
	bool begun;
	uint64_t start, end;
	uint32_t value; /* as the int32_t that it is */
};

/* Before the first stretch of a table of a function (offset 0: none, it has no stretches). */
struct pcvalue pcvalue_of(const struct pclntab *table, const struct func *func, uint32_t offset);

/* Goes on to the next stretch; false when there is none. */
bool pcvalue_next(struct pcvalue *at);

/* The value at a pc that is not below the last one asked for; false: there is none. A sweep over a function by this reads
 * the table once, where func_value would for each pc. */
bool pcvalue_seek(struct pcvalue *at, uint64_t pc, int32_t *ret);

/* The largest value of its pcsp table: the size of its frame; 0: it has none. */
int32_t func_frame_size(const struct pclntab *table, const struct func *func);

/* PCDATA table number `which`; -1 (the tables' initial value) where the function has none. */
int32_t func_pcdata(const struct pclntab *table, const struct func *func, uint32_t which, uint64_t pc);

/* The offset of that table, as for func_value and pcvalue_of; 0: the function has none. */
uint32_t func_pcdata_table(const struct pclntab *table, const struct func *func, uint32_t which);

/* Whether it has FUNCDATA number `which`. */
bool func_has_funcdata(const struct pclntab *table, const struct func *func, uint32_t which);

/* All that lies behind where it begins, as nothing here says how long it is; empty: there is none. */
struct span func_funcdata(const struct pclntab *table, const struct func *func, uint32_t which);

/* Source file and line of an instruction (a call pc, not a return pc); file NULL and line 0 when unknown. */
void func_line(const struct pclntab *table, const struct func *func, uint64_t pc, const char **file, int32_t *line);

/* How many functions, of a sample, have a tree of inlined calls where table->gofunc says, and how many have something
 * else there. */
void pclntab_sample_trees(const struct pclntab *table, size_t *good, size_t *bad);

/* One logical frame at a pc. The first is the innermost inlined call, the last the function itself (inlined false). */
struct inline_frame {
	const char *name; /* NULL: damaged */
	uint8_t func_id;
	bool inlined;
	const char *file;
	int32_t line;
};

enum { INLINE_LIMIT = 64 };

/* The logical frames at a call pc, innermost first; returns their number, 1 to INLINE_LIMIT. */
size_t func_inline_frames(const struct pclntab *table, const struct func *func, uint64_t pc,
			  struct inline_frame frames[static INLINE_LIMIT]);

#endif
