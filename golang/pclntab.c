/* pclntab.c: the pc-line table. Layouts as in runtime/symtab.go: pcHeader, functab, _func, inlinedCall, and the pcvalue
 * encoding of cmd/internal/obj/pcln.go. Go 1.18 dropped absolute addresses, so one reader serves all releases since. */
#include "golang/pclntab.h"

#include "base/steps.h"

#include <string.h>

enum {
	MAGIC_118 = 0xfffffff0u & 0xff, /* the low byte tells the two layouts apart */
	MAGIC_120 = 0xfffffff1u & 0xff,
	HEADER_SIZE = 72,
	FUNCTAB_ENTRY = 8,
	FUNC_LIMIT = 1 << 24,
	NAME_LIMIT = 1 << 16,
	PCVALUE_PAIR = 10, /* bytes at most: two numbers of 32 bits */
	PCVALUE_LIMIT = 1 << 20, /* steps; a function of 4 MiB of code has fewer */
	TREE_SAMPLE = 512,
};

static bool is_magic(const uint8_t *head)
{
	return (head[0] == MAGIC_118 || head[0] == MAGIC_120) && head[1] == 0xff && head[2] == 0xff && head[3] == 0xff;
}

/* ---- what is read of a table that lies in a dump ---- */

/* Nothing tells where parts lie that are not one piece with the header (registered.c): these are small, and kept whole. */
static void cite(const struct pclntab *table, struct span part, uint64_t offset, uint64_t size)
{
	const uintptr_t distance = (uintptr_t)part.data - (uintptr_t)table->bytes.data;

	if (table->image && distance < table->bytes.size && offset <= part.size)
		image_cite(table->image, table->address + distance + offset, size);
}

static void cite_text(const struct pclntab *table, struct span part, uint64_t offset, const char *text)
{
	if (table->image && text)
		cite(table, part, offset, strlen(text) + 1);
}

void pclntab_cite_data(const struct pclntab *table, struct span data)
{
	if (table->gofunc_image && data.size)
		image_cite(table->gofunc_image, table->gofunc_address + (uint64_t)(data.data - table->gofunc.data), data.size);
}

void pclntab_belongs(struct pclntab *table, struct image *image)
{
	table->image = image;
	cite(table, table->bytes, 0, HEADER_SIZE);
	cite(table, table->functab, 0, (uint64_t)table->nfunc * FUNCTAB_ENTRY + sizeof(uint32_t));
}

static bool ascending(const struct pclntab *table)
{
	uint32_t last = 0;

	if (!steps_take(table->nfunc))
		return false;
	for (uint64_t i = 0; i <= table->nfunc; i++) {
		uint32_t offset = span_u32(table->functab, i * FUNCTAB_ENTRY);

		if (offset < last)
			return false;
		last = offset;
	}
	return true;
}

bool pclntab_assemble(const struct pclntab_parts *parts, uint64_t address, struct pclntab *ret)
{
	const struct span header = parts->header;
	struct pclntab table = {.address = address, .bytes = header, .funcnames = parts->funcnames, .cutab = parts->cutab,
				.filetab = parts->filetab, .pctab = parts->pctab, .functab = parts->functab};
	uint64_t nfunc;

	if (header.size < HEADER_SIZE || !is_magic(header.data) || header.data[4] || header.data[5] || header.data[7] != 8)
		return false;
	table.has_start_line = header.data[0] == MAGIC_120;
	table.quantum = header.data[6];
	nfunc = span_u64(header, 8);
	if (!nfunc || nfunc >= FUNC_LIMIT || (table.quantum != 1 && table.quantum != 4))
		return false;
	table.nfunc = (uint32_t)nfunc;
	if (table.functab.size < nfunc * FUNCTAB_ENTRY + 4 || !ascending(&table))
		return false;
	*ret = table;
	return true;
}

