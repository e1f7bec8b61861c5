/* modules.c: finds pclntab and runtime.moduledata, in an executable by address, in memory by shape. The leading words of
 * moduledata have not moved since Go 1.18 (runtime/symtab.go): pcHeader, six slices, findfunctab, minpc, maxpc, text,
 * etext, and the eight bounds of data and bss. */
#include "golang/load/load.h"

#include <string.h>

enum word { /* index of 8-byte words in moduledata */
	WORD_PCHEADER = 0,
	WORD_FUNCNAMETAB = 1,
	WORD_CUTAB = 4,
	WORD_FILETAB = 7,
	WORD_PCTAB = 10,
	WORD_PCLNTABLE = 13,
	WORD_FTAB = 16,
	WORD_MINPC = 20,
	WORD_MAXPC = 21,
	WORD_TEXT = 22,
	WORD_ETEXT = 23,
	WORD_BOUNDS = 24, /* {start, end} of noptrdata, data, bss, noptrbss */
	WORDS = MODULEDATA_WORDS,
};

enum {
	RELOCATION = 24,
	DATA_LIMIT = 1 << 30,
};

static const char *const pclntab_sections[] = {".gopclntab", ".data.rel.ro.gopclntab"};

/* Looks for a table at each 8-aligned position of the bytes. */
static bool scan_pclntab(struct span bytes, uint64_t address, struct pclntab *ret)
{
	static const uint8_t tail[] = {0xff, 0xff, 0xff, 0, 0}; /* magic's upper bytes and the two zero bytes */

	for (size_t at = 0; (at = span_find(bytes, at, tail, sizeof tail)) != SIZE_MAX; at++) {
		uint64_t start = address + at - 1;

		if (at == 0 || start % 8)
			continue;
		if (pclntab_open(span_from(bytes, at - 1), start, ret))
			return true;
	}
	return false;
}

static bool pclntab_in_exe(const struct exe *exe, struct pclntab *ret)
{
	for (size_t i = 0; i < sizeof pclntab_sections / sizeof *pclntab_sections; i++) {
		const struct section *section = exe_section(exe, pclntab_sections[i]);

		if (section && pclntab_open(section->bytes, section->address, ret))
			return true;
	}
	for (size_t i = 0; i < exe->segments.count; i++)
		if (scan_pclntab(exe->segments.items[i].bytes, exe->segments.items[i].address, ret))
			return true;
	return false;
}

static void take_words(struct span words, struct go_module *module)
{
	module->text = span_u64(words, 8 * WORD_TEXT);
	module->etext = span_u64(words, 8 * WORD_ETEXT);
	if (module->etext - module->text > UINT32_MAX) /* functab.entryoff has 32 bits: no code lies farther */
		module->etext = module->text + UINT32_MAX;
	module->minpc = span_u64(words, 8 * WORD_MINPC);
	module->maxpc = span_u64(words, 8 * WORD_MAXPC);
	module->data_start = UINT64_MAX;
	module->data_end = 0;
	for (uint64_t i = WORD_BOUNDS; i < WORDS; i += 2) { /* Go's linker and others order the sections differently */
		uint64_t start = span_u64(words, 8 * i);
		uint64_t end = span_u64(words, 8 * i + 8);

		module->data_start = start < module->data_start ? start : module->data_start;
		module->data_end = end > module->data_end ? end : module->data_end;
	}
}

/* The parts of the table behind its header are slices that follow each other; the last, of functions, is two. Heaps of other
 * languages are full of equal pointers, which are not. Lengths are those of bytes, or less (cutab's). */
