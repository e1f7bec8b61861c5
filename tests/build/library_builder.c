/* library_builder.c: see library_builder.h. ELF: gABI chapters 4 and 5; .eh_frame: LSB 5, 10.6.1; DWARF 5, 6.4.2. */
#include "tests/build/library_builder.h"

#include <elf.h>
#include <string.h>

enum { NOTE = 0x200, RELOCATIONS = 0x300, SYMBOLS = 0x800, STRINGS = 0xa00, NAMES = 0x4000, HEADERS = 0x4100, SIZE = 0x5000 };

struct file {
	uint8_t *bytes;
	size_t table;   /* where the next entry of .eh_frame goes */
	size_t plain, signal; /* its CIEs */
	Elf64_Shdr *sections;
	uint16_t section_count;
	size_t names;
};

static void put(struct file *file, size_t at, const void *data, size_t size)
{
	memcpy(file->bytes + at, data, size);
}

static void put_u32(struct file *file, size_t at, uint32_t value)
{
	put(file, at, &value, sizeof value);
}

static Elf64_Shdr *add_section(struct file *file, const char *name, uint32_t type, uint64_t address, uint64_t size)
{
	Elf64_Shdr *section = &file->sections[file->section_count++];

	*section = (Elf64_Shdr){.sh_name = (uint32_t)file->names, .sh_type = type, .sh_addr = address,
				.sh_offset = address, .sh_size = size, .sh_addralign = 1};
	section->sh_flags = address < SYMBOLS || (address >= LIBRARY_CODE && address < NAMES) ? SHF_ALLOC : 0;
	put(file, NAMES + file->names, name, strlen(name) + 1);
	file->names += strlen(name) + 1;
	return section;
}

/* An entry of .eh_frame: its length, the word that tells CIE from FDE, its body, padded with DW_CFA_nop. */
static size_t add_entry(struct file *file, uint32_t id, const void *body, size_t size)
{
	size_t at = file->table;
	size_t whole = (4 + size + 7) / 8 * 8 + 4;

	put_u32(file, at, (uint32_t)whole - 4);
	put_u32(file, at + 4, id);
	put(file, at + 8, body, size);
	file->table += whole;
	return at;
}

/* Code alignment 1, data alignment -8, return address in column 16; CFA = rsp+8, return address at CFA-8. */
static size_t add_cie(struct file *file, const char *augmentation)
{
	static const uint8_t rest[] = {1, 0x78, 16, 1, 0x1b, 0x0c, 7, 8, 0x90, 1};
	uint8_t body[32] = {1};
	size_t length = strlen(augmentation) + 1;

	memcpy(body + 1, augmentation, length);
	memcpy(body + 1 + length, rest, sizeof rest);
	return add_entry(file, 0, body, 1 + length + sizeof rest);
}

static void add_fde(struct file *file, size_t cie, uint32_t address, uint32_t size, const uint8_t *program, size_t length)
{
	uint8_t body[96] = {0};
	uint32_t relative = address - (uint32_t)(file->table + 8);

	memcpy(body, &relative, 4);
	memcpy(body + 4, &size, 4);
	memcpy(body + 9, program, length); /* after the augmentation's length, 0 */
	add_entry(file, (uint32_t)(file->table + 4 - cie), body, 9 + length);
}

