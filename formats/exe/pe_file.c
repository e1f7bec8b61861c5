/* pe_file.c: Windows executables and libraries: headers, sections, symbols, what names their build.
 *
 * Reference: Microsoft, "PE Format". What Go writes there: cmd/link/internal/ld/pe.go (no timestamp, a COFF symbol table
 * unless stripped, long section names for DWARF) and data.go (the build ID as the first bytes of .text). */
#include "formats/exe/codeview.h"
#include "formats/exe/exe.h"
#include "formats/exe/pe.h"
#include "formats/cpu/cpu_names.h"

#include <stdlib.h>
#include <string.h>

/* A file may claim any number; these bound what is read. */
enum {
	NAME_LIMIT = 8192, /* Go's instantiated generics are long */
	SYMBOL_LIMIT = 1 << 22,
	EXPORT_LIMIT = 1 << 20,
	RELOCATION_LIMIT = 1 << 24,
	DEBUG_LIMIT = 64,
	BUILD_ID_LIMIT = 512,
};

/* IMAGE_SCN_* */
enum { SECTION_READ = 0x40000000 };
static const uint32_t section_write = 0x80000000;

enum { SYMBOL_SIZE = 18, FILE_RELOCATIONS_STRIPPED = 1 };

struct loader {
	struct arena *arena;
	struct exe *exe;
	struct pe_header header;
	struct span strings; /* the COFF string table: long names of sections and symbols */
};

bool pe_magic(struct span bytes)
{
	return bytes.size >= 2 && bytes.data[0] == 'M' && bytes.data[1] == 'Z';
}

/* ---- headers ---- */

/* IMAGE_OPTIONAL_HEADER64 */
static void read_optional(struct span optional, struct pe_header *header)
{
	uint32_t count = span_u32(optional, 108);

	header->entry = span_u32(optional, 16);
	header->base = span_u64(optional, 24);
	header->image_size = span_u32(optional, 56);
	header->headers_size = span_u32(optional, 60);
	header->checksum = span_u32(optional, 64);
	for (uint32_t i = 0; i < PE_DIRECTORIES && i < count; i++) {
		header->directories[i].rva = span_u32(optional, 112 + 8 * (uint64_t)i);
		header->directories[i].size = span_u32(optional, 116 + 8 * (uint64_t)i);
	}
}

const struct err *pe_header_read(struct arena *arena, struct span bytes, struct pe_header *ret)
{
	enum { LFANEW = 0x3c, FILE_HEADER = 24, OPTIONAL_MINIMUM = 112, PE32_PLUS = 0x20b };
	struct pe_header header = {0};
	uint64_t start = span_u32(bytes, LFANEW);
	struct span file = span_slice(bytes, start, FILE_HEADER);
	uint16_t optional_size = span_u16(file, 20);
	struct span optional = span_slice(bytes, start + FILE_HEADER, optional_size);

	if (!pe_magic(bytes) || !file.size || memcmp(file.data, "PE\0\0", 4))
		return err_new(arena, ERR_BAD_DATA, "it is not a PE file");
	header.arch = arch_of_pe(span_u16(file, 4));
	if (!header.arch)
		return err_new(arena, ERR_OTHER_CPU, "it is for %s; only amd64 and arm64 are read",
			       cpu_name_of_pe(arena, span_u16(file, 4)));
	if (optional.size < OPTIONAL_MINIMUM || span_u16(optional, 0) != PE32_PLUS)
		return err_new(arena, ERR_BAD_DATA, "its PE header is damaged or cut short");
	header.section_count = span_u16(file, 6);
	header.timestamp = span_u32(file, 8);
	header.symbols = span_u32(file, 12);
	header.symbol_count = span_u32(file, 16);
	header.characteristics = span_u16(file, 22);
	header.sections = start + FILE_HEADER + optional_size;
	read_optional(optional, &header);
	*ret = header;
	return NULL;
}

/* ---- sections ---- */

static struct span file_part(struct span bytes, uint64_t offset, uint64_t size)
{
	struct span rest = span_from(bytes, offset);

	return span_slice(rest, 0, size < rest.size ? size : rest.size);
}

