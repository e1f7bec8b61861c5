/* cfi_table.c: rows of unwind tables, through libdwarf, which does not withstand hostile files: it runs in a confined
 * child, one for each file, that answers questions (a pc, eight bytes) with rows as long as the analysis lasts. */
#include "formats/unwind/cfi.h"

#include "base/confined.h"
#include "base/hash.h"
#include "formats/exe/libdwarf.h"

#include <string.h>

enum { FIRST_ROWS = 64, TABLE_COLUMNS = 200, AUGMENTATION_LIMIT = 16 };

/* ---- the child ---- */

struct frames {
	Dwarf_Fde *entries; /* NULL: none */
	Dwarf_Signed count;
};

struct reader_state {
	Dwarf_Debug dbg;
	struct frames eh, debug;
};

/* What libdwarf answers about one column, in the types of either of its interfaces. */
struct raw_rule {
	Dwarf_Small kind;
	int64_t offset_relevant, column, offset;
	const uint8_t *block;
	uint64_t block_size;
};

#ifdef DW_LIBDWARF_VERSION
#define RAW_VARIABLES                                                                                                  \
	Dwarf_Unsigned offset_relevant = 0, number = 0, offset = 0;                                                    \
	Dwarf_Block block = {0}
#define RAW_ARGUMENTS &raw.kind, &offset_relevant, &number, &offset, &block, &row_pc, &more, &next, &error
#define RAW_BLOCK block.bl_data
#define RAW_BLOCK_SIZE block.bl_len
#else
#define RAW_VARIABLES                                                                                                  \
	Dwarf_Signed offset_relevant = 0, number = 0, offset = 0;                                                      \
	Dwarf_Ptr block = NULL
#define RAW_ARGUMENTS &raw.kind, &offset_relevant, &number, &offset, &block, &row_pc, &more, &next, &error
#define RAW_BLOCK block
#define RAW_BLOCK_SIZE offset
#endif

/* Column -1 is the CFA. */
static bool raw_rule(Dwarf_Fde entry, int column, Dwarf_Addr pc, struct raw_rule *ret)
{
	struct raw_rule raw = {0};
	Dwarf_Addr row_pc = 0, next = 0;
	Dwarf_Bool more = 0;
	Dwarf_Error error = NULL;
	int status;
	RAW_VARIABLES;

	status = column < 0 ? dwarf_get_fde_info_for_cfa_reg3_b(entry, pc, RAW_ARGUMENTS)
			    : dwarf_get_fde_info_for_reg3_b(entry, (Dwarf_Half)column, pc, RAW_ARGUMENTS);
	if (status != DW_DLV_OK)
		return false;
	raw.offset_relevant = (int64_t)offset_relevant;
	raw.column = (int64_t)number;
	raw.offset = (int64_t)offset;
	raw.block = (const uint8_t *)RAW_BLOCK;
	raw.block_size = (uint64_t)RAW_BLOCK_SIZE;
	*ret = raw;
	return true;
}

static bool keep_expression(struct cfi_row *row, size_t *used, const struct raw_rule *raw, struct cfi_rule *rule)
{
	if (!raw->block || raw->block_size > CFI_EXPRESSIONS - *used)
		return false;
	memcpy(row->expressions + *used, raw->block, (size_t)raw->block_size);
	rule->start = (uint16_t)*used;
	rule->size = (uint16_t)raw->block_size;
	*used += (size_t)raw->block_size;
	return true;
}

/* A rule of which nothing can be made is UNDEFINED: whoever needs the register then knows that it is lost. */
static struct cfi_rule rule_of(struct cfi_row *row, size_t *used, const struct raw_rule *raw, bool is_cfa)
{
	struct cfi_rule rule = {.kind = CFI_UNDEFINED, .offset = raw->offset};

