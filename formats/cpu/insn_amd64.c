/* insn_amd64.c: effects and control flow of x86-64 instructions, from what capstone decodes (Intel SDM 2); and those that are
 * newer than it. */
#include "formats/cpu/insn_decoder.h"

#include "formats/cpu/insn_effects.h"

#include <string.h>

enum { WORD = 8 };

/* General registers in the order of their encoding, with the parts that have names: 8, 4, 2, 1 bytes, and the second
 * byte. */
static const struct amd64_reg {
	const char *name;
	uint8_t parts[5];
} amd64_regs[] = {
	{"rax", {X86_REG_RAX, X86_REG_EAX, X86_REG_AX, X86_REG_AL, X86_REG_AH}},
	{"rcx", {X86_REG_RCX, X86_REG_ECX, X86_REG_CX, X86_REG_CL, X86_REG_CH}},
	{"rdx", {X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL, X86_REG_DH}},
	{"rbx", {X86_REG_RBX, X86_REG_EBX, X86_REG_BX, X86_REG_BL, X86_REG_BH}},
	{"rsp", {X86_REG_RSP, X86_REG_ESP, X86_REG_SP, X86_REG_SPL}},
	{"rbp", {X86_REG_RBP, X86_REG_EBP, X86_REG_BP, X86_REG_BPL}},
	{"rsi", {X86_REG_RSI, X86_REG_ESI, X86_REG_SI, X86_REG_SIL}},
	{"rdi", {X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL}},
	{"r8", {X86_REG_R8, X86_REG_R8D, X86_REG_R8W, X86_REG_R8B}},
	{"r9", {X86_REG_R9, X86_REG_R9D, X86_REG_R9W, X86_REG_R9B}},
	{"r10", {X86_REG_R10, X86_REG_R10D, X86_REG_R10W, X86_REG_R10B}},
	{"r11", {X86_REG_R11, X86_REG_R11D, X86_REG_R11W, X86_REG_R11B}},
	{"r12", {X86_REG_R12, X86_REG_R12D, X86_REG_R12W, X86_REG_R12B}},
	{"r13", {X86_REG_R13, X86_REG_R13D, X86_REG_R13W, X86_REG_R13B}},
	{"r14", {X86_REG_R14, X86_REG_R14D, X86_REG_R14W, X86_REG_R14B}},
	{"r15", {X86_REG_R15, X86_REG_R15D, X86_REG_R15W, X86_REG_R15B}},
};

void insn_amd64_registers(struct decoder *decoder)
{
	static const uint8_t widths[] = {8, 4, 2, 1, 0};

	memset(decoder->number, REG_NONE, sizeof decoder->number);
	for (size_t i = 0; i < sizeof amd64_regs / sizeof *amd64_regs; i++)
		for (size_t part = 0; part < sizeof widths; part++) {
			uint8_t reg = amd64_regs[i].parts[part];

			if (reg == X86_REG_INVALID)
				continue;
			decoder->number[reg] = reg_by_name(decoder->arch, amd64_regs[i].name);
			decoder->width[reg] = widths[part];
		}
}

/* One instruction being decoded. */
struct amd64 {
	struct decoder *decoder;
	const struct arch *arch;
	struct insn *insn;
	const cs_insn *cs;
	const cs_x86 *x86;
};

static uint8_t number(const struct amd64 *at, unsigned reg)
{
	return reg < X86_REG_ENDING ? at->decoder->number[reg] : REG_NONE;
}

static const cs_x86_op *operand(const struct amd64 *at, size_t n)
{
	return &at->x86->operands[n];
}

static bool is_kind(const struct amd64 *at, size_t n, x86_op_type type)
{
	return n < at->x86->op_count && operand(at, n)->type == type;
}

/* The arch number of operand n if it is the lowest `width` bytes of a general register, else REG_NONE. */
static uint8_t reg_operand(const struct amd64 *at, size_t n, unsigned width)
{
	if (!is_kind(at, n, X86_OP_REG) || at->decoder->width[operand(at, n)->reg] != width)
		return REG_NONE;
	return number(at, operand(at, n)->reg);
}