/* "/123": at that offset of the string table. */
static const char *section_name(const struct loader *loader, struct span field)
{
	size_t length = 0;
	uint64_t offset = 0;
	const char *name;

	while (length < field.size && field.data[length])
		length++;
	if (length < 2 || field.data[0] != '/')
		return arena_strndup(loader->arena, (const char *)field.data, length);
	for (size_t i = 1; i < length && field.data[i] >= '0' && field.data[i] <= '9'; i++)
		offset = offset * 10 + (field.data[i] - (uint64_t)'0');
	name = span_string(loader->strings, offset, NAME_LIMIT);
	return name ? name : "";
}

static void push_segment(struct loader *loader, const struct exe_segment *whole, uint64_t start, uint64_t end, uint8_t flags)
{
	uint64_t offset = start - whole->address;

	if (start >= end)
		return;
	vec_push(loader->arena, &loader->exe->segments,
		 (struct exe_segment){
			 .address = start,
			 .size = end - start,
			 .bytes = file_part(whole->bytes, offset, end - start),
			 .flags = flags,
			 .file_offset = whole->file_offset + offset,
		 });
}

/* The loader writes the addresses of imported functions, also where a section is read-only. */
static void add_segment(struct loader *loader, const struct exe_segment *segment)
{
	uint64_t end = segment->address + segment->size;
	uint64_t imports = loader->exe->base + loader->header.directories[PE_IMPORT_ADDRESSES].rva;
	uint64_t imports_end = imports + loader->header.directories[PE_IMPORT_ADDRESSES].size;

	if (segment->flags & SEGMENT_WRITE || imports < segment->address || imports >= end || imports_end > end) {
		push_segment(loader, segment, segment->address, end, segment->flags);
		return;
	}
	push_segment(loader, segment, segment->address, imports, segment->flags);
	push_segment(loader, segment, imports, imports_end, segment->flags | SEGMENT_WRITE);
	push_segment(loader, segment, imports_end, end, segment->flags);
}

/* IMAGE_SECTION_HEADER: name, virtual size, address, raw size, raw offset; flags at 36 */
static void add_section(struct loader *loader, struct span entry)
{
	struct exe *exe = loader->exe;
	uint32_t flags = span_u32(entry, 36);
	uint32_t raw = span_u32(entry, 16);
	uint32_t size = span_u32(entry, 8) ? span_u32(entry, 8) : raw;
	struct exe_segment segment = {
		.address = exe->base + span_u32(entry, 12),
		.size = size,
		.bytes = file_part(exe->bytes, span_u32(entry, 20), raw < size ? raw : size),
		.flags = (uint8_t)((flags & SECTION_READ ? SEGMENT_READ : 0) | (flags & section_write ? SEGMENT_WRITE : 0) |
				   (flags & PE_SECTION_CODE ? SEGMENT_EXEC : 0)),
		.file_offset = span_u32(entry, 20),
	};

	vec_push(loader->arena, &exe->sections,
		 (struct section){section_name(loader, span_slice(entry, 0, 8)), segment.address, segment.bytes});
	add_segment(loader, &segment);
}

/* The headers are mapped as well, at the image's base. */
static void read_sections(struct loader *loader)
{
	struct exe *exe = loader->exe;
	const struct pe_header *header = &loader->header;
	struct exe_segment headers = {
		.address = exe->base,
		.size = header->headers_size,
		.bytes = file_part(exe->bytes, 0, header->headers_size),
		.flags = SEGMENT_READ,
	};

	if (headers.size)
		add_segment(loader, &headers);
	for (uint64_t i = 0; i < header->section_count && i < PE_SECTION_LIMIT; i++) {
		struct span entry = span_slice(exe->bytes, header->sections + i * PE_SECTION_SIZE, PE_SECTION_SIZE);

		if (entry.size)
			add_section(loader, entry);
	}
	exe_order_segments(exe);
}

static struct span at_rva(const struct loader *loader, uint64_t rva, uint64_t size)
{
	return exe_view(loader->exe, loader->exe->base + rva, size);
}

static struct span directory(const struct loader *loader, enum pe_directory which)
{
	uint32_t rva = loader->header.directories[which].rva;

	return rva ? at_rva(loader, rva, loader->header.directories[which].size) : (struct span){0};
}

/* ---- symbols ---- */

