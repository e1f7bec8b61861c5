/* elf_file.c: the only file that knows libelf. Header, program headers and notes for cores and executables alike, and
 * ELF executables (sections, symbols, build IDs). Reference: System V gABI chapters 4 and 5; <elf.h>. Go's notes:
 * cmd/link/internal/ld/elf.go (ELFNOTE_GOBUILDID). */
#include "formats/exe/elf.h"
#include "formats/exe/exe.h"
#include "formats/cpu/cpu_names.h"

#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

/* A file may claim any number; these bound what is read. Chrome has 1.2 million functions, cmd/go 30,000. */
enum {
	SECTION_LIMIT = 1 << 16,
	SECTION_NAME_LIMIT = 256,
	EXE_SEGMENT_LIMIT = 1 << 12,
	EXE_NOTE_LIMIT = 1 << 12,
	SYMBOL_LIMIT = 1 << 22,
	SYMBOL_NAME_LIMIT = 8192, /* Go's instantiated generics are long */
	BUILD_ID_LIMIT = 64,
	GO_BUILD_ID_LIMIT = 512,
};

enum { NOTE_GO_BUILD_ID = 4 };

bool elf_magic(struct span bytes)
{
	return bytes.size >= SELFMAG && !memcmp(bytes.data, ELFMAG, SELFMAG);
}

/* e_machine lies at the same place in files of both classes; its bytes are in the file's order. */
static const struct err *other_cpu(struct arena *arena, struct span bytes)
{
	const bool big = span_u8(bytes, EI_DATA) == ELFDATA2MSB;
	const bool wide = span_u8(bytes, EI_CLASS) == ELFCLASS64;
	const uint16_t word = span_u16(bytes, offsetof(Elf64_Ehdr, e_machine));
	const uint16_t machine = big ? __builtin_bswap16(word) : word;

	return err_new(arena, ERR_OTHER_CPU, "it is for %s%s%s; only amd64 and arm64 are read",
		       cpu_name_of_elf(arena, machine, wide, big), wide ? "" : ", a 32-bit ELF file", big ? ", big-endian" : "");
}

static const struct err *check_ident(struct arena *arena, struct span bytes)
{
	if (!elf_magic(bytes))
		return err_new(arena, ERR_NO_DUMP, "it is not an ELF file");
	if (bytes.size >= sizeof(Elf32_Ehdr) && (bytes.data[EI_CLASS] == ELFCLASS32 || bytes.data[EI_DATA] == ELFDATA2MSB))
		return other_cpu(arena, bytes);
	if (bytes.size < sizeof(Elf64_Ehdr))
		return err_new(arena, ERR_CUT_SHORT, "it ends within the ELF header, after %zu bytes", bytes.size);
	return NULL;
}

static void release_handle(void *object)
{
	struct elf_view *holder = object;

	if (holder->handle)
		elf_end(holder->handle);
}

/* What libelf does not give for want of memory must not look as if the file lacked it. errno is 0 before the call. */
static void require_memory(struct arena *arena, const void *given)
{
	if (!given && errno == ENOMEM)
		arena_exhausted(arena);
}

/* libelf's handle lives as long as the arena, since names and converted tables belong to it. */
static const struct err *open_handle(struct arena *arena, struct elf_view *view)
{
	struct elf_view *holder = arena_alloc(arena, sizeof *holder);

	arena_defer(arena, release_handle, holder);
	elf_version(EV_CURRENT);
	/* libelf's signature lacks const; it never writes to memory opened this way. */
	errno = 0;
	holder->handle = elf_memory((char *)(uintptr_t)view->bytes.data, view->bytes.size);
	require_memory(arena, holder->handle);
	if (!holder->handle || elf_kind(holder->handle) != ELF_K_ELF)
		return err_new(arena, ERR_BAD_DATA, "its ELF header is damaged: %s", elf_errmsg(-1));
	view->handle = holder->handle;
	return NULL;
}

/* With PN_XNUM the count is in section header 0, which Linux writes at the very end of a core: when the dump is cut, it
 * is gone. Then the place of the notes tells: Linux writes them right behind the program headers. */
static uint64_t count_without_section(const struct elf_view *view)
{
	uint64_t first = view->program_offset + sizeof(Elf64_Phdr) * PN_XNUM;
	uint64_t notes = span_u64(view->bytes, view->program_offset + offsetof(Elf64_Phdr, p_offset));
	uint32_t type = span_u32(view->bytes, view->program_offset);

	if (type != PT_NOTE || notes < first || (notes - view->program_offset) % sizeof(Elf64_Phdr))
		return PN_XNUM;
	return (notes - view->program_offset) / sizeof(Elf64_Phdr);
}