/* The address base + offset of a memory operand; false when it has an index, a thread's segment, or 32 bits. */
static bool address_of(const struct amd64 *at, const cs_x86_op *op, uint8_t *base, int64_t *offset)
{
	const x86_op_mem *mem = &op->mem;
	bool indexed = mem->index != X86_REG_INVALID && mem->index != X86_REG_RIZ;

	if (indexed || mem->segment == X86_REG_FS || mem->segment == X86_REG_GS || at->x86->addr_size != WORD)
		return false;
	*base = REG_NONE;
	*offset = mem->disp;
	if (mem->base == X86_REG_RIP)
		*offset = (int64_t)(at->insn->address + at->insn->size + (uint64_t)mem->disp);
	else if (mem->base != X86_REG_INVALID)
		*base = number(at, mem->base);
	return mem->base == X86_REG_INVALID || mem->base == X86_REG_RIP || *base != REG_NONE;
}

/* Notes an access through operand n whose address has an index register. */
static void note_indexed(const struct amd64 *at, size_t n, uint8_t dst, bool store)
{
	const x86_op_mem *mem = &operand(at, n)->mem;

	if (!is_kind(at, n, X86_OP_MEM) || number(at, mem->base) == REG_NONE || number(at, mem->index) == REG_NONE ||
	    mem->segment == X86_REG_FS || mem->segment == X86_REG_GS || at->x86->addr_size != WORD)
		return;
	at->insn->indexed = (struct indexed_access){.base = number(at, mem->base), .index = number(at, mem->index), .dst = dst,
						    .shift = (uint8_t)__builtin_ctz((unsigned)mem->scale), .store = store,
						    .size = operand(at, n)->size, .offset = mem->disp};
}

/* A load through operand n into dst; dst becomes unknown when the address is. */
static void load_operand(const struct amd64 *at, size_t n, uint8_t dst)
{
	uint8_t base;
	int64_t offset;

	if (is_kind(at, n, X86_OP_MEM) && address_of(at, operand(at, n), &base, &offset)) {
		effect_load(at->arch, at->insn, dst, base, offset, operand(at, n)->size);
		return;
	}
	note_indexed(at, n, dst, false);
	effect_clobber(at->arch, at->insn, dst);
}

static void store_operand(const struct amd64 *at, size_t n, uint8_t src)
{
	uint8_t base;
	int64_t offset;

	if (is_kind(at, n, X86_OP_MEM) && address_of(at, operand(at, n), &base, &offset))
		effect_store(at->insn, base, offset, operand(at, n)->size, src);
	else
		note_indexed(at, n, REG_NONE, true);
}

/* Whether a memory operand is read or written. Capstone 4 takes vector stores for loads; but a memory operand that
 * comes first is a destination in all instructions but a few. */
static uint8_t memory_access(const struct amd64 *at, size_t n)
{
	switch (at->cs->id) {
	case X86_INS_CMP:
	case X86_INS_BT:
		return CS_AC_READ;
	case X86_INS_CMPXCHG:
	case X86_INS_CMPXCHG8B:
	case X86_INS_CMPXCHG16B:
		return CS_AC_READ | CS_AC_WRITE;
	case X86_INS_STMXCSR:
	case X86_INS_VSTMXCSR:
	case X86_INS_FST:
	case X86_INS_FSTP:
	case X86_INS_FIST:
	case X86_INS_FISTP:
	case X86_INS_FISTTP:
	case X86_INS_FNSTCW:
	case X86_INS_FNSTSW:
		return CS_AC_WRITE;
	case X86_INS_NOP: /* no access, or none that can fault */
	case X86_INS_PREFETCH:
	case X86_INS_PREFETCHW:
	case X86_INS_PREFETCHT0:
	case X86_INS_PREFETCHT1:
	case X86_INS_PREFETCHT2:
	case X86_INS_PREFETCHNTA:
		return 0;
	default:
		if (n == 0 && at->x86->op_count > 1 && !(operand(at, n)->access & CS_AC_WRITE))
			return CS_AC_WRITE;
		return operand(at, n)->access;
	}
}

