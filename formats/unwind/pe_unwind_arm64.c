/* pe_unwind_arm64.c: packed unwind data and .xdata records. Reference: Microsoft, "ARM64 exception handling". Either is
 * turned into a list of operations, one for each instruction of the prolog, last instruction first; an epilog has the same
 * operations in the order of its own instructions. */
#include "formats/unwind/pe_frame.h"

enum { X19 = 19, FP = 29, LR = 30, SP = 31, PC = 32, WORD = 8, INSN = 4 };

enum { OPERATION_LIMIT = 256 * 4, CODE_BYTES_LIMIT = 255 * 4, EPILOG_LIMIT = 65535 };

enum kind {
	OP_NOTHING,
	OP_ALLOC,   /* SP += size */
	OP_SAVE,    /* `count` registers from `reg` on, and `also`, are at SP + offset; then SP += size */
	OP_NEXT,    /* the next OP_SAVE has two registers more, saved by this instruction */
	OP_SET_FP,  /* SP = FP - offset */
	OP_MACHINE, /* SP and PC of the interrupted place are at SP */
	OP_CONTEXT, /* a CONTEXT of it is at SP */
	OP_UNKNOWN,
};

struct operation {
	enum kind kind;
	uint8_t reg, count, also; /* also: REG_NONE, or a register behind the others */
	uint32_t offset, size;
};

struct sequence {
	struct operation items[OPERATION_LIMIT];
	size_t count;
};

static void push(struct sequence *sequence, struct operation operation)
{
	if (sequence->count < OPERATION_LIMIT)
		sequence->items[sequence->count++] = operation;
}

static struct operation save(uint8_t reg, uint8_t count, uint32_t offset, uint32_t size)
{
	return (struct operation){.kind = OP_SAVE, .reg = reg, .count = count, .also = REG_NONE, .offset = offset, .size = size};
}

static struct operation alloc(uint32_t size)
{
	return (struct operation){.kind = OP_ALLOC, .size = size};
}

/* ---- unwind codes ---- */

/* Codes of one byte. */
static struct operation short_code(uint8_t code)
{
	if (code < 0x20) /* alloc_s */
		return alloc(code * 16u);
	if (code < 0x40) /* save_r19r20_x */
		return save(X19, 2, 0, (code & 0x1fu) * 8);
	if (code < 0x80) /* save_fplr */
		return save(FP, 2, (code & 0x3fu) * 8, 0);
	if (code < 0xc0) /* save_fplr_x */
		return save(FP, 2, 0, (code & 0x3fu) * 8 + 8);
	switch (code) {
	case 0xe1: /* set_fp */
		return (struct operation){.kind = OP_SET_FP};
	case 0xe3: /* nop */
	case 0xec: /* clear_unwound_to_call */
	case 0xfc: /* pac_sign_lr */
		return (struct operation){.kind = OP_NOTHING};
	case 0xe6: /* save_next */
		return (struct operation){.kind = OP_NEXT};
	case 0xe9: /* MSFT_OP_MACHINE_FRAME */
		return (struct operation){.kind = OP_MACHINE};
	case 0xea: /* MSFT_OP_CONTEXT */
		return (struct operation){.kind = OP_CONTEXT};
	default:
		return (struct operation){.kind = OP_UNKNOWN};
	}
}

/* Codes 110xxxxx of two bytes. */
static struct operation long_code(uint8_t first, uint8_t second)
{
	uint8_t reg = (uint8_t)(X19 + ((first & 3) << 2 | second >> 6));
	uint32_t offset = (second & 0x3fu) * 8;
	struct operation pair;

	if (first < 0xc8) /* alloc_m */
		return (struct operation){.kind = first < 0xc0 ? OP_UNKNOWN : OP_ALLOC, .size = ((first & 7u) << 8 | second) * 16};
	if (first < 0xcc) /* save_regp */
		return save(reg, 2, offset, 0);
	if (first < 0xd0) /* save_regp_x */
		return save(reg, 2, 0, offset + 8);
	if (first < 0xd4) /* save_reg */
		return save(reg, 1, offset, 0);
	if (first < 0xd6) /* save_reg_x */
		return save((uint8_t)(X19 + ((first & 1) << 3 | second >> 5)), 1, 0, (second & 0x1fu) * 8 + 8);
	if (first < 0xd8) { /* save_lrpair */
		pair = save((uint8_t)(X19 + 2 * ((first & 1) << 2 | second >> 6)), 1, offset, 0);
		pair.also = LR;
		return pair;
	}
	if (first < 0xda || first == 0xdc || first == 0xdd) /* save_fregp, save_freg */
		return (struct operation){.kind = OP_NOTHING};
	if (first < 0xdc) /* save_fregp_x */
		return alloc(offset + 8);
	if (first == 0xde) /* save_freg_x */
		return alloc((second & 0x1fu) * 8 + 8);
	if (first == 0xe2) /* add_fp */
		return (struct operation){.kind = OP_SET_FP, .offset = second * 8u};
	return (struct operation){.kind = OP_UNKNOWN}; /* 0xdf, alloc_z: vectors without a known length */
}