static void add_function(struct loader *loader, const char *name, uint64_t address)
{
	const struct exe_segment *segment = exe_segment(loader->exe, address);

	if (name && *name && segment && segment->flags & SEGMENT_EXEC)
		vec_push(loader->arena, &loader->exe->symbols, (struct symbol){.name = name, .address = address});
}

/* A name of at most 8 bytes, or 0 and an offset in the string table. */
static const char *symbol_name(const struct loader *loader, struct span entry)
{
	const void *end;

	if (!span_u32(entry, 0))
		return span_string(loader->strings, span_u32(entry, 4), NAME_LIMIT);
	end = memchr(entry.data, 0, 8);
	return arena_strndup(loader->arena, (const char *)entry.data,
			     end ? (size_t)((const uint8_t *)end - entry.data) : 8);
}

/* IMAGE_SYMBOL: name, value in its section, section number, type, storage class, number of further entries. Whether it is
 * a function shows by its section: Go's linker gives all symbols the same type. */
static void read_coff_symbols(struct loader *loader)
{
	enum { CLASS_EXTERNAL = 2, CLASS_STATIC = 3 };
	const struct exe *exe = loader->exe;
	struct span table = span_from(exe->bytes, loader->header.symbols);

	for (uint64_t i = 0; i < loader->header.symbol_count && i < SYMBOL_LIMIT; i++) {
		struct span entry = span_slice(table, i * SYMBOL_SIZE, SYMBOL_SIZE);
		uint16_t section = span_u16(entry, 12);
		uint8_t class = span_u8(entry, 16);
		uint8_t more = span_u8(entry, 17);

		if (!entry.size)
			return;
		if (section && section <= exe->sections.count && (class == CLASS_EXTERNAL || (class == CLASS_STATIC && !more)))
			add_function(loader, symbol_name(loader, entry),
				     exe->sections.items[section - 1].address + span_u32(entry, 8));
		i += more;
	}
}

/* IMAGE_EXPORT_DIRECTORY; what points into the directory itself is the name of a function elsewhere. */
static void read_exports(struct loader *loader)
{
	struct span exports = directory(loader, PE_EXPORTS);
	uint32_t start = loader->header.directories[PE_EXPORTS].rva;
	uint64_t count = span_u32(exports, 20);
	uint64_t named = span_u32(exports, 24);
	struct span functions = at_rva(loader, span_u32(exports, 28), count * 4);
	struct span names = at_rva(loader, span_u32(exports, 32), named * 4);
	struct span ordinals = at_rva(loader, span_u32(exports, 36), named * 2);

	for (uint64_t i = 0; i < named && i < EXPORT_LIMIT && i * 4 < names.size && i * 2 < ordinals.size; i++) {
		uint32_t function = span_u32(functions, (uint64_t)span_u16(ordinals, i * 2) * 4);

		if (function && function - start >= exports.size)
			add_function(loader, span_string(at_rva(loader, span_u32(names, i * 4), NAME_LIMIT), 0, NAME_LIMIT),
				     loader->exe->base + function);
	}
}