static bool is_repeated(const struct amd64 *at)
{
	return is_kind(at, 0, X86_OP_MEM) + is_kind(at, 1, X86_OP_MEM) > 0 && at->x86->opcode[1] == 0 &&
	       (at->x86->prefix[0] == X86_PREFIX_REP || at->x86->prefix[0] == X86_PREFIX_REPNE);
}

/* Registers that capstone 4 does not list as written. */
static uint64_t written_silently(const struct amd64 *at)
{
	static const struct {
		unsigned id;
		uint8_t regs[2];
	} silent[] = {
		{X86_INS_SYSCALL, {X86_REG_RAX, X86_REG_RCX}}, /* and r11 */
		{X86_INS_INT, {X86_REG_RAX}},
		{X86_INS_CMPXCHG, {X86_REG_RAX}},
		{X86_INS_XLATB, {X86_REG_RAX}},
		{X86_INS_ENTER, {X86_REG_RBP, X86_REG_RSP}},
	};
	uint64_t set = at->cs->id == X86_INS_SYSCALL ? UINT64_C(1) << number(at, X86_REG_R11) : 0;

	for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
		for (size_t k = 0; k < 2; k++)
			if (silent[i].id == at->cs->id && silent[i].regs[k])
				set |= UINT64_C(1) << number(at, silent[i].regs[k]);
	return set;
}

static void clobber_written(const struct amd64 *at)
{
	cs_regs read, written;
	uint8_t reads = 0, writes = 0;
	uint64_t set = written_silently(at);

	if (cs_regs_access(at->decoder->handle, at->cs, read, &reads, written, &writes) != CS_ERR_OK)
		at->insn->sp_unknown = true;
	for (size_t i = 0; i < writes; i++)
		if (number(at, written[i]) != REG_NONE)
			set |= UINT64_C(1) << number(at, written[i]);
	for (uint8_t reg = 0; set; reg++, set >>= 1)
		if (set & 1)
			effect_clobber(at->arch, at->insn, reg);
}

/* Where a repeated instruction (rep stos, rep movs) begins to write. */
static void note_repeated(const struct amd64 *at)
{
	const x86_op_mem *mem = &operand(at, 0)->mem;

	if (is_kind(at, 0, X86_OP_MEM) && number(at, mem->base) != REG_NONE)
		at->insn->indexed = (struct indexed_access){.base = number(at, mem->base), .index = REG_NONE, .dst = REG_NONE,
							    .size = operand(at, 0)->size, .store = true};
}

/* Any instruction: memory is accessed with the registers as they were, then what is written is unknown. */
static void amd64_other(const struct amd64 *at)
{
	if (is_repeated(at))
		note_repeated(at);
	for (size_t n = 0; n < at->x86->op_count && !is_repeated(at); n++) {
		uint8_t access = is_kind(at, n, X86_OP_MEM) ? memory_access(at, n) : 0;

		if (access & CS_AC_READ)
			load_operand(at, n, REG_NONE);
		if (access & CS_AC_WRITE)
			store_operand(at, n, REG_NONE);
	}
	clobber_written(at);
}

static void amd64_mov(const struct amd64 *at)
{
	uint8_t wide = reg_operand(at, 0, 8), half = reg_operand(at, 0, 4);
	unsigned size = operand(at, 1)->size;

	if (is_kind(at, 0, X86_OP_MEM))
		store_operand(at, 0, is_kind(at, 1, X86_OP_REG) ? reg_operand(at, 1, size) : REG_NONE);
	else if (wide != REG_NONE && is_kind(at, 1, X86_OP_IMM))
		effect_const(at->insn, wide, (uint64_t)operand(at, 1)->imm);
	else if (half != REG_NONE && is_kind(at, 1, X86_OP_IMM))
		effect_const(at->insn, half, (uint32_t)operand(at, 1)->imm);
	else if (wide != REG_NONE && reg_operand(at, 1, 8) != REG_NONE)
		effect_sum(at->insn, wide, reg_operand(at, 1, 8), 0);
	else if ((wide != REG_NONE || half != REG_NONE) && is_kind(at, 1, X86_OP_MEM))
		load_operand(at, 1, wide != REG_NONE ? wide : half);
	else
		amd64_other(at);
}