static bool has_two_bytes(uint8_t code)
{
	return (code >= 0xc0 && code < 0xe0) || code == 0xe2;
}

/* The operations of the codes from an index on, up to their end. */
static void decode(struct span codes, uint64_t at, struct sequence *ret)
{
	enum { ALLOC_L = 0xe0, END = 0xe4, END_C = 0xe5 };

	ret->count = 0;
	while (at < codes.size && ret->count < OPERATION_LIMIT) {
		uint8_t code = span_u8(codes, at);

		if (code == END || code == END_C)
			return;
		if (code == ALLOC_L) {
			push(ret, alloc(((uint32_t)span_u8(codes, at + 1) << 16 | (uint32_t)span_u8(codes, at + 2) << 8 |
					 span_u8(codes, at + 3)) * 16));
			at += 4;
		} else if (has_two_bytes(code)) {
			push(ret, long_code(code, span_u8(codes, at + 1)));
			at += 2;
		} else {
			push(ret, short_code(code));
			at++;
		}
	}
}

/* ---- doing them ---- */

static bool restore(struct pe_frame *frame, const struct operation *op, unsigned count, uint64_t at)
{
	for (unsigned i = 0; i < count; i++)
		if (op->reg + i <= LR && !pe_frame_restore(frame, (uint8_t)(op->reg + i), at + WORD * i))
			return false;
	if (op->also != REG_NONE && !pe_frame_restore(frame, op->also, at + WORD * count))
		return false;
	if (op->also == LR)
		frame->step.return_slot = at + WORD * count;
	else if (op->reg + count > LR)
		frame->step.return_slot = at + WORD * ((uint64_t)LR - op->reg);
	return true;
}

static bool machine_frame(struct pe_frame *frame, uint64_t *sp)
{
	frame->step.return_slot = *sp + WORD;
	frame->step.interrupted = true;
	return pe_frame_restore(frame, PC, *sp + WORD) && pe_frame_word(frame, *sp, sp);
}

/* Of a redacted dump, values that were nobody's business. */
static void forget_removed(struct pe_frame *frame, uint64_t record, const struct reg_map *map, struct registers *registers)
{
	uint64_t value;

	for (size_t i = 0; i < map->count; i++)
		if (!image_u64(frame->image, record + map->slots[i].offset, &value))
			reg_forget(registers, map->slots[i].reg);
}

static bool context_frame(struct pe_frame *frame, uint64_t *sp)
{
	const struct arch *arch = frame->image->arch;
	const struct span record = image_bytes(frame->image, *sp, arch->context.control.size);
	struct registers registers = {0};

	if (!record.size) {
		frame->step.address = *sp;
		return pe_frame_fail(frame, PE_UNREADABLE);
	}
	image_cite_field(frame->image, *sp + arch->context.flags, WORD);
	if (!reg_read_context(&registers, arch, record))
		return pe_frame_fail(frame, PE_LOST);
	forget_removed(frame, *sp, &arch->context.control, &registers);
	forget_removed(frame, *sp, &arch->context.integer, &registers);
	frame->registers = registers;
	for (size_t i = 0; i < arch->context.control.count; i++)
		if (arch->context.control.slots[i].reg == PC)
			frame->step.return_slot = *sp + arch->context.control.slots[i].offset;
	frame->step.interrupted = true;
	return reg_get(&registers, SP, sp) || pe_frame_fail(frame, PE_LOST);
}

static bool undo(struct pe_frame *frame, const struct operation *op, unsigned *next, uint64_t *sp)
{
	switch (op->kind) {
	case OP_NOTHING:
		return true;
	case OP_ALLOC:
		*sp += op->size;
		return true;
	case OP_NEXT:
		*next += 2;
		return true;
	case OP_SAVE:
		if (!restore(frame, op, op->count + *next, *sp + op->offset))
			return false;
		*next = 0;
		*sp += op->size;
		return true;
	case OP_SET_FP:
		if (!pe_frame_register(frame, FP, sp))
			return false;
		*sp -= op->offset;
		return true;
	case OP_MACHINE:
		return machine_frame(frame, sp);
	case OP_CONTEXT:
		return context_frame(frame, sp);
	case OP_UNKNOWN:
		break;
	}
	return pe_frame_fail(frame, PE_LOST);
}

