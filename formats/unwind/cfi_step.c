/* cfi_step.c: applies a row of unwind rules to registers and memory: DWARF 5, 6.4.4, with the stack machine of 2.5.1 for
 * expressions. The row, and the memory that it is applied to, are hostile: steps and stack are bounded, and a register
 * that is not known makes the answer unknown. */
#include "formats/unwind/cfi.h"

#include <string.h>

enum { STACK_LIMIT = 64, STEP_LIMIT = 100 /* a PLT takes 9; each of a million frames may have such expressions */ };

enum { /* DW_OP_*: DWARF 5, 7.7.1 */
	OP_DEREF = 0x06,
	OP_CONST1U = 0x08,
	OP_CONST1S,
	OP_CONST2U,
	OP_CONST2S,
	OP_CONST4U,
	OP_CONST4S,
	OP_CONST8U,
	OP_CONST8S,
	OP_CONSTU = 0x10,
	OP_CONSTS,
	OP_DUP,
	OP_DROP,
	OP_OVER,
	OP_PICK,
	OP_SWAP,
	OP_ROT,
	OP_ABS = 0x19,
	OP_AND,
	OP_DIV,
	OP_MINUS,
	OP_MOD,
	OP_MUL,
	OP_NEG,
	OP_NOT,
	OP_OR,
	OP_PLUS,
	OP_PLUS_UCONST,
	OP_SHL,
	OP_SHR,
	OP_SHRA,
	OP_XOR,
	OP_BRA,
	OP_EQ,
	OP_GE,
	OP_GT,
	OP_LE,
	OP_LT,
	OP_NE,
	OP_SKIP,
	OP_LIT0 = 0x30,
	OP_BREG0 = 0x70,
	OP_BREG31 = 0x8f,
	OP_BREGX = 0x92,
	OP_DEREF_SIZE = 0x94,
	OP_NOP = 0x96,
};

struct machine {
	struct image *image;
	const struct registers *registers;
	struct reader reader;
	uint64_t stack[STACK_LIMIT];
	size_t depth;
	uint64_t unreadable; /* the address that failed */
	enum cfi_result failure;
};

static bool fail(struct machine *machine)
{
	machine->failure = CFI_LOST;
	return false;
}

static bool push(struct machine *machine, uint64_t value)
{
	if (machine->depth == STACK_LIMIT)
		return fail(machine);
	machine->stack[machine->depth++] = value;
	return true;
}

static bool pop(struct machine *machine, uint64_t *ret)
{
	if (!machine->depth)
		return fail(machine);
	*ret = machine->stack[--machine->depth];
	return true;
}

static uint64_t read_leb(struct reader *reader, bool is_signed)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = read_u8(reader);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (is_signed && byte & 0x40 && shift < 64)
		value |= ~UINT64_C(0) << shift;
	return value;
}

/* The value of the register with a DWARF number. */
static bool column_value(const struct image *image, const struct registers *registers, uint64_t column, uint64_t *ret)
{
	if (column && column == image->arch->dwarf_vector_length) {
		*ret = image->vector_bytes / 8;
		return *ret != 0;
	}
	return column < image->arch->dwarf_count && reg_get(registers, image->arch->dwarf_registers[column], ret);
}

static bool push_register(struct machine *machine, uint64_t column)
{
	uint64_t offset = read_leb(&machine->reader, true);
	uint64_t value;

	return column_value(machine->image, machine->registers, column, &value) ? push(machine, value + offset)
										: fail(machine);
}

static bool push_memory(struct machine *machine, size_t size)
{
	uint8_t bytes[8] = {0};
	uint64_t address;

	if (!size || size > sizeof bytes)
		return fail(machine);
	if (!pop(machine, &address))
		return false;
	if (image_read(machine->image, address, bytes, size) != MEM_OK) {
		machine->unreadable = address;
		machine->failure = CFI_UNREADABLE;
		return false;
	}
	return push(machine, span_u64((struct span){bytes, sizeof bytes}, 0));
}

static bool push_constant(struct machine *machine, uint8_t op)
{
	size_t size = (size_t)1 << (op - OP_CONST1U) / 2;
	struct span bytes = read_bytes(&machine->reader, size);
	uint64_t value = 0;

	for (size_t i = 0; i < bytes.size; i++)
		value |= (uint64_t)bytes.data[i] << 8 * i;
	if ((op - OP_CONST1U) % 2 && size < 8 && value >> (8 * size - 1))
		value |= ~UINT64_C(0) << 8 * size;
	return push(machine, value);
}

/* The entry at a distance from the top. */
static bool pick(struct machine *machine, size_t index)
{
	return index < machine->depth ? push(machine, machine->stack[machine->depth - 1 - index]) : fail(machine);
}