static void amd64_movzx(const struct amd64 *at)
{
	uint8_t wide = reg_operand(at, 0, 8), half = reg_operand(at, 0, 4);

	if ((wide != REG_NONE || half != REG_NONE) && is_kind(at, 1, X86_OP_MEM))
		load_operand(at, 1, wide != REG_NONE ? wide : half);
	else
		amd64_other(at);
}

static void lea_indexed(const struct amd64 *at, uint8_t dst)
{
	note_indexed(at, 1, dst, false);
	at->insn->indexed.formed = at->insn->indexed.size != 0;
	at->insn->indexed.size = 0;
	clobber_written(at);
}

static void amd64_lea(const struct amd64 *at)
{
	uint8_t dst = reg_operand(at, 0, 8), base;
	const x86_op_mem *mem = &operand(at, 1)->mem;
	int64_t offset;

	if (dst == REG_NONE)
		clobber_written(at);
	else if (address_of(at, operand(at, 1), &base, &offset) && base != REG_NONE)
		effect_sum(at->insn, dst, base, offset);
	else if (address_of(at, operand(at, 1), &base, &offset))
		effect_address(at->arch, at->insn, dst, (uint64_t)offset, 0);
	else if (number(at, mem->base) != REG_NONE && number(at, mem->index) != REG_NONE && mem->scale == 1 &&
		 !mem->disp && at->x86->addr_size == WORD)
		effect_reg_sum(at->insn, EFFECT_ADD_REG, dst, number(at, mem->base), number(at, mem->index));
	else
		lea_indexed(at, dst);
}

/* ADD, SUB, INC, DEC of a 64-bit register. */
static void amd64_add(const struct amd64 *at)
{
	bool subtract = at->cs->id == X86_INS_SUB || at->cs->id == X86_INS_DEC;
	uint8_t dst = reg_operand(at, 0, 8), src = reg_operand(at, 1, 8);
	uint64_t value = is_kind(at, 1, X86_OP_IMM) ? (uint64_t)operand(at, 1)->imm : 1;

	if (dst == REG_NONE || is_kind(at, 1, X86_OP_MEM))
		amd64_other(at);
	else if (is_kind(at, 1, X86_OP_REG))
		effect_reg_sum(at->insn, subtract ? EFFECT_SUB_REG : EFFECT_ADD_REG, dst, dst, src);
	else
		effect_sum(at->insn, dst, dst, (int64_t)(subtract ? 0 - value : value));
}

/* xor eax, eax: the usual way to write 0. */
static void amd64_xor(const struct amd64 *at)
{
	uint8_t wide = reg_operand(at, 0, 8), half = reg_operand(at, 0, 4);
	uint8_t dst = wide != REG_NONE ? wide : half;

	if (dst != REG_NONE && is_kind(at, 1, X86_OP_REG) && operand(at, 0)->reg == operand(at, 1)->reg)
		effect_const(at->insn, dst, 0);
	else
		amd64_other(at);
}

/* Operands of 16 bits exist; everything else on the stack is a word. */
static uint8_t stack_size(const struct amd64 *at)
{
	return at->x86->prefix[2] == X86_PREFIX_OPSIZE ? 2 : WORD;
}

static void amd64_push(const struct amd64 *at)
{
	uint8_t sp = at->arch->sp, size = stack_size(at), src = reg_operand(at, 0, size);

	if (is_kind(at, 0, X86_OP_MEM))
		load_operand(at, 0, REG_NONE);
	effect_sum(at->insn, sp, sp, -size);
	effect_store(at->insn, sp, 0, size, src == sp ? REG_NONE : src); /* push rsp stores what SP was before */
}

static void amd64_pop(const struct amd64 *at)
{
	uint8_t sp = at->arch->sp, size = stack_size(at), dst = reg_operand(at, 0, WORD);

	effect_load(at->arch, at->insn, dst, sp, 0, size);
	effect_sum(at->insn, sp, sp, size);
	if (size != WORD)
		effect_clobber(at->arch, at->insn, reg_operand(at, 0, size));
	if (is_kind(at, 0, X86_OP_MEM))
		store_operand(at, 0, REG_NONE);
}

