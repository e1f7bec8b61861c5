/* libraries.c: see libraries.h. Where libraries lie: the mapped files (NT_FILE); where a dump has no list of them, as
 * those of qemu-user, the loader's own list, struct r_debug and struct link_map of <link.h>, found through DT_DEBUG of
 * the program; the vdso, a whole ELF file in memory, through AT_SYSINFO_EHDR. */
#include "formats/unwind/libraries.h"

#include "base/steps.h"
#include "formats/dump/kept.h"
#include "formats/locator/paths.h"
#include "formats/dump/pe_module.h"
#include "formats/unwind/pe_unwind.h"

#include <inttypes.h>
#include <string.h>

enum { AT_BASE = 7, AT_ENTRY = 9, AT_SYSINFO_EHDR = 33, DT_DEBUG = 21 };

enum { VDSO_LIMIT = 1 << 16, LIBRARY_LIMIT = 1 << 10, DYNAMIC_LIMIT = 1 << 9, LINKED_LIMIT = 1 << 12, PATH_LIMIT = 4096, SYMBOL_MOST = 1024, LOOKED_AT = 8 /* entries of a list, for one step */ };

enum { R_MAP = 8, L_ADDR = 0, L_NAME = 8, L_NEXT = 24 }; /* offsets in r_debug and link_map */

struct library {
	const char *name;
	uint64_t low, high;  /* run-time addresses */
	uint64_t bias;
	const struct exe *exe; /* NULL: there is none to be used */
	const struct exe *symbols; /* of the same build; NULL: none */
	bool symbols_sought;
	bool generated; /* it is no file, but memory that the process made code in */
	struct cfi_table *table;
};

/* An entry of the loader's list. */
struct linked {
	const char *path;
	uint64_t bias;
	bool tried;
};

struct libraries {
	struct image *image;
	struct library_search search;
	const struct exe *program; /* NULL: none */
	uint64_t program_bias;
	VEC(struct library) items;
	size_t last; /* cache of the lookup */
	VEC(struct linked) linked;
	bool linked_read;
	bool missing_noted;
};

struct libraries *libraries_new(struct image *image, const struct library_search *search)
{
	struct libraries *libraries = arena_alloc(image->arena, sizeof *libraries);

	libraries->image = image;
	libraries->search = *search;
	return libraries;
}

static struct library *add(struct libraries *libraries, const char *name, uint64_t low, uint64_t high)
{
	vec_push(libraries->image->arena, &libraries->items, (struct library){.name = name, .low = low, .high = high});
	libraries->last = libraries->items.count - 1;
	return &libraries->items.items[libraries->last];
}

static uint64_t end_of(const struct exe *exe)
{
	const struct exe_segment *last = &exe->segments.items[exe->segments.count - 1];

	return last->address + last->size;
}

static void use(struct libraries *libraries, struct library *library, const struct exe *exe, uint64_t bias)
{
	library->exe = exe;
	library->bias = bias;
	library->table = cfi_table_new(libraries->image->arena, libraries->image->notes, exe);
}

void libraries_add_program(struct libraries *libraries, const struct exe *exe, uint64_t bias)
{
	if (!exe->segments.count)
		return;
	libraries->program = exe;
	libraries->program_bias = bias;
	use(libraries, add(libraries, exe->name, exe->base + bias, end_of(exe) + bias), exe, bias);
}

/* ---- the vdso ---- */

static struct library *add_vdso(struct libraries *libraries, uint64_t pc)
{
	struct image *image = libraries->image;
	struct library *library;
	struct span bytes;
	uint64_t address;
	struct exe *exe;

	if (!image_auxv(image, AT_SYSINFO_EHDR, &address))
		return NULL;
	bytes = image_view(image, address, VDSO_LIMIT);
	if (pc - address >= bytes.size)
		return NULL;
	library = add(libraries, "[vdso]", address, address + bytes.size);
	if (!exe_from_bytes(image->arena, "[vdso]", bytes, &exe) && exe->arch == image->arch)
		use(libraries, library, exe, address - exe->base);
	return library;
}

/* ---- mapped files and linked libraries ---- */

static void load(struct libraries *libraries, struct library *library, const struct library_trace *trace)
{
	struct image *image = libraries->image;
	const struct exe *exe;
	uint64_t bias;
	const struct err *err = library_file_find(image, &libraries->search, trace, &exe, &bias);

	if (err) {
		note_add(image->notes, "%s: %s; stacks end in its code", trace->path,
			 libraries->search.tells_paths ? err_describe(image->arena, err) : "not found as it was mapped");
		return;
	}
	use(libraries, library, exe, bias);
	image_add_backing(image, exe, bias);
}