bool pclntab_open(struct span bytes, uint64_t address, struct pclntab *ret)
{
	struct pclntab_parts parts = {.header = bytes};
	uint64_t offset[5];

	if (bytes.size < HEADER_SIZE || !is_magic(bytes.data))
		return false;
	for (size_t i = 0; i < 5; i++)
		offset[i] = span_u64(bytes, 32 + 8 * i);
	for (size_t i = 1; i < 5; i++)
		if (offset[i] < offset[i - 1])
			return false;
	if (offset[0] < HEADER_SIZE)
		return false;
	parts.funcnames = span_slice(bytes, offset[0], offset[1] - offset[0]);
	parts.cutab = span_slice(bytes, offset[1], offset[2] - offset[1]);
	parts.filetab = span_slice(bytes, offset[2], offset[3] - offset[2]);
	parts.pctab = span_slice(bytes, offset[3], offset[4] - offset[3]);
	parts.functab = span_from(bytes, offset[4]);
	return pclntab_assemble(&parts, address, ret);
}

static uint64_t address_of(const struct pclntab *table, uint64_t offset)
{
	for (size_t i = 0; i < table->sections.count; i++) {
		const struct text_section *section = &table->sections.items[i];

		if (offset >= section->start && offset < section->end)
			return section->base + (offset - section->start);
	}
	return table->text + offset;
}

static bool offset_of(const struct pclntab *table, uint64_t pc, uint64_t *ret)
{
	for (size_t i = 0; i < table->sections.count; i++) {
		const struct text_section *section = &table->sections.items[i];

		if (pc >= section->base && pc - section->base < section->end - section->start) {
			*ret = pc - section->base + section->start;
			return true;
		}
	}
	if (table->sections.count || pc < table->text)
		return false;
	*ret = pc - table->text;
	return true;
}

static uint32_t functab_offset(const struct pclntab *table, uint32_t index)
{
	return span_u32(table->functab, (uint64_t)index * FUNCTAB_ENTRY);
}

uint64_t pclntab_min(const struct pclntab *table)
{
	return functab_offset(table, 0);
}

uint64_t pclntab_max(const struct pclntab *table)
{
	return functab_offset(table, table->nfunc);
}

bool pclntab_func(const struct pclntab *table, uint32_t index, struct func *ret)
{
	struct func func = {.index = index};
	struct reader reader;
	uint32_t start;

	if (index >= table->nfunc || !steps_take(1))
		return false;
	start = functab_offset(table, index);
	func.record = span_u32(table->functab, (uint64_t)index * FUNCTAB_ENTRY + 4);
	reader = reader_of(span_from(table->functab, func.record));
	if (read_u32(&reader) != start)
		return false;
	func.name = read_u32(&reader);
	read_u32(&reader); /* args */
	func.deferreturn = read_u32(&reader);
	func.pcsp = read_u32(&reader);
	func.pcfile = read_u32(&reader);
	func.pcln = read_u32(&reader);
	func.npcdata = read_u32(&reader);
	func.cu_offset = read_u32(&reader);
	if (table->has_start_line)
		func.start_line = (int32_t)read_u32(&reader);
	func.func_id = read_u8(&reader);
	func.flags = read_u8(&reader);
	read_u8(&reader);
	func.nfuncdata = read_u8(&reader);
	if (reader.failed)
		return false;
	func.entry = address_of(table, start);
	func.end = func.entry + (functab_offset(table, index + 1) - start);
	*ret = func;
	return true;
}

static bool covers(const struct pclntab *table, uint64_t pc, uint64_t *offset)
{
	return table->nfunc && offset_of(table, pc, offset) && *offset >= functab_offset(table, 0) &&
	       *offset < functab_offset(table, table->nfunc);
}

bool pclntab_covers(const struct pclntab *table, uint64_t pc)
{
	uint64_t offset;

	return covers(table, pc, &offset);
}

bool pclntab_find(const struct pclntab *table, uint64_t pc, struct func *ret)
{
	uint32_t low = 0;
	uint32_t high = table->nfunc;
	uint64_t offset;

	if (!covers(table, pc, &offset))
		return false;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (functab_offset(table, middle) <= offset)
			low = middle;
		else
			high = middle;
	}
	if (!pclntab_func(table, low, ret))
		return false;
	pclntab_cite(table, ret);
	return true;
}