static void amd64_leave(const struct amd64 *at)
{
	uint8_t sp = at->arch->sp, fp = at->arch->fp;

	effect_sum(at->insn, sp, fp, 0);
	effect_load(at->arch, at->insn, fp, sp, 0, WORD);
	effect_sum(at->insn, sp, sp, WORD);
}

static void amd64_transfer(const struct amd64 *at)
{
	bool call = at->cs->id == X86_INS_CALL;

	if (is_kind(at, 0, X86_OP_IMM)) {
		at->insn->flow = call ? FLOW_CALL : FLOW_JUMP;
		at->insn->target = (uint64_t)operand(at, 0)->imm;
		return;
	}
	at->insn->flow = call ? FLOW_INDIRECT_CALL : FLOW_INDIRECT_JUMP;
	at->insn->through = reg_operand(at, 0, WORD);
	if (is_kind(at, 0, X86_OP_MEM))
		load_operand(at, 0, REG_NONE);
}

static void amd64_interrupt(const struct amd64 *at)
{
	enum { FASTFAIL = 0x29 }; /* Windows: __fastfail, does not return */

	if (at->cs->id != X86_INS_INT || operand(at, 0)->imm == FASTFAIL)
		at->insn->flow = FLOW_STOP;
	else
		clobber_written(at);
}

/* Capstone 4 says that some forms of TEST write. */
static void amd64_test(const struct amd64 *at)
{
	const uint8_t reg = reg_operand(at, 0, WORD);

	if (is_kind(at, 0, X86_OP_MEM))
		load_operand(at, 0, REG_NONE);
	else if (reg == reg_operand(at, 1, WORD))
		at->insn->tested = reg;
}

static void amd64_compare(const struct amd64 *at)
{
	if (is_kind(at, 1, X86_OP_IMM) && !operand(at, 1)->imm)
		at->insn->tested = reg_operand(at, 0, WORD);
	for (size_t n = 0; n < 2; n++)
		at->insn->compared[n] = reg_operand(at, n, WORD);
	amd64_other(at);
}

static void amd64_return(const struct amd64 *at)
{
	at->insn->flow = FLOW_RETURN;
}

static const struct {
	unsigned id;
	void (*decode)(const struct amd64 *at);
} amd64_insns[] = {
	{X86_INS_MOV, amd64_mov},       {X86_INS_MOVABS, amd64_mov},    {X86_INS_MOVZX, amd64_movzx},
	{X86_INS_LEA, amd64_lea},       {X86_INS_ADD, amd64_add},       {X86_INS_SUB, amd64_add},
	{X86_INS_INC, amd64_add},       {X86_INS_DEC, amd64_add},       {X86_INS_XOR, amd64_xor},
	{X86_INS_PUSH, amd64_push},     {X86_INS_PUSHFQ, amd64_push},   {X86_INS_PUSHF, amd64_push},
	{X86_INS_POP, amd64_pop},       {X86_INS_POPFQ, amd64_pop},     {X86_INS_POPF, amd64_pop},
	{X86_INS_LEAVE, amd64_leave},   {X86_INS_CALL, amd64_transfer}, {X86_INS_JMP, amd64_transfer},
	{X86_INS_RET, amd64_return},    {X86_INS_RETF, amd64_return},   {X86_INS_RETFQ, amd64_return},
	{X86_INS_IRETQ, amd64_return},  {X86_INS_UD2, amd64_interrupt}, {X86_INS_INT3, amd64_interrupt},
	{X86_INS_HLT, amd64_interrupt}, {X86_INS_INT, amd64_interrupt}, {X86_INS_INT1, amd64_interrupt},
	{X86_INS_TEST, amd64_test},     {X86_INS_CMP, amd64_compare},
};

/* Jcc, LOOP, JRCXZ, XBEGIN: what has a relative target and is neither JMP nor CALL. */
static bool amd64_is_branch(const struct amd64 *at)
{
	return is_kind(at, 0, X86_OP_IMM) && (cs_insn_group(at->decoder->handle, at->cs, CS_GRP_JUMP) ||
					      cs_insn_group(at->decoder->handle, at->cs, CS_GRP_BRANCH_RELATIVE));
}