#define ADD_FDE(file, cie, address, size, ...)                                                                         \
	add_fde(file, cie, address, size, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void add_tables(struct file *file)
{
	file->table = LIBRARY_TABLES;
	file->plain = add_cie(file, "zR");
	file->signal = add_cie(file, "zRS");
	/* advance 1; def_cfa_offset 16; rbp at CFA-16; advance 3; def_cfa_register rbp */
	ADD_FDE(file, file->plain, LIBRARY_FRAME, 0x100, 0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6);
	/* def_cfa_expression: breg7 8; breg16 0; lit15; and; lit11; ge; lit3; shl; plus */
	ADD_FDE(file, file->plain, LIBRARY_STUB, 0x20, 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22);
	/* def_cfa_expression: breg7 160; deref. expression of r16: breg7 168. of rbx: breg7 128. val_expression of rdx: lit5 */
	ADD_FDE(file, file->signal, LIBRARY_SIGNAL, 0x20, 0x0f, 4, 0x77, 0xa0, 1, 0x06, 0x10, 16, 3, 0x77, 0xa8, 1, 0x10, 3,
		3, 0x77, 0x80, 1, 0x16, 1, 1, 0x35);
	ADD_FDE(file, file->plain, LIBRARY_START, 0x10, 0x07, 16); /* undefined r16 */
}

static void add_symbols(struct file *file)
{
	static const char strings[] = "\0framed\0restore\0start\0bare@@V1";
	static const Elf64_Sym symbols[] = {
		{0},
		{.st_name = 1, .st_value = LIBRARY_FRAME, .st_size = 0x100},
		{.st_name = 8, .st_value = LIBRARY_SIGNAL},
		{.st_name = 16, .st_value = LIBRARY_START, .st_size = 0x10},
		{.st_name = 22, .st_value = LIBRARY_BARE, .st_size = 0x20},
	};
	Elf64_Shdr *section = add_section(file, ".symtab", SHT_SYMTAB, SYMBOLS, sizeof symbols);
	Elf64_Sym copy[sizeof symbols / sizeof *symbols];

	section->sh_entsize = sizeof *symbols;
	section->sh_link = file->section_count;
	memcpy(copy, symbols, sizeof symbols);
	for (size_t i = 1; i < sizeof symbols / sizeof *symbols; i++) {
		copy[i].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
		copy[i].st_shndx = 1;
	}
	put(file, SYMBOLS, copy, sizeof copy);
	add_section(file, ".strtab", SHT_STRTAB, STRINGS, sizeof strings);
	put(file, STRINGS, strings, sizeof strings);
}

static void add_relocation(struct file *file)
{
	const Elf64_Rela relocation = {LIBRARY_RELOCATED, R_X86_64_RELATIVE, LIBRARY_CODE + 8};
	Elf64_Shdr *section = add_section(file, ".rela.dyn", SHT_RELA, RELOCATIONS, sizeof relocation);

	section->sh_entsize = sizeof relocation;
	put(file, RELOCATIONS, &relocation, sizeof relocation);
	add_section(file, ".data.rel.ro", SHT_PROGBITS, LIBRARY_RELOCATED, 8)->sh_flags |= SHF_WRITE;
}

static size_t add_programs(struct file *file, const char *build_id)
{
	const Elf64_Phdr programs[] = {
		{PT_LOAD, PF_R | PF_X, 0, 0, 0, LIBRARY_CODE_END, LIBRARY_CODE_END, 0x1000},
		{PT_LOAD, PF_R | PF_W, LIBRARY_RELOCATED, LIBRARY_RELOCATED, LIBRARY_RELOCATED,
		 LIBRARY_END - LIBRARY_RELOCATED, LIBRARY_END - LIBRARY_RELOCATED, 0x1000},
		{PT_NOTE, PF_R, NOTE, NOTE, NOTE, 36, 36, 4},
	};
	const Elf64_Nhdr note = {4, 20, NT_GNU_BUILD_ID};
	size_t count = build_id ? 3 : 2;

	put(file, sizeof(Elf64_Ehdr), programs, count * sizeof *programs);
	if (build_id) {
		put(file, NOTE, &note, sizeof note);
		put(file, NOTE + 12, "GNU", 4);
		put(file, NOTE + 16, build_id, 20);
	}
	return count;
}

struct span library_build(struct arena *arena, const char *build_id, uint8_t code)
{
	Elf64_Shdr sections[16] = {{0}};
	struct file file = {.bytes = arena_alloc(arena, SIZE), .sections = sections, .section_count = 1, .names = 1};
	Elf64_Ehdr header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			     .e_type = ET_DYN, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
			     .e_phoff = sizeof header, .e_shoff = HEADERS, .e_ehsize = sizeof header,
			     .e_phentsize = sizeof(Elf64_Phdr), .e_shentsize = sizeof(Elf64_Shdr)};

	add_section(&file, ".text", SHT_PROGBITS, LIBRARY_CODE, LIBRARY_CODE_END - LIBRARY_CODE)->sh_flags |= SHF_EXECINSTR;
	memset(file.bytes + LIBRARY_CODE, code, LIBRARY_CODE_END - LIBRARY_CODE);
	add_tables(&file);
	add_section(&file, ".eh_frame", SHT_PROGBITS, LIBRARY_TABLES, file.table + 4 - LIBRARY_TABLES);
	add_symbols(&file);
	add_relocation(&file);
	header.e_phnum = (uint16_t)add_programs(&file, build_id);
	header.e_shstrndx = file.section_count;
	add_section(&file, ".shstrtab", SHT_STRTAB, NAMES, 0x100);
	header.e_shnum = file.section_count;
	put(&file, 0, &header, sizeof header);
	put(&file, HEADERS, sections, file.section_count * sizeof *sections);
	return (struct span){file.bytes, SIZE};
}