/* A Windows module: the dump's own memory serves, where it holds the module; else its file. That Windows' own DLLs are
 * neither here nor there is usual, and one reason for all of them. */
static struct library *add_module(struct libraries *libraries, const struct mapping *module)
{
	struct image *image = libraries->image;
	struct library *library = add(libraries, path_base_name(module->path), module->start, module->end);
	const struct library_trace trace = {.path = module->path, .first = module->start, .first_known = true};
	const struct exe *exe = pe_module_in_memory(image, module);
	uint64_t bias = 0;

	if (!exe && !library_file_find(image, &libraries->search, &trace, &exe, &bias))
		image_add_backing(image, exe, bias);
	if (exe) {
		use(libraries, library, exe, bias);
	} else if (!libraries->missing_noted) {
		note_add(image->notes, "stacks end in %s, and in any other DLL that is neither in the dump nor, as the build that "
				       "ran, below --symbols", path_base_name(module->path));
		libraries->missing_noted = true;
	}
	return library;
}

/* All mappings of one file that follow each other, from its first page on, are one library. */
static struct library *add_mapped(struct libraries *libraries, const struct mapping *mapping)
{
	const struct image *image = libraries->image;
	const struct mapping *first = mapping;
	const struct mapping *end = mapping + 1;
	struct library_trace trace = {.path = mapping->path, .first_known = true};
	struct library *library;
	uint64_t entry;
	bool is_program;

	while (first->file_offset && first > image->mappings.items && !strcmp(first[-1].path, mapping->path))
		first--;
	while (end < image->mappings.items + image->mappings.count && end->file_offset &&
	       !strcmp(end->path, mapping->path))
		end++;
	trace.first = first->start;
	library = add(libraries, path_base_name(mapping->path), first->start,
		      end[-1].end > mapping->end ? end[-1].end : mapping->end);
	/* Of the program itself locate_exe has said what there is to say. */
	is_program = image_auxv(image, AT_ENTRY, &entry) && entry - library->low < library->high - library->low;
	if (!first->file_offset && !is_program)
		load(libraries, library, &trace);
	return library;
}

static bool find_link_map(struct libraries *libraries, uint64_t *ret)
{
	const struct section *dynamic = libraries->program ? exe_section(libraries->program, ".dynamic") : NULL;

	for (uint64_t i = 0; dynamic && dynamic->address && i < DYNAMIC_LIMIT; i++) {
		uint64_t address = dynamic->address + libraries->program_bias + 16 * i;
		uint64_t tag, debug;

		if (!image_u64(libraries->image, address, &tag) || !tag)
			return false;
		if (tag == DT_DEBUG)
			return image_u64(libraries->image, address + 8, &debug) && debug &&
			       image_u64(libraries->image, debug + R_MAP, ret);
	}
	return false;
}

static void read_link_map(struct libraries *libraries)
{
	struct image *image = libraries->image;
	uint64_t map = 0;

	libraries->linked_read = true;
	if (!find_link_map(libraries, &map))
		return;
	for (int i = 0; map && i < LINKED_LIMIT; i++) {
		struct linked linked = {0};
		uint64_t name, next;
		const char *path;

		if (!image_u64(image, map + L_ADDR, &linked.bias) || !image_u64(image, map + L_NAME, &name) ||
		    !image_u64(image, map + L_NEXT, &next))
			return;
		path = span_string(image_view(image, name, PATH_LIMIT), 0, PATH_LIMIT);
		if (path && *path) { /* the program itself has no name */
			linked.path = arena_strdup(image->arena, path);
			vec_push(image->arena, &libraries->linked, linked);
		}
		map = next;
	}
}

/* The library that begins last before a pc. */
static struct linked *linked_below(struct libraries *libraries, uint64_t pc)
{
	struct linked *found = NULL;

	for (size_t i = 0; i < libraries->linked.count; i++) {
		struct linked *linked = &libraries->linked.items[i];

		if (linked->bias <= pc && (!found || linked->bias > found->bias))
			found = linked;
	}
	return found;
}

static struct library *add_linked(struct libraries *libraries, uint64_t pc)
{
	struct library_trace trace = {0};
	struct library *library;
	struct linked *linked;