/* The top entry goes below `count` others. */
static bool rotate(struct machine *machine, size_t count)
{
	uint64_t top;

	if (machine->depth <= count)
		return fail(machine);
	top = machine->stack[machine->depth - 1];
	memmove(&machine->stack[machine->depth - count], &machine->stack[machine->depth - 1 - count],
		count * sizeof top);
	machine->stack[machine->depth - 1 - count] = top;
	return true;
}

/* Signed operands; UINT64_MAX / -1 and the like are done unsigned, so that nothing overflows. */
static bool divide(uint64_t a, uint64_t b, uint64_t *ret)
{
	uint64_t quotient;

	if (!b)
		return false;
	quotient = ((int64_t)a < 0 ? 0 - a : a) / ((int64_t)b < 0 ? 0 - b : b);
	*ret = ((int64_t)a < 0) != ((int64_t)b < 0) ? 0 - quotient : quotient;
	return true;
}

static uint64_t shift_right_signed(uint64_t value, uint64_t by)
{
	uint64_t sign = (int64_t)value < 0 ? ~UINT64_C(0) : 0;

	if (by >= 64)
		return sign;
	return by ? value >> by | sign << (64 - by) : value;
}

/* a is the second entry, b the top one. */
static bool binary(uint8_t op, uint64_t a, uint64_t b, uint64_t *ret)
{
	switch (op) {
	case OP_AND: *ret = a & b; return true;
	case OP_DIV: return divide(a, b, ret);
	case OP_MINUS: *ret = a - b; return true;
	case OP_MOD: *ret = b ? a % b : 0; return b != 0;
	case OP_MUL: *ret = a * b; return true;
	case OP_OR: *ret = a | b; return true;
	case OP_PLUS: *ret = a + b; return true;
	case OP_SHL: *ret = b < 64 ? a << b : 0; return true;
	case OP_SHR: *ret = b < 64 ? a >> b : 0; return true;
	case OP_SHRA: *ret = shift_right_signed(a, b); return true;
	case OP_XOR: *ret = a ^ b; return true;
	case OP_EQ: *ret = a == b; return true;
	case OP_GE: *ret = (int64_t)a >= (int64_t)b; return true;
	case OP_GT: *ret = (int64_t)a > (int64_t)b; return true;
	case OP_LE: *ret = (int64_t)a <= (int64_t)b; return true;
	case OP_LT: *ret = (int64_t)a < (int64_t)b; return true;
	case OP_NE: *ret = a != b; return true;
	default: return false;
	}
}

static bool do_binary(struct machine *machine, uint8_t op)
{
	uint64_t a, b, result;

	if (!pop(machine, &b) || !pop(machine, &a))
		return false;
	return binary(op, a, b, &result) ? push(machine, result) : fail(machine);
}

static bool do_unary(struct machine *machine, uint8_t op)
{
	uint64_t value;

	if (!pop(machine, &value))
		return false;
	if (op == OP_NOT)
		return push(machine, ~value);
	return push(machine, op == OP_ABS && (int64_t)value >= 0 ? value : 0 - value);
}

static bool jump(struct machine *machine, bool conditional)
{
	int64_t distance = (int16_t)read_u16(&machine->reader);
	int64_t target = (int64_t)machine->reader.position + distance;
	uint64_t condition = 1;

	if (conditional && !pop(machine, &condition))
		return false;
	if (!condition)
		return true;
	if (target < 0 || target > (int64_t)machine->reader.span.size)
		return fail(machine);
	machine->reader.position = (size_t)target;
	return true;
}

static bool operate(struct machine *machine, uint8_t op)
{
	struct reader *reader = &machine->reader;
	uint64_t value;

	if (op >= OP_LIT0 && op < OP_LIT0 + 32)
		return push(machine, op - OP_LIT0);
	if (op >= OP_BREG0 && op <= OP_BREG31)
		return push_register(machine, op - OP_BREG0);
	if (op >= OP_CONST1U && op <= OP_CONST8S)
		return push_constant(machine, op);
	switch (op) {
	case OP_DEREF: return push_memory(machine, 8);
	case OP_DEREF_SIZE: return push_memory(machine, read_u8(reader));
	case OP_CONSTU: return push(machine, read_leb(reader, false));
	case OP_CONSTS: return push(machine, read_leb(reader, true));
	case OP_DUP: return pick(machine, 0);
	case OP_OVER: return pick(machine, 1);
	case OP_PICK: return pick(machine, read_u8(reader));
	case OP_DROP: return pop(machine, &value);
	case OP_SWAP: return rotate(machine, 1);
	case OP_ROT: return rotate(machine, 2);
	case OP_PLUS_UCONST: return pop(machine, &value) && push(machine, value + read_leb(reader, false));
	case OP_ABS:
	case OP_NEG:
	case OP_NOT: return do_unary(machine, op);
	case OP_BRA: return jump(machine, true);
	case OP_SKIP: return jump(machine, false);
	case OP_BREGX: return push_register(machine, read_leb(reader, false));
	case OP_NOP: return true;
	default: return do_binary(machine, op);
	}
}