void pclntab_cite(const struct pclntab *table, const struct func *func)
{
	const uint64_t words = (uint64_t)func->npcdata + func->nfuncdata;

	if (!table->image)
		return;
	cite(table, table->functab, func->record, (table->has_start_line ? 44 : 40) + 4 * (words < 64 ? words : 64));
	cite_text(table, table->funcnames, func->name, pclntab_name(table, func->name));
}

const char *pclntab_name(const struct pclntab *table, uint32_t offset)
{
	const bool begins = !offset || !span_u8(table->funcnames, (uint64_t)offset - 1); /* else it is the rest of another name */
	const char *name = begins ? span_string(table->funcnames, offset, NAME_LIMIT) : NULL;

	return name && steps_take(strlen(name) / STEPS_BLOCK) ? name : NULL;
}

struct pcvalue pcvalue_of(const struct pclntab *table, const struct func *func, uint32_t offset)
{
	struct span bytes = offset ? span_from(table->pctab, offset) : (struct span){0};

	return (struct pcvalue){.reader = reader_of(bytes), .table = table, .quantum = table->quantum, .end = func->entry,
				.value = (uint32_t)-1};
}

/* runtime/symtab.go step. No stretch is empty (cmd/internal/obj/pcln.go funcpctab); a damaged table could have as many such as it has
 * bytes, for each function anew. */
bool pcvalue_next(struct pcvalue *at)
{
	const size_t from = at->reader.position;
	uint32_t delta = read_uvarint32(&at->reader);
	uint64_t length;

	if (at->table->image)
		cite(at->table, at->reader.span, from, PCVALUE_PAIR);
	if (at->reader.failed || (delta == 0 && at->begun) || !steps_take(1))
		return false;
	at->begun = true;
	at->value += (delta & 1) ? ~(delta >> 1) : delta >> 1; /* zigzag */
	at->start = at->end;
	length = (uint64_t)read_uvarint32(&at->reader) * at->quantum;
	at->end += length;
	return !at->reader.failed && length;
}

bool pcvalue_seek(struct pcvalue *at, uint64_t pc, int32_t *ret)
{
	while (!at->begun || pc >= at->end)
		if (!pcvalue_next(at))
			return false;
	*ret = (int32_t)at->value;
	return true;
}

bool func_value(const struct pclntab *table, const struct func *func, uint32_t offset, uint64_t pc, int32_t *ret,
		uint64_t *start)
{
	struct pcvalue at = pcvalue_of(table, func, offset);

	if (!offset || pc < func->entry || pc >= func->end)
		return false;
	for (int step = 0; step < PCVALUE_LIMIT && pcvalue_next(&at); step++) {
		if (pc >= at.end)
			continue;
		*ret = (int32_t)at.value;
		if (start)
			*start = at.start;
		return true;
	}
	return false;
}

int32_t func_frame_size(const struct pclntab *table, const struct func *func)
{
	struct pcvalue at = pcvalue_of(table, func, func->pcsp);
	int32_t largest = 0;

	for (int step = 0; func->pcsp && step < PCVALUE_LIMIT && pcvalue_next(&at); step++)
		if ((int32_t)at.value > largest)
			largest = (int32_t)at.value;
	return largest;
}

/* The npcdata words after a _func are offsets of pcvalue tables; the nfuncdata words after these are funcdata. */
static uint64_t after_func(const struct pclntab *table, const struct func *func)
{
	return (uint64_t)func->record + (table->has_start_line ? 44 : 40);
}

uint32_t func_pcdata_table(const struct pclntab *table, const struct func *func, uint32_t which)
{
	return which < func->npcdata ? span_u32(table->functab, after_func(table, func) + 4 * (uint64_t)which) : 0;
}

int32_t func_pcdata(const struct pclntab *table, const struct func *func, uint32_t which, uint64_t pc)
{
	int32_t value;

	return func_value(table, func, func_pcdata_table(table, func, which), pc, &value, NULL) ? value : -1;
}

/* Its offset from moduledata.gofunc; UINT32_MAX: there is none. */
static uint32_t funcdata_offset(const struct pclntab *table, const struct func *func, uint32_t which)
{
	if (which >= func->nfuncdata)
		return UINT32_MAX;
	return span_u32(table->functab, after_func(table, func) + 4 * ((uint64_t)func->npcdata + which));
}