/* Undoes a sequence but for its first `skip` operations: instructions that have not been executed yet, or have already
 * been undone by an epilog. */
static void undo_from(struct pe_frame *frame, const struct sequence *sequence, size_t skip)
{
	unsigned next = 0;
	uint64_t sp, pc;

	if (!pe_frame_register(frame, SP, &sp))
		return;
	for (size_t i = skip; i < sequence->count; i++)
		if (!undo(frame, &sequence->items[i], &next, &sp))
			return;
	frame->step.top = sp;
	reg_set(&frame->registers, SP, sp);
	if (!frame->step.interrupted && pe_frame_register(frame, LR, &pc))
		reg_set(&frame->registers, PC, pc);
}

/* ---- packed data ---- */

struct packed {
	uint32_t flag, length, reg_f, reg_i, home, cr, frame;
};

static struct packed unpack(uint32_t data)
{
	return (struct packed){
		.flag = data & 3,
		.length = (data >> 2 & 0x7ff) * INSN,
		.reg_f = data >> 13 & 7,
		.reg_i = data >> 16 & 15,
		.home = data >> 20 & 1,
		.cr = data >> 21 & 3,
		.frame = (data >> 23) * 16,
	};
}

enum { CR_UNCHAINED_LR = 1, CR_CHAINED_PAC = 2, CR_CHAINED = 3, ALLOC_ONCE = 4080, FPLR_X_LIMIT = 512 };

/* What is allocated at the end of the prolog: with a frame record at its bottom, when the function is chained. */
static void locals(const struct packed *p, uint32_t size, struct sequence *ret)
{
	bool chained = p->cr == CR_CHAINED || p->cr == CR_CHAINED_PAC;

	if (chained)
		push(ret, (struct operation){.kind = OP_SET_FP});
	if (chained && size <= FPLR_X_LIMIT) {
		push(ret, save(FP, 2, 0, size));
		return;
	}
	if (chained)
		push(ret, save(FP, 2, 0, 0));
	if (size > ALLOC_ONCE) {
		push(ret, alloc(size - ALLOC_ONCE));
		size = ALLOC_ONCE;
	}
	if (size)
		push(ret, alloc(size));
}

/* x19… and, unchained, LR behind them; the first instruction allocates for all that is saved. */
static void integers(const struct packed *p, uint32_t saved, struct sequence *ret)
{
	bool link = p->cr == CR_UNCHAINED_LR;
	uint32_t total = p->reg_i + link;

	/* Last instruction first: instruction k saves registers 2k and 2k + 1. */
	for (uint32_t k = (total + 1) / 2; k-- > 0;) {
		uint32_t first = 2 * k;
		uint8_t count = (uint8_t)(p->reg_i - first < 2 ? p->reg_i - first : 2);
		struct operation op = save((uint8_t)(X19 + first), count, first * WORD, k ? 0 : saved);

		if (link && first + count < total && count < 2)
			op.also = LR;
		push(ret, op);
	}
}

/* The operations of the canonical prolog that the fields describe. */
static void expand(const struct packed *p, struct sequence *ret)
{
	uint32_t integer_size = p->reg_i * WORD + (p->cr == CR_UNCHAINED_LR ? WORD : 0);
	uint32_t float_size = p->reg_f ? (p->reg_f + 1) * WORD : 0;
	uint32_t saved = (integer_size + float_size + (p->home ? 8 * WORD : 0) + 15) & ~15u;

	ret->count = 0;
	locals(p, p->frame > saved ? p->frame - saved : 0, ret);
	for (int i = 0; i < 4 && p->home; i++)
		push(ret, (struct operation){.kind = OP_NOTHING}); /* arguments, stored where the caller left room */
	for (uint32_t i = 0; i < (p->reg_f + 2) / 2 && p->reg_f; i++)
		push(ret, (struct operation){.kind = OP_NOTHING});
	if (integer_size)
		integers(p, saved, ret);
	else if (saved)
		ret->items[ret->count - 1] = alloc(saved); /* what was stored first, so it is in the list */
	if (p->cr == CR_CHAINED_PAC)
		push(ret, (struct operation){.kind = OP_NOTHING});
}