static uint64_t count_promised(const struct elf_view *view, const GElf_Ehdr *header)
{
	size_t count;

	if (header->e_phnum != PN_XNUM)
		return header->e_phnum;
	if (!elf_getphdrnum(view->handle, &count) && count != PN_XNUM)
		return count;
	return count_without_section(view);
}

/* elf_getdata_rawchunk rather than gelf_getphdr: it is not bound to libelf's own idea of the count. */
static void open_programs(struct elf_view *view, const GElf_Ehdr *header)
{
	uint64_t promised = count_promised(view, header);
	uint64_t room = view->program_offset < view->bytes.size ? view->bytes.size - view->program_offset : 0;
	uint64_t count = room / sizeof(Elf64_Phdr) < promised ? room / sizeof(Elf64_Phdr) : promised;
	Elf_Data *data = NULL;

	if (count)
		data = elf_getdata_rawchunk(view->handle, (int64_t)view->program_offset,
					    (size_t)count * sizeof(Elf64_Phdr), ELF_T_PHDR);
	if (count && !data) /* they are in the file, so it was memory */
		arena_exhausted(view->arena);
	if (!data || data->d_size < count * sizeof(Elf64_Phdr))
		count = 0;
	view->programs = data ? data->d_buf : NULL;
	view->program_count = count;
	view->program_lost = promised - count;
}

const struct err *elf_view_open(struct arena *arena, struct span bytes, struct elf_view *ret)
{
	struct elf_view view = {.arena = arena, .bytes = bytes};
	const struct err *err = check_ident(arena, bytes);
	GElf_Ehdr header;

	if (!err)
		err = open_handle(arena, &view);
	if (err)
		return err;
	if (!gelf_getehdr(view.handle, &header))
		return err_new(arena, ERR_BAD_DATA, "its ELF header is damaged: %s", elf_errmsg(-1));
	view.arch = arch_of_elf(header.e_machine);
	if (!view.arch)
		return other_cpu(arena, bytes);
	if (header.e_phnum && header.e_phentsize != sizeof(Elf64_Phdr))
		return err_new(arena, ERR_BAD_DATA, "its program headers are said to have %u bytes each, not %zu",
			       header.e_phentsize, sizeof(Elf64_Phdr));
	view.type = header.e_type;
	view.entry = header.e_entry;
	view.program_offset = header.e_phoff;
	open_programs(&view, &header);
	*ret = view;
	return NULL;
}

struct elf_program elf_view_program(const struct elf_view *view, uint64_t index)
{
	Elf64_Phdr header;

	if (index >= view->program_count)
		return (struct elf_program){0};
	memcpy(&header, (const char *)view->programs + index * sizeof header, sizeof header);
	return (struct elf_program){
		.type = header.p_type,
		.flags = header.p_flags,
		.offset = header.p_offset,
		.address = header.p_vaddr,
		.file_size = header.p_filesz,
		.memory_size = header.p_memsz,
		.alignment = header.p_align,
	};
}

/* gelf_getnote's offsets count from the chunk, so views are taken from the file: they outlive libelf's copies. */
static bool read_note(struct span chunk, const GElf_Nhdr *header, size_t name, size_t desc, struct elf_note *ret)
{
	const char *owner = header->n_namesz ? span_string(chunk, name, header->n_namesz) : "";

	*ret = (struct elf_note){
		.owner = owner ? owner : "",
		.type = header->n_type,
		.desc = span_slice(chunk, desc, header->n_descsz),
	};
	return ret->desc.size == header->n_descsz;
}