	switch (raw->kind) {
	case DW_EXPR_OFFSET:
	case DW_EXPR_VAL_OFFSET:
		if (raw->column == DW_FRAME_SAME_VAL) {
			rule.kind = CFI_SAME;
		} else if (is_cfa && raw->column >= 0 && raw->column < CFI_COLUMNS) {
			rule.kind = CFI_OFFSET;
			rule.column = (uint8_t)raw->column;
		} else if (raw->offset_relevant && raw->column == DW_FRAME_CFA_COL3) {
			rule.kind = raw->kind == DW_EXPR_OFFSET ? CFI_OFFSET : CFI_VALUE_OFFSET;
		} else if (!raw->offset_relevant && raw->column >= 0 && raw->column < CFI_COLUMNS) {
			rule.kind = CFI_REGISTER;
			rule.column = (uint8_t)raw->column;
		}
		break;
	case DW_EXPR_EXPRESSION:
	case DW_EXPR_VAL_EXPRESSION:
		if (keep_expression(row, used, raw, &rule))
			rule.kind = raw->kind == DW_EXPR_EXPRESSION && !is_cfa ? CFI_EXPRESSION : CFI_VALUE_EXPRESSION;
		break;
	default:
		break;
	}
	return rule;
}

/* The return column and the 'S' of a signal trampoline are in the entry's CIE. */
static bool read_cie(Dwarf_Fde entry, struct cfi_row *row)
{
	Dwarf_Cie cie = NULL;
	Dwarf_Unsigned size, code_alignment, instructions_size;
	Dwarf_Signed data_alignment;
	Dwarf_Small version;
	Dwarf_Half column = 0, offset_size;
	Dwarf_Error error = NULL;
	char *augmentation = NULL;
#ifdef DW_LIBDWARF_VERSION
	Dwarf_Small *instructions;
#else
	Dwarf_Ptr instructions;
#endif

	if (dwarf_get_cie_of_fde(entry, &cie, &error) != DW_DLV_OK ||
	    dwarf_get_cie_info_b(cie, &size, &version, &augmentation, &code_alignment, &data_alignment, &column,
				 &instructions, &instructions_size, &offset_size, &error) != DW_DLV_OK ||
	    column >= CFI_COLUMNS)
		return false;
	row->return_column = (uint8_t)column;
	row->signal = augmentation && memchr(augmentation, 'S', strnlen(augmentation, AUGMENTATION_LIMIT));
	return true;
}

static bool find_entry(const struct frames *frames, uint64_t pc, Dwarf_Fde *ret, struct cfi_row *row)
{
	Dwarf_Addr low = 0, high = 0; /* high: the last address */
	Dwarf_Error error = NULL;

	if (!frames->entries || dwarf_get_fde_at_pc(frames->entries, pc, ret, &low, &high, &error) != DW_DLV_OK)
		return false;
	row->low = low;
	row->high = high + 1;
	return pc >= low && pc <= high;
}

static struct cfi_row row_at(const struct reader_state *state, uint64_t pc)
{
	struct cfi_row row = {0};
	struct raw_rule raw;
	Dwarf_Fde entry = NULL;
	size_t used = 0;

	if (!find_entry(&state->eh, pc, &entry, &row) && !find_entry(&state->debug, pc, &entry, &row))
		return (struct cfi_row){0};
	if (!read_cie(entry, &row) || !raw_rule(entry, -1, pc, &raw))
		return (struct cfi_row){0};
	row.cfa = rule_of(&row, &used, &raw, true);
	for (int i = 0; i < CFI_COLUMNS; i++)
		if (raw_rule(entry, i, pc, &raw))
			row.rules[i] = rule_of(&row, &used, &raw, false);
	row.found = 1;
	return row;
}

static struct frames frames_of(Dwarf_Debug dbg,
			       int (*list)(Dwarf_Debug, Dwarf_Cie **, Dwarf_Signed *, Dwarf_Fde **, Dwarf_Signed *,
					   Dwarf_Error *))
{
	struct frames frames = {0};
	Dwarf_Cie *cies = NULL;
	Dwarf_Signed cie_count = 0;
	Dwarf_Error error = NULL;

	if (list(dbg, &cies, &cie_count, &frames.entries, &frames.count, &error) != DW_DLV_OK || frames.count <= 0)
		return (struct frames){0};
	return frames;
}