static bool undo_packed(struct pe_frame *frame)
{
	struct packed p = unpack(frame->unwind);
	uint64_t offset = frame->pc - frame->begin;
	struct sequence sequence;
	size_t skip = 0;
	uint64_t epilog;

	if (offset >= p.length)
		return false;
	expand(&p, &sequence);
	epilog = (sequence.count + 1) * INSN; /* and a return */
	if (frame->exact && p.flag == 1 && offset < sequence.count * INSN)
		skip = sequence.count - offset / INSN;
	else if (frame->exact && p.length >= epilog && offset >= p.length - epilog)
		skip = (offset - (p.length - epilog)) / INSN;
	undo_from(frame, &sequence, skip);
	return true;
}

/* ---- .xdata ---- */

struct record {
	uint32_t length, epilogs, code_bytes;
	bool single; /* E: one epilog, at the end of the function; `epilogs` is the index of its first code */
	uint64_t scopes, codes; /* where they are, as RVAs */
};

static bool read_word(struct pe_frame *frame, uint64_t rva, uint32_t *ret)
{
	uint8_t bytes[4];

	if (!pe_frame_data(frame, rva, bytes, sizeof bytes))
		return false;
	*ret = span_u32((struct span){bytes, sizeof bytes}, 0);
	return true;
}

static bool read_record(struct pe_frame *frame, struct record *ret)
{
	uint64_t rva = frame->unwind & ~UINT32_C(3);
	uint32_t head, more;

	if (!read_word(frame, rva, &head))
		return false;
	*ret = (struct record){
		.length = (head & 0x3ffff) * INSN,
		.single = head >> 21 & 1,
		.epilogs = head >> 22 & 31,
		.code_bytes = (head >> 27) * 4,
		.scopes = rva + 4,
	};
	if (head >> 18 & 3)
		return pe_frame_fail(frame, PE_LOST); /* a version that is not known */
	if (!ret->epilogs && !ret->code_bytes) {
		if (!read_word(frame, rva + 4, &more))
			return false;
		ret->epilogs = more & 0xffff;
		ret->code_bytes = (more >> 16 & 0xff) * 4;
		ret->scopes += 4;
	}
	ret->codes = ret->scopes + (ret->single ? 0 : 4 * (uint64_t)ret->epilogs);
	return true;
}

/* Whether pc lies in an epilog that begins at `start` and whose codes begin at `index`; `sequence` becomes its own. */
static bool in_epilog(uint64_t offset, uint64_t start, struct span codes, uint32_t index, struct sequence *sequence)
{
	if (offset < start)
		return false;
	decode(codes, index, sequence);
	return offset < start + (sequence->count + 1) * INSN; /* and a return */
}

/* Looks for pc in the epilogs. *skip: the operations that it has done. */
static bool find_epilog(struct pe_frame *frame, const struct record *record, struct span codes, uint64_t offset,
			struct sequence *sequence, size_t *skip)
{
	uint64_t start;
	uint32_t scope;

	if (record->single) {
		decode(codes, record->epilogs, sequence);
		start = (sequence->count + 1) * INSN;
		start = record->length > start ? record->length - start : 0;
		*skip = offset >= start ? (offset - start) / INSN : 0;
		return offset >= start;
	}
	for (uint64_t i = 0; i < record->epilogs && i < EPILOG_LIMIT; i++) {
		if (!read_word(frame, record->scopes + 4 * i, &scope))
			return false;
		start = (uint64_t)(scope & 0x3ffff) * INSN;
		*skip = offset >= start ? (offset - start) / INSN : 0;
		if (in_epilog(offset, start, codes, scope >> 22, sequence))
			return true;
	}
	return false;
}

static bool undo_record(struct pe_frame *frame)
{
	uint64_t offset = frame->pc - frame->begin;
	uint8_t bytes[CODE_BYTES_LIMIT];
	struct span codes = {bytes, 0};
	struct sequence sequence;
	struct record record;
	size_t skip = 0;

	if (!read_record(frame, &record))
		return true;
	if (offset >= record.length)
		return false;
	codes.size = record.code_bytes;
	if (codes.size && !pe_frame_data(frame, record.codes, bytes, codes.size))
		return true;
	decode(codes, 0, &sequence);
	if (frame->exact && offset < sequence.count * INSN) {
		skip = sequence.count - (size_t)(offset / INSN);
	} else if (frame->exact && !find_epilog(frame, &record, codes, offset, &sequence, &skip)) {
		decode(codes, 0, &sequence);
		skip = 0;
	}
	if (frame->result == PE_STEPPED)
		undo_from(frame, &sequence, skip);
	return true;
}

bool pe_frame_arm64(struct pe_frame *frame)
{
	return frame->unwind & 3 ? undo_packed(frame) : undo_record(frame);
}