bool elf_view_notes(const struct elf_view *view, uint64_t offset, uint64_t size, uint64_t alignment,
		    bool (*visit)(void *, const struct elf_note *), void *context)
{
	struct span rest = span_from(view->bytes, offset);
	struct span chunk = span_slice(rest, 0, size < rest.size ? size : rest.size);
	size_t position = 0;
	Elf_Data *data;

	if (!chunk.size)
		return !size;
	data = elf_getdata_rawchunk(view->handle, (int64_t)offset, chunk.size,
				    alignment == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
	if (!data) /* it is in the file, so it was memory */
		arena_exhausted(view->arena);
	while (position < chunk.size) {
		struct elf_note note;
		GElf_Nhdr header;
		size_t name, desc;
		size_t next = gelf_getnote(data, position, &header, &name, &desc);

		if (!next || !read_note(chunk, &header, name, desc, &note))
			return false;
		if (!visit(context, &note))
			return true;
		position = next;
	}
	return chunk.size == size;
}

/* ---- executables ---- */

static struct span file_part(struct span bytes, uint64_t offset, uint64_t size)
{
	struct span rest = span_from(bytes, offset);

	return span_slice(rest, 0, size < rest.size ? size : rest.size);
}

static void add_segment(struct arena *arena, struct exe *exe, const struct elf_program *program)
{
	uint64_t saved = program->file_size < program->memory_size ? program->file_size : program->memory_size;

	if (!program->memory_size || program->memory_size > UINT64_MAX - program->address ||
	    exe->segments.count == EXE_SEGMENT_LIMIT)
		return;
	vec_push(arena, &exe->segments,
		 (struct exe_segment){
			 .address = program->address,
			 .size = program->memory_size,
			 .bytes = file_part(exe->bytes, program->offset, saved),
			 .flags = program->flags & 7,
			 .file_offset = program->offset,
		 });
}

struct build_ids {
	struct arena *arena;
	struct exe *exe;
	size_t seen;
};

static const char *hex(struct arena *arena, struct span bytes)
{
	static const char digits[] = "0123456789abcdef";
	char *text = arena_alloc(arena, bytes.size * 2 + 1);

	for (size_t i = 0; i < bytes.size; i++) {
		text[2 * i] = digits[bytes.data[i] >> 4];
		text[2 * i + 1] = digits[bytes.data[i] & 15];
	}
	return text;
}

static bool visit_note(void *context, const struct elf_note *note)
{
	struct build_ids *ids = context;
	struct exe *exe = ids->exe;

	if (!exe->build_id && note->type == NT_GNU_BUILD_ID && !strcmp(note->owner, "GNU") && note->desc.size &&
	    note->desc.size <= BUILD_ID_LIMIT)
		exe->build_id = hex(ids->arena, note->desc);
	if (!exe->go_build_id && note->type == NOTE_GO_BUILD_ID && !strcmp(note->owner, "Go") && note->desc.size &&
	    note->desc.size <= GO_BUILD_ID_LIMIT)
		exe->go_build_id = arena_strndup(ids->arena, (const char *)note->desc.data, note->desc.size);
	return ++ids->seen < EXE_NOTE_LIMIT;
}

static void read_programs(struct arena *arena, const struct elf_view *view, struct exe *exe)
{
	struct build_ids ids = {.arena = arena, .exe = exe};

	exe->header_count = view->program_count;
	exe->notes_whole = view->program_count && !view->program_lost;
	for (uint64_t i = 0; i < view->program_count && i < EXE_SEGMENT_LIMIT; i++) {
		struct elf_program program = elf_view_program(view, i);

		if (program.type == PROGRAM_LOAD) {
			add_segment(arena, exe, &program);
			if (view->program_offset - program.offset < program.file_size)
				exe->headers = program.address + (view->program_offset - program.offset);
		}
		if (program.type != PROGRAM_NOTE)
			continue;
		exe->notes_whole &= file_part(view->bytes, program.offset, program.file_size).size == program.file_size;
		if (ids.seen < EXE_NOTE_LIMIT)
			elf_view_notes(view, program.offset, program.file_size, program.alignment, visit_note, &ids);
	}
}

static void read_section_notes(struct arena *arena, const struct elf_view *view, const GElf_Shdr *header,
			       struct exe *exe)
{
	struct build_ids ids = {.arena = arena, .exe = exe};

	if (header->sh_type == SHT_NOTE && !(exe->build_id && exe->go_build_id))
		elf_view_notes(view, header->sh_offset, header->sh_size, header->sh_addralign, visit_note, &ids);
}

static bool section_header(const struct elf_view *view, Elf_Scn *scn, GElf_Shdr *ret)
{
	errno = 0;
	if (gelf_getshdr(scn, ret))
		return true;
	require_memory(view->arena, NULL);
	return false;
}

/* All section headers, with names where the string table still has them. */
static void read_sections(struct arena *arena, const struct elf_view *view, struct exe *exe)
{
	Elf_Scn *scn = NULL;
	size_t names_index;
	struct span names = {0};
	GElf_Shdr header;

	if (!elf_getshdrstrndx(view->handle, &names_index) && names_index != SHN_UNDEF &&
	    section_header(view, elf_getscn(view->handle, names_index), &header))
		names = file_part(exe->bytes, header.sh_offset, header.sh_size);
	while ((scn = elf_nextscn(view->handle, scn)) && exe->sections.count < SECTION_LIMIT) {
		struct section section = {0};

		if (!section_header(view, scn, &header))
			continue;
		section.name = span_string(names, header.sh_name, SECTION_NAME_LIMIT);
		if (!section.name)
			section.name = "";
		section.address = header.sh_flags & SHF_ALLOC ? header.sh_addr : 0;
		if (header.sh_type != SHT_NOBITS)
			section.bytes = file_part(exe->bytes, header.sh_offset, header.sh_size);
		vec_push(arena, &exe->sections, section);
		read_section_notes(arena, view, &header, exe);
	}
}

static Elf_Scn *section_of_type(const struct elf_view *view, uint32_t type, GElf_Shdr *ret)
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(view->handle, scn)))
		if (section_header(view, scn, ret) && ret->sh_type == type && ret->sh_size)
			return scn;
	return NULL;
}