static void run_child(void *context, int channel, int copy)
{
	struct reader_state state = {0};
	Dwarf_Error error = NULL;
	uint64_t pc;

	(void)context;
	if (libdwarf_open(copy, &state.dbg, &error) == DW_DLV_OK) {
		dwarf_set_frame_rule_table_size(state.dbg, TABLE_COLUMNS);
		dwarf_set_frame_cfa_value(state.dbg, DW_FRAME_CFA_COL3);
		dwarf_set_frame_rule_initial_value(state.dbg, DW_FRAME_SAME_VAL);
		state.eh = frames_of(state.dbg, dwarf_get_fde_list_eh);
		state.debug = frames_of(state.dbg, dwarf_get_fde_list);
	}
	while (channel_receive(channel, &pc, sizeof pc)) {
		struct cfi_row row = row_at(&state, pc);

		if (!channel_send(channel, &row, sizeof row))
			return;
	}
}

/* ---- the parent ---- */

struct known_row {
	uint64_t pc;
	const struct cfi_row *row; /* NULL: none */
	bool used;
};

struct cfi_table {
	struct arena *arena;
	struct notes *notes;
	const struct exe *exe;
	struct confined *child; /* NULL: not started, or lost */
	bool lost;
	struct known_row *known; /* open addressing */
	size_t size, count;
};

struct cfi_table *cfi_table_new(struct arena *arena, struct notes *notes, const struct exe *exe)
{
	struct cfi_table *table = arena_alloc(arena, sizeof *table);

	table->arena = arena;
	table->notes = notes;
	table->exe = exe;
	table->size = FIRST_ROWS;
	table->known = arena_array(arena, table->size, sizeof *table->known);
	return table;
}

static struct known_row *slot_of(struct cfi_table *table, uint64_t pc)
{
	size_t at = hash_slot(pc, table->size);

	while (table->known[at].used && table->known[at].pc != pc)
		at = (at + 1) & (table->size - 1);
	return &table->known[at];
}

static void grow(struct cfi_table *table)
{
	struct known_row *old = table->known;
	size_t size = table->size;

	table->size *= 2;
	table->known = arena_array(table->arena, table->size, sizeof *table->known);
	for (size_t i = 0; i < size; i++)
		if (old[i].used)
			*slot_of(table, old[i].pc) = old[i];
}

static void lose(struct cfi_table *table, const char *why)
{
	table->lost = true;
	table->child = NULL;
	note_add(table->notes, "the unwind tables of %s cannot be read (%s): stacks end in its code", table->exe->name, why);
}

/* The child's word for a pc; not to be believed beyond its own function. */
static bool ask(struct cfi_table *table, uint64_t pc, struct cfi_row *ret)
{
	enum received received = RECEIVED_LESS;
	const char *end;

	if (!table->child && !table->lost) {
		const struct confined_work work = {.bytes = table->exe->bytes, .body = run_child};
		const struct err *err = confined_start(table->arena, &work, &table->child);

		if (err)
			lose(table, err_describe(table->arena, err));
	}
	if (table->lost)
		return false;
	if (confined_send(table->child, &pc, sizeof pc))
		received = confined_receive(table->child, ret, sizeof *ret);
	if (received == RECEIVED_ALL)
		return ret->found && pc >= ret->low && pc < ret->high;
	end = confined_end(table->arena, table->child);
	lose(table, received == RECEIVED_LATE ? "it takes too long"
					      : arena_printf(table->arena, "the reader died of them: %s", end));
	return false;
}

const struct cfi_row *cfi_table_row(struct cfi_table *table, uint64_t pc)
{
	struct known_row *slot = slot_of(table, pc);
	struct cfi_row row;
	struct cfi_row *copy = NULL;

	if (slot->used)
		return slot->row;
	if (table->count * 2 >= table->size)
		grow(table);
	if (ask(table, pc, &row)) {
		copy = arena_alloc(table->arena, sizeof *copy);
		*copy = row;
	}
	slot = slot_of(table, pc);
	*slot = (struct known_row){.pc = pc, .row = copy, .used = true};
	table->count++;
	return copy;
}