static bool has_slices(struct span words)
{
	static const uint8_t slices[] = {WORD_FUNCNAMETAB, WORD_CUTAB, WORD_FILETAB, WORD_PCTAB, WORD_PCLNTABLE, WORD_FTAB};
	uint64_t last = span_u64(words, 8 * WORD_PCHEADER) + 1;

	for (size_t i = 0; i < sizeof slices; i++) {
		const uint64_t address = span_u64(words, 8u * slices[i]), count = span_u64(words, 8u * slices[i] + 8);

		if (address < last || !count || count > PCLNTAB_LIMIT || count != span_u64(words, 8u * slices[i] + 16))
			return false;
		last = slices[i] < WORD_PCLNTABLE ? address + count : address;
	}
	return true;
}

/* Slices with len == cap, tables in ascending order, no section that ends before it starts. */
static bool looks_like_moduledata(struct span words)
{
	if (span_u64(words, 8 * WORD_PCHEADER) < 0x1000 || !has_slices(words))
		return false;
	for (uint64_t i = WORD_BOUNDS; i < WORDS; i += 2)
		if (!span_u64(words, 8 * i) || span_u64(words, 8 * i) > span_u64(words, 8 * i + 8))
			return false;
	return span_u64(words, 8 * WORD_TEXT) <= span_u64(words, 8 * WORD_MINPC) &&
	       span_u64(words, 8 * WORD_MINPC) < span_u64(words, 8 * WORD_MAXPC) &&
	       span_u64(words, 8 * WORD_MAXPC) <= span_u64(words, 8 * WORD_ETEXT) + 16;
}

static bool describes(struct span words, const struct pclntab *table)
{
	uint64_t text = span_u64(words, 8 * WORD_TEXT);

	return span_u64(words, 8 * WORD_PCHEADER) == table->address &&
	       span_u64(words, 8 * WORD_MINPC) == text + pclntab_min(table) && looks_like_moduledata(words);
}

void module_words(const struct exe *exe, uint64_t address, uint64_t ret[static MODULEDATA_WORDS])
{
	const struct section *table = exe_section(exe, ".rela.dyn"); /* Elf64_Rela: offset, info, addend */
	struct span bytes = exe_view(exe, address, 8 * MODULEDATA_WORDS);

	for (uint64_t i = 0; i < MODULEDATA_WORDS; i++)
		ret[i] = span_u64(bytes, 8 * i);
	for (uint64_t at = 0; table && at + RELOCATION <= table->bytes.size; at += RELOCATION) {
		uint64_t offset = span_u64(table->bytes, at) - address;
		uint64_t addend = span_u64(table->bytes, at + 16);

		if (offset < 8 * MODULEDATA_WORDS && offset % 8 == 0 && addend)
			ret[offset / 8] = addend;
	}
}

/* Where no section says where the table ends, what lies behind it, in a PIE data of all kinds, is not its own. */
static void end_functab(struct pclntab *table, uint64_t size)
{
	if (size > (uint64_t)table->nfunc * 8 && size < table->functab.size)
		table->functab = span_slice(table->functab, 0, size);
}

bool module_in_exe(const struct exe *exe, struct go_module *ret)
{
	uint64_t relocated[MODULEDATA_WORDS];
	struct pclntab table;

	if (!pclntab_in_exe(exe, &table))
		return false;
	for (size_t i = exe->segments.count; i-- > 0;) { /* data comes last, and code is most of a program */
		const struct exe_segment *segment = &exe->segments.items[i];
		uint64_t needle = table.address;

		for (size_t at = 0; (at = span_find(segment->bytes, at, &needle, sizeof needle)) != SIZE_MAX; at++) {
			struct span words = span_slice(segment->bytes, at, 8 * WORDS);

			if ((segment->address + at) % 8 || !words.size || !describes(words, &table))
				continue;
			memset(ret, 0, sizeof *ret);
			ret->address = segment->address + at;
			module_words(exe, ret->address, relocated);
			take_words((struct span){(const uint8_t *)relocated, sizeof relocated}, ret);
			ret->pclntab = table;
			ret->pclntab.text = ret->text;
			end_functab(&ret->pclntab, relocated[WORD_PCLNTABLE + 1]);
			return true;
		}
	}
	return false;
}