bool func_has_funcdata(const struct pclntab *table, const struct func *func, uint32_t which)
{
	return funcdata_offset(table, func, which) != UINT32_MAX;
}

struct span func_funcdata(const struct pclntab *table, const struct func *func, uint32_t which)
{
	uint32_t offset = funcdata_offset(table, func, which);

	if (offset == UINT32_MAX)
		return (struct span){0};
	return span_from(table->gofunc, offset);
}

void func_line(const struct pclntab *table, const struct func *func, uint64_t pc, const char **file, int32_t *line)
{
	int32_t file_number;
	int32_t value;

	*file = NULL;
	*line = 0;
	if (func_value(table, func, func->pcln, pc, &value, NULL))
		*line = value;
	if (func_value(table, func, func->pcfile, pc, &file_number, NULL) && file_number >= 0) {
		uint64_t slot = (uint64_t)func->cu_offset + (uint64_t)file_number;
		struct span entry = span_slice(table->cutab, 4 * slot, 4);

		cite(table, table->cutab, 4 * slot, entry.size);
		if (entry.size && span_u32(entry, 0) != UINT32_MAX)
			*file = span_string(table->filetab, span_u32(entry, 0), NAME_LIMIT);
		if (*file)
			cite_text(table, table->filetab, span_u32(entry, 0), *file);
	}
}

/* runtime.inlinedCall: 20 bytes up to Go 1.19, 16 bytes since. */
static bool inline_entry(const struct pclntab *table, struct span tree, int32_t index, struct inline_frame *ret,
			 uint64_t *parent)
{
	uint64_t size = table->has_start_line ? 16 : 20;
	struct span entry = span_slice(tree, (uint64_t)(uint32_t)index * size, size);

	if (index < 0 || !entry.size)
		return false;
	ret->func_id = span_u8(entry, table->has_start_line ? 0 : 2);
	ret->name = pclntab_name(table, span_u32(entry, table->has_start_line ? 4 : 12));
	pclntab_cite_data(table, entry);
	cite_text(table, table->funcnames, span_u32(entry, table->has_start_line ? 4 : 12), ret->name);
	*parent = span_u32(entry, table->has_start_line ? 8 : 16);
	return true;
}

/* The first entry of a tree names a function and a pc of the one it was inlined into. */
static bool is_tree(const struct pclntab *table, const struct func *func, struct span tree)
{
	struct inline_frame frame;
	uint64_t parent;
	uint32_t name = span_u32(tree, table->has_start_line ? 4 : 12);

	return inline_entry(table, tree, 0, &frame, &parent) && frame.name && *frame.name && name && parent < func->end - func->entry;
}

void pclntab_sample_trees(const struct pclntab *table, size_t *good, size_t *bad)
{
	uint32_t step = table->nfunc / TREE_SAMPLE + 1;
	struct func func;

	*good = *bad = 0;
	for (uint32_t i = 0; i < table->nfunc; i += step)
		if (pclntab_func(table, i, &func) && func_pcdata_table(table, &func, PCDATA_INL_TREE_INDEX)) {
			pclntab_cite(table, &func);
			*(is_tree(table, &func, func_funcdata(table, &func, FUNCDATA_INL_TREE)) ? good : bad) += 1;
		}
}

size_t func_inline_frames(const struct pclntab *table, const struct func *func, uint64_t pc,
			  struct inline_frame frames[static INLINE_LIMIT])
{
	struct span tree = func_funcdata(table, func, FUNCDATA_INL_TREE);
	size_t count = 0;

	while (tree.size && count < INLINE_LIMIT - 1) {
		struct inline_frame frame = {.inlined = true};
		uint64_t parent;

		if (!inline_entry(table, tree, func_pcdata(table, func, PCDATA_INL_TREE_INDEX, pc), &frame, &parent))
			break;
		func_line(table, func, pc, &frame.file, &frame.line);
		frames[count++] = frame;
		pc = func->entry + parent;
	}
	frames[count] = (struct inline_frame){.name = pclntab_name(table, func->name), .func_id = func->func_id};
	func_line(table, func, pc, &frames[count].file, &frames[count].line);
	return count + 1;
}
