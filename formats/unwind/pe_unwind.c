/* pe_unwind.c: see pe_unwind.h. Reference: Microsoft, "PE Format" (The .pdata Section). Linkers sort the table by address;
 * where one did not, Windows itself fails to find functions (RtlLookupFunctionEntry), and we look at every entry, of so many
 * as can be looked at for every frame of a hostile stack. */
#include "formats/unwind/pe_frame.h"

#include "formats/exe/pe.h"

enum { HEADERS_LIMIT = 4096, TABLE_LIMIT = 64 << 20, UNSORTED_LIMIT = 4096, ENTRY_AMD64 = 12, ENTRY_ARM64 = 8 };

/* ---- the table ---- */

struct table {
	struct span entries;
	uint64_t rva;
	size_t size; /* of an entry */
	bool arm64;
};

static bool open_table(struct image *image, const struct mapping *module, struct table *ret)
{
	struct span page = image_view(image, module->start, HEADERS_LIMIT);
	struct pe_header header;
	uint32_t size;

	if (!page.size || pe_header_read(image->arena, page, &header) || header.arch != image->arch)
		return false;
	size = header.directories[PE_EXCEPTIONS].size;
	if (!header.directories[PE_EXCEPTIONS].rva || !size || size > TABLE_LIMIT ||
	    (uint64_t)header.directories[PE_EXCEPTIONS].rva + size > module->end - module->start)
		return false;
	ret->entries = image_view(image, module->start + header.directories[PE_EXCEPTIONS].rva, size);
	ret->rva = header.directories[PE_EXCEPTIONS].rva;
	ret->arm64 = image->arch->link_register;
	ret->size = ret->arm64 ? ENTRY_ARM64 : ENTRY_AMD64;
	return ret->entries.size >= size;
}

static uint32_t begin_of(const struct table *table, size_t index)
{
	return span_u32(table->entries, index * table->size);
}

/* On arm64 an entry reaches to the next one as far as the table says; its unwind data know better. */
static bool contains(const struct table *table, size_t index, uint32_t rva)
{
	if (rva < begin_of(table, index))
		return false;
	return table->arm64 || rva < span_u32(table->entries, index * table->size + 4);
}

/* How many entries begin at an address or before it, in a table that is sorted. */
static size_t count_below(const struct table *table, uint32_t rva)
{
	size_t low = 0;
	size_t high = table->entries.size / table->size;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (begin_of(table, middle) <= rva)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The entry of the function at an address; SIZE_MAX: none. */
static size_t find(const struct table *table, uint32_t rva)
{
	size_t count = table->entries.size / table->size;
	size_t low = count_below(table, rva);

	if (low && contains(table, low - 1, rva))
		return low - 1;
	for (size_t i = 0; i < count && count <= UNSORTED_LIMIT && !table->arm64; i++)
		if (contains(table, i, rva))
			return i;
	return SIZE_MAX;
}

/* ---- the step ---- */

/* A function without unwind data has no frame: its caller is where it was called from. */
static void undo_leaf(struct pe_frame *frame)
{
	const struct arch *arch = frame->image->arch;
	uint64_t pc;

	if (!frame->exact) {
		pe_frame_fail(frame, PE_LOST); /* it made a call, so it has one */
		return;
	}
	if (!pe_frame_register(frame, arch->sp, &frame->step.top))
		return;
	if (arch->link_register) {
		if (pe_frame_register(frame, arch->lr, &pc))
			reg_set(&frame->registers, arch->pc, pc);
		return;
	}
	frame->step.return_slot = frame->step.top;
	frame->step.top += 8;
	if (pe_frame_restore(frame, arch->pc, frame->step.return_slot))
		reg_set(&frame->registers, arch->sp, frame->step.top);
}

static void undo(struct pe_frame *frame, const struct table *table)
{
	size_t index = find(table, (uint32_t)(frame->pc - frame->base));

	if (index == SIZE_MAX) {
		undo_leaf(frame);
		return;
	}
	frame->begin = frame->base + begin_of(table, index);
	if (table->arm64) {
		frame->unwind = span_u32(table->entries, index * table->size + 4);
		if (!pe_frame_arm64(frame))
			undo_leaf(frame);
	} else {
		frame->end = frame->base + span_u32(table->entries, index * table->size + 4);
		frame->unwind = span_u32(table->entries, index * table->size + 8);
		pe_frame_amd64(frame);
	}
}

/* Registers that a call may change (the calling conventions of Windows). */
static void forget_volatile(struct registers *registers, const struct arch *arch)
{
	static const uint8_t amd64[] = {0, 1, 2, 8, 9, 10, 11}; /* rax, rcx, rdx, r8…r11 */

	for (uint8_t i = 0; arch->link_register && i <= 17; i++)
		reg_forget(registers, i);
	for (size_t i = 0; !arch->link_register && i < sizeof amd64; i++)
		reg_forget(registers, amd64[i]);
}

enum pe_result pe_unwind(struct image *image, const struct mapping *module, bool exact, struct registers *registers,
			 struct pe_step *ret)
{
	struct pe_frame frame = {.image = image, .base = module->start, .exact = exact, .registers = *registers};
	struct table table;
	uint64_t pc;

	*ret = (struct pe_step){0};
	if (!reg_get(registers, image->arch->pc, &pc))
		return PE_LOST;
	frame.pc = exact ? pc : pc - 1;
	if (frame.pc < module->start || frame.pc >= module->end || frame.pc - frame.base > UINT32_MAX ||
	    !open_table(image, module, &table))
		return PE_NO_TABLE;
	undo(&frame, &table);
	*ret = frame.step;
	if (frame.result != PE_STEPPED)
		return frame.result;
	if (!frame.step.interrupted)
		forget_volatile(&frame.registers, image->arch);
	*registers = frame.registers;
	return PE_STEPPED;
}

bool pe_function_start(struct image *image, const struct mapping *module, uint64_t address, uint64_t *ret)
{
	uint32_t rva = (uint32_t)(address - module->start);
	struct table table;
	size_t index;

	if (address < module->start || address >= module->end || address - module->start > UINT32_MAX ||
	    !open_table(image, module, &table))
		return false;
	index = find(&table, rva);
	if (index != SIZE_MAX) {
		*ret = module->start + begin_of(&table, index);
		return true;
	}
	index = count_below(&table, rva);
	*ret = module->start + (index ? span_u32(table.entries, (index - 1) * table.size + 4) : 0);
	return true;
}

bool pe_table_unsorted(struct image *image, const struct mapping *module, uint64_t *address, size_t *count)
{
	struct table table;
	uint64_t first = 0;
	size_t found = 0;

	if (!open_table(image, module, &table))
		return false;
	for (size_t i = table.entries.size / table.size; i-- > 1;) {
		if (begin_of(&table, i) >= begin_of(&table, i - 1))
			continue;
		first = table.rva + i * table.size;
		found++;
	}
	if (!found)
		return false;
	*address = module->start + first;
	*count = found;
	return true;
}