static int compare_symbols(const void *left, const void *right)
{
	const struct symbol *a = left;
	const struct symbol *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void sort_symbols(struct exe *exe)
{
	if (exe->symbols.count)
		qsort(exe->symbols.items, exe->symbols.count, sizeof *exe->symbols.items, compare_symbols);
}

void pe_exports_read(struct arena *arena, struct exe *exe, const struct pe_header *header)
{
	struct loader loader = {.arena = arena, .exe = exe, .header = *header};

	read_exports(&loader);
	sort_symbols(exe);
}

static void read_symbols(struct loader *loader)
{
	read_coff_symbols(loader);
	sort_symbols(loader->exe);
	loader->exe->has_symbols = loader->exe->symbols.count != 0;
	if (!loader->exe->has_symbols)
		pe_exports_read(loader->arena, loader->exe, &loader->header);
}

/* ---- relocations ---- */

static int compare_addresses(const void *left, const void *right)
{
	const uint64_t *a = left;
	const uint64_t *b = right;

	return *a < *b ? -1 : *a > *b;
}

/* Only those of bytes that nobody writes later: the others cannot be compared with the file anyway. */
static void add_relocation(struct loader *loader, uint64_t address)
{
	const struct exe_segment *segment = exe_segment(loader->exe, address);

	if (segment && !(segment->flags & SEGMENT_WRITE) && loader->exe->relocations.count < RELOCATION_LIMIT)
		vec_push(loader->arena, &loader->exe->relocations, address);
}

/* IMAGE_BASE_RELOCATION: page, size of the block, then 16-bit entries of a type and an offset. */
static void read_relocations(struct loader *loader)
{
	enum { BLOCK_HEADER = 8, TYPE_DIR64 = 10 };
	struct exe *exe = loader->exe;
	struct span rest = directory(loader, PE_RELOCATIONS);

	exe->position_independent = rest.size && !(loader->header.characteristics & FILE_RELOCATIONS_STRIPPED);
	while (rest.size >= BLOCK_HEADER) {
		uint64_t page = exe->base + span_u32(rest, 0);
		uint32_t size = span_u32(rest, 4);
		struct span block = span_slice(rest, 0, size);

		if (block.size < BLOCK_HEADER)
			break;
		for (uint64_t at = BLOCK_HEADER; at < block.size; at += 2)
			if (span_u16(block, at) >> 12 == TYPE_DIR64)
				add_relocation(loader, page + (span_u16(block, at) & 0xfffu));
		rest = span_from(rest, size);
	}
	if (exe->relocations.count)
		qsort(exe->relocations.items, exe->relocations.count, sizeof *exe->relocations.items, compare_addresses);
}

/* ---- what names the build ---- */

/* IMAGE_DEBUG_DIRECTORY: type at 12, size at 16, file offset at 24 */
static void read_codeview(struct loader *loader)
{
	enum { ENTRY = 28, TYPE_CODEVIEW = 2 };
	struct span entries = directory(loader, PE_DEBUG);

	for (uint64_t i = 0; i < DEBUG_LIMIT && !loader->exe->build_id; i++) {
		struct span entry = span_slice(entries, i * ENTRY, ENTRY);

		if (!entry.size)
			return;
		if (span_u32(entry, 12) == TYPE_CODEVIEW)
			loader->exe->build_id = codeview_id(
				loader->arena, file_part(loader->exe->bytes, span_u32(entry, 24), span_u32(entry, 16)));
	}
}

/* Go's build ID stands at the start of .text. It is listed as the section that holds it in ELF files. */
static void read_go_build_id(struct loader *loader)
{
	static const char start[] = "\xff Go build ID: \"";
	static const char end[] = "\"\n \xff";
	const struct section *text = exe_section(loader->exe, ".text");
	struct span head = text ? file_part(text->bytes, 0, BUILD_ID_LIMIT) : (struct span){0};
	size_t length = sizeof start - 1;
	size_t stop;

	if (head.size < length || memcmp(head.data, start, length))
		return;
	stop = span_find(head, length, end, sizeof end - 1);
	if (stop == SIZE_MAX)
		return;
	loader->exe->go_build_id = arena_strndup(loader->arena, (const char *)head.data + length, stop - length);
	vec_push(loader->arena, &loader->exe->sections,
		 (struct section){".note.go.buildid", text->address, span_slice(head, 0, stop + sizeof end - 1)});
}

/* ---- the whole ---- */

static const struct err *load_pe(struct arena *arena, struct exe *exe)
{
	struct loader loader = {.arena = arena, .exe = exe};
	const struct err *err = pe_header_read(arena, exe->bytes, &loader.header);

	if (err)
		return err;
	exe->arch = loader.header.arch;
	exe->windows = true;
	exe->base = loader.header.base;
	exe->entry = exe->base + loader.header.entry;
	exe->image_size = loader.header.image_size;
	exe->timestamp = loader.header.timestamp;
	if (loader.header.symbols)
		loader.strings =
			span_from(exe->bytes, loader.header.symbols + (uint64_t)loader.header.symbol_count * SYMBOL_SIZE);
	read_sections(&loader);
	if (!exe->sections.count)
		return err_new(arena, ERR_BAD_DATA, "it has no sections");
	read_relocations(&loader);
	read_symbols(&loader);
	read_codeview(&loader);
	read_go_build_id(&loader);
	exe->has_dwarf = exe_section(exe, ".debug_info") || exe_section(exe, ".zdebug_info");
	return NULL;
}

const struct exe_format exe_format_pe = {"pe", pe_magic, load_pe};