bool module_read(struct image *image, uint64_t address, struct go_module *ret)
{
	uint8_t bytes[8 * WORDS];
	struct span words = {bytes, sizeof bytes};

	if (image_read(image, address, bytes, sizeof bytes) != MEM_OK || !looks_like_moduledata(words))
		return false;
	memset(ret, 0, sizeof *ret);
	ret->address = address;
	take_words(words, ret);
	return true;
}

void module_take_functions(struct go_module *module, const struct go_module *file, const struct exe *exe, uint64_t bias)
{
	module->pclntab = file->pclntab;
	module->pclntab.address += bias;
	module->pclntab.text = module->text;
	module->exe = exe;
}

/* Where a module's table lies; its last part is the slice pclntable. */
static bool pclntab_range(struct image *image, const struct go_module *module, uint64_t *address, uint64_t *size)
{
	uint64_t last, length;

	if (!image_u64(image, module->address + 8 * WORD_PCHEADER, address) ||
	    !image_u64(image, module->address + 8 * WORD_PCLNTABLE, &last) ||
	    !image_u64(image, module->address + 8 * WORD_PCLNTABLE + 8, &length))
		return false;
	*size = last - *address + length;
	return last > *address && last - *address < PCLNTAB_LIMIT && length < PCLNTAB_LIMIT;
}

void pclntab_in_memory(struct image *image, struct go_module *module)
{
	struct pclntab table;
	struct span bytes;
	uint64_t address, size;

	if (!pclntab_range(image, module, &address, &size))
		return;
	bytes = image_peek(image, address, size);
	if (bytes.size < size && image_holds(image, address, size)) /* in several pieces */
		bytes = image_bytes(image, address, size);
	if (pclntab_open(bytes, address, &table) &&
	    module->minpc == module->text + pclntab_min(&table)) {
		module->pclntab = table;
		module->pclntab.text = module->text;
		pclntab_belongs(&module->pclntab, image);
	}
}

unsigned module_saved(struct image *image, const struct go_module *module)
{
	uint64_t address, size;
	unsigned parts = 0;

	if (module->pclntab.nfunc && pclntab_range(image, module, &address, &size) && image_holds(image, address, size))
		parts |= MODULE_TABLES;
	if (image_holds(image, module->text, module->etext - module->text))
		parts |= MODULE_CODE;
	return parts;
}

bool module_table_in_exe(struct image *image, const struct go_module *module, const struct exe *exe, uint64_t bias,
			 struct pclntab *ret)
{
	uint64_t address;

	return pclntab_in_exe(exe, ret) && image_u64(image, module->address, &address) && address == ret->address + bias;
}

uint64_t module_search_end(const struct go_module *module)
{
	if (module->data_end - module->data_start < DATA_LIMIT)
		return module->data_end;
	return module->data_start + DATA_LIMIT;
}

static bool module_in_piece(struct image *image, struct span bytes, uint64_t address, struct go_module *ret)
{
	for (uint64_t at = 0; at + 8 * WORDS <= bytes.size; at += 8)
		if (looks_like_moduledata(span_slice(bytes, at, 8 * WORDS)) && module_read(image, address + at, ret)) {
			pclntab_in_memory(image, ret);
			return true;
		}
	return false;
}

bool module_in_memory(struct go_runtime *runtime, struct go_module *ret)
{
	struct data_search search = {0};
	struct span bytes;
	uint64_t address;

	while ((bytes = image_data(runtime->image, &search, &address)).size)
		if (module_in_piece(runtime->image, bytes, address, ret))
			return true;
	if (search.ended_early) {
		runtime->search_ended = search.unmapped ? "1 GiB that belongs to no file" : "as many bytes as the dump has";
		note_add(runtime->notes, "the search for a Go program in the dump's memory ended after %s", runtime->search_ended);
	}
	return false;
}