static struct machine machine_of(struct image *image, const struct registers *registers)
{
	return (struct machine){.image = image, .registers = registers, .failure = CFI_LOST};
}

/* What the expression of a rule comes to. `cfa`: pushed first, NULL for the CFA's own expression. */
static bool evaluate(struct machine *machine, const struct cfi_row *row, const struct cfi_rule *rule, const uint64_t *cfa,
		     uint64_t *ret)
{
	struct span bytes = span_slice((struct span){row->expressions, sizeof row->expressions}, rule->start, rule->size);

	machine->reader = reader_of(bytes);
	machine->depth = 0;
	if (cfa)
		push(machine, *cfa);
	for (int steps = 0; machine->reader.position < bytes.size; steps++)
		if (steps == STEP_LIMIT || !operate(machine, read_u8(&machine->reader)) || machine->reader.failed)
			return false;
	return pop(machine, ret);
}

static bool find_cfa(struct machine *machine, const struct cfi_row *row, uint64_t *ret)
{
	uint64_t base;

	if (row->cfa.kind == CFI_VALUE_EXPRESSION)
		return evaluate(machine, row, &row->cfa, NULL, ret);
	if (row->cfa.kind != CFI_OFFSET || !column_value(machine->image, machine->registers, row->cfa.column, &base))
		return false;
	*ret = base + (uint64_t)row->cfa.offset;
	return true;
}

static bool load(struct machine *machine, uint64_t address, uint64_t *ret)
{
	if (image_u64(machine->image, address, ret))
		return true;
	machine->unreadable = address;
	machine->failure = CFI_UNREADABLE;
	return false;
}

/* The caller's value of one register. *slot: where it was saved, 0: nowhere. */
static bool recover(struct machine *machine, const struct cfi_row *row, size_t column, uint64_t cfa, uint64_t *slot,
		    uint64_t *ret)
{
	const struct cfi_rule *rule = &row->rules[column];

	*slot = 0;
	switch (rule->kind) {
	case CFI_SAME:
		return column_value(machine->image, machine->registers, column, ret);
	case CFI_REGISTER:
		return column_value(machine->image, machine->registers, rule->column, ret);
	case CFI_VALUE_OFFSET:
		*ret = cfa + (uint64_t)rule->offset;
		return true;
	case CFI_VALUE_EXPRESSION:
		return evaluate(machine, row, rule, &cfa, ret);
	case CFI_OFFSET:
		*slot = cfa + (uint64_t)rule->offset;
		return load(machine, *slot, ret);
	case CFI_EXPRESSION:
		return evaluate(machine, row, rule, &cfa, slot) && load(machine, *slot, ret);
	default:
		return false;
	}
}

/* A register of which the row says nothing keeps its value if functions have to preserve it. */
static bool survives(const struct arch *arch, const struct cfi_row *row, size_t column)
{
	return row->rules[column].kind != CFI_SAME || row->signal || arch->preserved >> column & 1;
}

enum cfi_result cfi_step(struct image *image, const struct cfi_row *row, struct registers *registers, struct cfi_step *ret)
{
	const struct arch *arch = image->arch;
	struct machine machine = machine_of(image, registers);
	struct registers caller = {0};
	size_t return_column = row->return_column;
	uint64_t cfa, pc, slot, value;

	*ret = (struct cfi_step){0};
	if (return_column >= CFI_COLUMNS)
		return CFI_LOST;
	if (row->rules[return_column].kind == CFI_UNDEFINED)
		return CFI_OUTERMOST;
	if (!find_cfa(&machine, row, &cfa) || !recover(&machine, row, return_column, cfa, &ret->return_slot, &pc)) {
		ret->address = machine.unreadable;
		return machine.failure;
	}
	reg_set(&caller, arch->sp, cfa);
	for (size_t i = 0; i < arch->dwarf_count; i++)
		if (survives(arch, row, i) && (arch->dwarf_registers[i] != arch->sp || row->rules[i].kind != CFI_SAME) &&
		    recover(&machine, row, i, cfa, &slot, &value))
			reg_set(&caller, arch->dwarf_registers[i], value);
	if (!row->signal)
		reg_forget(&caller, arch->lr); /* the call has used it up */
	reg_set(&caller, arch->pc, pc);
	ret->cfa = cfa;
	*registers = caller;
	return CFI_STEPPED;
}