static void add_symbol(struct arena *arena, struct exe *exe, struct span names, const GElf_Sym *symbol)
{
	const char *name;

	if (GELF_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_shndx == SHN_UNDEF)
		return;
	name = span_string(names, symbol->st_name, SYMBOL_NAME_LIMIT);
	if (name && *name)
		vec_push(arena, &exe->symbols,
			 (struct symbol){.name = name, .address = symbol->st_value, .size = symbol->st_size});
}

static int compare_symbols(const void *left, const void *right)
{
	const struct symbol *a = left;
	const struct symbol *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if (a->size != b->size)
		return a->size < b->size ? -1 : 1; /* the larger last: a lookup takes the last one at an address */
	return strcmp(a->name, b->name);
}

/* Names point into the file, not to libelf's copies. */
static void read_symbols(struct arena *arena, const struct elf_view *view, struct exe *exe)
{
	GElf_Shdr table, strings;
	Elf_Scn *scn = section_of_type(view, SHT_SYMTAB, &table);
	Elf_Data *data;
	struct span names;
	GElf_Sym symbol;

	exe->has_symbols = scn != NULL;
	if (!scn)
		scn = section_of_type(view, SHT_DYNSYM, &table);
	if (!scn || !section_header(view, elf_getscn(view->handle, table.sh_link), &strings))
		return;
	names = file_part(exe->bytes, strings.sh_offset, strings.sh_size);
	errno = 0;
	data = elf_getdata(scn, NULL);
	require_memory(arena, data);
	for (int i = 0; i < SYMBOL_LIMIT && data && gelf_getsym(data, i, &symbol); i++)
		add_symbol(arena, exe, names, &symbol);
	if (exe->symbols.count)
		qsort(exe->symbols.items, exe->symbols.count, sizeof *exe->symbols.items, compare_symbols);
}

static const struct err *check_type(struct arena *arena, const struct elf_view *view)
{
	if (view->type == FILE_EXECUTABLE || view->type == FILE_DYNAMIC)
		return NULL;
	if (view->type == FILE_CORE)
		return err_new(arena, ERR_UNSUPPORTED, "it is a core, not an executable");
	return err_new(arena, ERR_UNSUPPORTED, "it is an ELF file of type %u, not an executable", view->type);
}

static const struct err *load_elf(struct arena *arena, struct exe *exe)
{
	struct elf_view view = {0};
	const struct err *err = elf_view_open(arena, exe->bytes, &view);

	if (!err)
		err = check_type(arena, &view);
	if (err)
		return err;
	exe->arch = view.arch;
	exe->entry = view.entry;
	exe->position_independent = view.type == FILE_DYNAMIC;
	read_programs(arena, &view, exe);
	exe_order_segments(exe);
	exe->base = exe->segments.count ? exe->segments.items[0].address : 0;
	read_sections(arena, &view, exe);
	read_symbols(arena, &view, exe);
	exe->has_dwarf = exe_section(exe, ".debug_info") || exe_section(exe, ".zdebug_info");
	if (!exe->segments.count && !exe->sections.count)
		return err_new(arena, ERR_BAD_DATA, "it has neither segments nor sections");
	return NULL;
}

const struct exe_format exe_format_elf = {"elf", elf_magic, load_elf};