	if (!libraries->linked_read)
		read_link_map(libraries);
	linked = linked_below(libraries, pc);
	if (!linked || linked->tried)
		return NULL;
	linked->tried = true;
	trace.path = linked->path;
	trace.bias = linked->bias;
	library = add(libraries, path_base_name(linked->path), linked->bias, linked->bias);
	load(libraries, library, &trace);
	if (!library->exe)
		return NULL;
	library->low = library->exe->base + library->bias;
	library->high = end_of(library->exe) + library->bias;
	return pc - library->low < library->high - library->low ? library : NULL;
}

/* ---- code that the process made ---- */

/* Whether what belongs to no known file may be a file's all the same: dumps of qemu-user list none. Programs that no loader was
 * mapped for (AT_BASE is 0) have no libraries; their own code is around the entry point. */
static bool may_be_a_file(const struct image *image, const struct segment *segment)
{
	uint64_t loader, entry;

	if (image->mappings.count)
		return false;
	return !image_auxv(image, AT_BASE, &loader) || loader || !image_auxv(image, AT_ENTRY, &entry) ||
	       entry - segment->address < segment->size;
}

static struct library *add_generated(struct libraries *libraries, uint64_t pc)
{
	struct image *image = libraries->image;
	const struct segment *segment = image_segment(image, pc);
	struct library *library;

	if (!segment || !(segment->flags & SEGMENT_EXEC) || image->os != OS_LINUX || may_be_a_file(image, segment))
		return NULL;
	library = add(libraries, arena_printf(image->arena, "memory mapped at 0x%" PRIx64, segment->address), segment->address,
		      segment->address + segment->size);
	library->generated = true;
	return library;
}

/* ---- questions ---- */

static struct library *library_at(struct libraries *libraries, uint64_t pc)
{
	const struct mapping *mapping;
	struct library *library;

	for (size_t i = 0; i < libraries->items.count; i++) {
		size_t at = i ? i - (i <= libraries->last) : libraries->last; /* the last one first */

		library = &libraries->items.items[at];
		if (pc >= library->low && pc < library->high) {
			libraries->last = at;
			return library;
		}
	}
	if (libraries->items.count >= LIBRARY_LIMIT || !steps_take((libraries->items.count + libraries->linked.count) / LOOKED_AT))
		return NULL;
	mapping = image_mapping(libraries->image, pc);
	if (mapping && libraries->image->os == OS_WINDOWS)
		return add_module(libraries, mapping);
	if (mapping)
		return add_mapped(libraries, mapping);
	library = add_vdso(libraries, pc);
	if (!library)
		library = add_linked(libraries, pc);
	return library ? library : add_generated(libraries, pc);
}

void libraries_prepare(struct libraries *libraries, uint64_t pc)
{
	if (libraries)
		library_at(libraries, pc);
}

/* What the file told when a slim dump was made; NULL: it was not asked, or this is none. */
static const struct kept_answer *answered(const struct libraries *libraries, enum kept_question question, uint64_t pc)
{
	const struct kept *kept = libraries ? libraries->image->kept : NULL;

	return kept && !kept->recording ? kept_answered(kept, question, pc) : NULL;
}

static void note_answer(struct libraries *libraries, enum kept_question question, uint64_t pc, const void *bytes, size_t size)
{
	if (libraries->image->kept && libraries->image->kept->recording)
		kept_note_answer(libraries->image, question, pc, bytes, size);
}

static const struct cfi_row *row_of_answer(struct libraries *libraries, const struct kept_answer *answer)
{
	struct cfi_row *row;

	if (!answer->bytes.size || answer->bytes.size > sizeof *row)
		return NULL;
	row = arena_alloc(libraries->image->arena, sizeof *row);
	memcpy(row, answer->bytes.data, answer->bytes.size);
	return row->found ? row : NULL;
}

/* A row without the zeros at its end, which are most of it. */
static void note_row(struct libraries *libraries, uint64_t pc, const struct cfi_row *row)
{
	size_t size = row ? sizeof *row : 0;

	while (size && !((const uint8_t *)row)[size - 1])
		size--;
	note_answer(libraries, KEPT_UNWIND_ROW, pc, row, size);
}