static void decode(const struct amd64 *at)
{
	for (size_t i = 0; i < sizeof amd64_insns / sizeof *amd64_insns; i++)
		if (amd64_insns[i].id == at->cs->id) {
			amd64_insns[i].decode(at);
			return;
		}
	if (amd64_is_branch(at)) {
		at->insn->flow = FLOW_BRANCH;
		at->insn->target = (uint64_t)operand(at, 0)->imm;
		at->insn->on = at->cs->id == X86_INS_JE	   ? BRANCH_ON_ZERO
			       : at->cs->id == X86_INS_JNE ? BRANCH_ON_NONZERO
							   : BRANCH_ON_ELSE;
	}
	amd64_other(at);
}

void insn_amd64(struct decoder *decoder, struct insn *insn)
{
	decode(&(struct amd64){decoder, decoder->arch, insn, decoder->scratch, &decoder->scratch->detail->x86});
}

/* ---- what memory it accesses ---- */

/* A register that is read without being named holds an address: SP, and what maskmovdqu writes to. */
static bool is_implied_address(unsigned reg)
{
	return reg == X86_REG_RSP || reg == X86_REG_ESP || reg == X86_REG_RDI || reg == X86_REG_EDI || reg == X86_REG_DI;
}

/* Whether the operand is not all that is accessed: bits are counted from it by a register, or the CPU's features decide the size. */
static bool reaches_further(const struct amd64 *at)
{
	static const unsigned bits[] = {X86_INS_BT, X86_INS_BTS, X86_INS_BTR, X86_INS_BTC};

	for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
		if (at->cs->id == bits[i])
			return is_kind(at, 1, X86_OP_REG);
	return !strncmp(at->cs->mnemonic, "xsave", 5) || !strncmp(at->cs->mnemonic, "xrstor", 6);
}

/* What can fault without a memory operand: what SP addresses, privileged instructions, interrupts, jumps to what a register
 * holds; and what faults by arithmetic, which is another signal's to say. */
static enum insn_touch touches_implicitly(const struct amd64 *at)
{
	static const unsigned plain_groups[] = {X86_GRP_PRIVILEGE, X86_GRP_INT, X86_GRP_IRET, X86_GRP_CALL, X86_GRP_RET};
	cs_regs read, written;
	uint8_t reads = 0, writes = 0;

	for (size_t i = 0; i < sizeof plain_groups / sizeof *plain_groups; i++)
		if (cs_insn_group(at->decoder->handle, at->cs, plain_groups[i]))
			return TOUCH_UNKNOWN;
	if (cs_insn_group(at->decoder->handle, at->cs, CS_GRP_JUMP) && !is_kind(at, 0, X86_OP_IMM))
		return TOUCH_UNKNOWN;
	if (cs_regs_access(at->decoder->handle, at->cs, read, &reads, written, &writes) != CS_ERR_OK)
		return TOUCH_UNKNOWN;
	for (size_t i = 0; i < at->x86->op_count; i++)
		if (operand(at, i)->type == X86_OP_MEM || /* capstone leaves out how some access theirs, such as one of FS */
		    (operand(at, i)->type == X86_OP_REG && at->decoder->number[operand(at, i)->reg] == REG_NONE))
			return TOUCH_UNKNOWN; /* segments, vectors with state of their own, control registers */
	for (size_t i = 0; i < at->cs->detail->regs_read_count; i++)
		if (is_implied_address(at->cs->detail->regs_read[i]))
			return TOUCH_UNKNOWN;
	return at->insn->flow == FLOW_STOP || at->cs->id == X86_INS_XLATB || at->cs->id == X86_INS_ENTER ? TOUCH_UNKNOWN : TOUCH_NOTHING;
}

static uint8_t shift_of(int scale)
{
	return scale == 8 ? 3 : scale == 4 ? 2 : scale == 2 ? 1 : 0;
}