const struct cfi_row *libraries_row(struct libraries *libraries, uint64_t pc)
{
	const struct kept_answer *answer = answered(libraries, KEPT_UNWIND_ROW, pc);
	const struct library *library = libraries && !answer ? library_at(libraries, pc) : NULL;
	const struct cfi_row *row;

	if (answer)
		return row_of_answer(libraries, answer);
	if (!library || !library->exe)
		return NULL;
	row = cfi_table_row(library->table, pc - library->bias);
	note_row(libraries, pc, row);
	return row;
}

/* Hand-written code has symbols without a size, and so has Windows: they are believed as far as the function's unwind table
 * goes. */
static bool in_one_function(struct libraries *libraries, const struct library *library, uint64_t low, uint64_t pc)
{
	struct image *image = libraries->image;
	const struct mapping *module = image->os == OS_WINDOWS ? image_mapping(image, pc + library->bias) : NULL;
	const struct cfi_row *row;
	uint64_t start;

	if (module)
		return pe_function_start(image, module, pc + library->bias, &start) && low + library->bias >= start;
	row = cfi_table_row(library->table, pc);
	return row && low >= row->low;
}

static const struct symbol *symbol_in(struct libraries *libraries, const struct library *library, const struct exe *exe,
				      uint64_t pc)
{
	const struct symbol *symbol = exe ? exe_symbol(exe, pc) : NULL;

	return symbol && (symbol->size || in_one_function(libraries, library, symbol->address, pc)) ? symbol : NULL;
}

/* Its entry, and its name to the end. */
static bool function_of_answer(struct libraries *libraries, const struct kept_answer *answer, struct c_function *ret)
{
	if (answer->bytes.size <= sizeof ret->entry)
		return false;
	ret->entry = load_u64(answer->bytes.data);
	ret->name = arena_strndup(libraries->image->arena, (const char *)answer->bytes.data + sizeof ret->entry,
				  strnlen((const char *)answer->bytes.data + sizeof ret->entry, answer->bytes.size - sizeof ret->entry));
	return true;
}

static void note_function(struct libraries *libraries, uint64_t pc, const struct c_function *function)
{
	const size_t length = function ? strnlen(function->name, SYMBOL_MOST) : 0;
	uint8_t bytes[sizeof function->entry + SYMBOL_MOST] = {0};

	if (function) {
		memcpy(bytes, &function->entry, sizeof function->entry);
		memcpy(bytes + sizeof function->entry, function->name, length);
	}
	note_answer(libraries, KEPT_C_FUNCTION, pc, bytes, function ? sizeof function->entry + length : 0);
}

static bool find_function(struct libraries *libraries, struct library *library, uint64_t pc, struct c_function *ret)
{
	const struct symbol *symbol;

	if (!library->symbols_sought && !library->exe->has_symbols)
		library->symbols = library_file_symbols(libraries->image, &libraries->search, library->exe);
	library->symbols_sought = true;
	symbol = symbol_in(libraries, library, library->symbols, pc - library->bias);
	if (!symbol)
		symbol = symbol_in(libraries, library, library->exe, pc - library->bias);
	if (!symbol)
		return false;
	*ret = (struct c_function){.entry = symbol->address + library->bias};
	ret->name = arena_strndup(libraries->image->arena, symbol->name, strcspn(symbol->name, "@")); /* its version */
	return true;
}

bool libraries_function(struct libraries *libraries, uint64_t pc, struct c_function *ret)
{
	const struct kept_answer *answer = answered(libraries, KEPT_C_FUNCTION, pc);
	struct library *library = libraries && !answer ? library_at(libraries, pc) : NULL;
	bool found;

	if (answer)
		return function_of_answer(libraries, answer, ret);
	if (!library || !library->exe)
		return false;
	found = find_function(libraries, library, pc, ret);
	note_function(libraries, pc, found ? ret : NULL);
	return found;
}

bool libraries_generated(struct libraries *libraries, uint64_t pc)
{
	const struct library *library = libraries ? library_at(libraries, pc) : NULL;

	return library && library->generated;
}

bool libraries_any_generated(struct libraries *libraries)
{
	const struct image *image = libraries ? libraries->image : NULL;

	for (size_t i = 0; image && i < image->segments.count; i++) {
		const struct segment *segment = &image->segments.items[i];

		if (segment->flags & SEGMENT_EXEC && !image_mapping(image, segment->address) &&
		    libraries_generated(libraries, segment->address))
			return true;
	}
	return false;
}

const char *libraries_module(struct libraries *libraries, uint64_t pc)
{
	const struct library *library = libraries ? library_at(libraries, pc) : NULL;

	return library ? library->name : NULL;
}