static void amd64_operand(const struct amd64 *at, size_t n, struct insn_operand *ret)
{
	const x86_op_mem *mem = &operand(at, n)->mem;
	const uint8_t access = memory_access(at, n);
	const bool indexed = mem->index != X86_REG_INVALID && mem->index != X86_REG_RIZ;

	*ret = (struct insn_operand){
		.read = access & CS_AC_READ,
		.write = access & CS_AC_WRITE,
		.base = mem->base == X86_REG_INVALID || mem->base == X86_REG_RIP ? REG_NONE : number(at, mem->base),
		.index = indexed ? number(at, mem->index) : REG_NONE,
		.shift = shift_of(mem->scale),
		.index_bits = 64,
		.offset = mem->disp,
		.size = operand(at, n)->size,
	};
	if (mem->base == X86_REG_RIP)
		ret->offset = (int64_t)(at->insn->address + at->insn->size + (uint64_t)mem->disp);
	ret->known = mem->segment != X86_REG_FS && mem->segment != X86_REG_GS && at->x86->addr_size == WORD &&
		     (mem->base == X86_REG_INVALID || mem->base == X86_REG_RIP || ret->base != REG_NONE) &&
		     (!indexed || ret->index != REG_NONE);
}

static enum insn_touch touches(const struct amd64 *at, struct insn_operand *ret)
{
	size_t count = 0;

	if (at->cs->id == X86_INS_LEA || at->cs->id == X86_INS_NOP)
		return TOUCH_NOTHING;
	for (size_t n = 0; n < at->x86->op_count; n++)
		if (is_kind(at, n, X86_OP_MEM) && memory_access(at, n)) {
			amd64_operand(at, n, ret);
			ret->known = ret->known && !count++;
		}
	if (count && (at->insn->flow == FLOW_INDIRECT_CALL || at->insn->flow == FLOW_INDIRECT_JUMP || at->cs->id == X86_INS_PUSH ||
		      at->cs->id == X86_INS_POP || is_repeated(at) || reaches_further(at)))
		ret->known = false; /* it accesses the stack as well, or many words */
	return count ? TOUCH_MEMORY : touches_implicitly(at);
}
enum insn_touch insn_amd64_touches(struct decoder *decoder, struct insn *insn, struct insn_operand *ret)
{
	return touches(&(struct amd64){decoder, decoder->arch, insn, decoder->scratch, &decoder->scratch->detail->x86}, ret);
}

/* ---- newer than capstone ---- */

/* Bytes of a ModRM byte, what follows it, and an immediate byte if there is one; 0 when the code is cut short. */
static size_t modrm_size(struct span code, size_t at, bool immediate)
{
	uint8_t modrm = span_u8(code, at), sib = span_u8(code, at + 1), mode = modrm >> 6;
	bool has_sib = mode != 3 && (modrm & 7) == 4;
	bool far = mode == 2 || (mode == 0 && ((modrm & 7) == 5 || (has_sib && (sib & 7) == 5)));
	size_t size = 1 + (has_sib ? 1u : 0u) + (far ? 4u : mode == 1 ? 1u : 0u) + (immediate ? 1u : 0u);

	return at + size <= code.size ? size : 0;
}

bool insn_amd64_vector(const struct decoder *decoder, struct span code, struct insn *insn)
{
	uint8_t first = span_u8(code, 0), second = span_u8(code, 1);
	uint8_t map = first == 0xc5 ? 1 : first == 0xc4 ? second & 0x1f : second & 0x0f;
	size_t opcode_at = first == 0xc5 ? 2 : first == 0xc4 ? 3 : 4, size;
	uint8_t opcode = span_u8(code, opcode_at), modrm = span_u8(code, opcode_at + 1);
	bool immediate = map == 3 || (map == 1 && ((opcode >= 0x70 && opcode <= 0x73) || opcode == 0xc2 ||
						   (opcode >= 0xc4 && opcode <= 0xc6)));

	if ((first != 0xc5 && first != 0xc4 && first != 0x62) || !map || map > (first == 0x62 ? 6 : 3) || map == 4 ||
	    (first == 0x62 && !(span_u8(code, 2) & 4)))
		return false;
	size = modrm_size(code, opcode_at + 1, immediate);
	insn->size = (uint8_t)(opcode_at + 1 + size);
	if (first != 0x62 && (modrm >> 3 & 7) + (second & 0x80 ? 0 : 8) != 4) /* no vector instruction writes rsp */
		effect_clobber(decoder->arch, insn,
			       reg_by_name(decoder->arch, amd64_regs[(modrm >> 3 & 7) + (second & 0x80 ? 0 : 8)].name));
	return size != 0;
}
