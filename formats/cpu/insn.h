/* insn.h: machine code, decoded into what the analyzer reasons about: where control goes, and what happens to registers
 * and stack slots. Capstone decodes amd64 and prints both CPUs; its types stay in insn_decoder.h. A64 is insn_arm64.c's. */
#ifndef FORMATS_CPU_INSN_H
#define FORMATS_CPU_INSN_H

#include "base/arena.h"
#include "base/span.h"
#include "formats/cpu/arch.h"

enum insn_flow {
	FLOW_NEXT,          /* falls through */
	FLOW_JUMP,          /* to target, always */
	FLOW_BRANCH,        /* to target, or falls through */
	FLOW_CALL,          /* calls target, then falls through */
	FLOW_INDIRECT_CALL, /* calls an address not in the instruction */
	FLOW_INDIRECT_JUMP, /* register or memory jump: successors unknown */
	FLOW_RETURN,
	FLOW_STOP, /* trap: ud2, int3, brk, udf, hlt */
};

enum effect_kind {
	EFFECT_CONST,   /* dst = value: an immediate (src REG_NONE), or the address that LEA off(RIP), ADR, ADRP form
			 * (src = arch->pc; mask: its bits that are left for a later instruction, 0xfff for ADRP) */
	EFFECT_INSERT,  /* dst = (dst & ~mask) | value (MOVK) */
	EFFECT_ADD,     /* dst = src + value (also plain moves: value 0) */
	EFFECT_ADD_REG, /* dst = src + src2 */
	EFFECT_SUB_REG, /* dst = src - src2 */
	EFFECT_LOAD,    /* dst = [src + value], size bytes, zero-extended; dst REG_NONE when it is no general register,
			 * or when only part of it, or more, is written (a CLOBBER follows): movsx, mov al, add rax */
	EFFECT_STORE,   /* [src + value] = low `size` bytes of src2; src2 REG_NONE: a value that is not known (constants
			 * too), and in conditional stores */
	EFFECT_CLOBBER, /* dst = something unknown */
};

/* Which way a BRANCH goes, if by equal or zero. */
enum branch_on { BRANCH_ON_ELSE, BRANCH_ON_ZERO, BRANCH_ON_NONZERO };

/* Registers are numbered as arch->reg_names. In LOAD and STORE, src REG_NONE means that value is an absolute address
 * (RIP-relative on amd64); an indexed or otherwise unknown address is no LOAD or STORE but a CLOBBER of the
 * destination. */
struct effect {
	enum effect_kind kind;
	uint8_t dst, src, src2;
	uint8_t size;
	int64_t value;
	uint64_t mask;
};

enum { EFFECT_LIMIT = 8 };

/* An access to memory at base + (index << shift) + offset. It is in no effect, but for the CLOBBER of what is loaded. index
 * REG_NONE: a repeated one (rep stos), which moves base along. */
struct indexed_access {
	uint8_t base, index, dst; /* dst: the register that all of its bytes are loaded into; REG_NONE: none */
	uint8_t shift;
	uint8_t size; /* bytes; 0: the instruction makes no such access */
	bool store;
	int64_t offset;
	bool formed; /* with size 0: LEA puts that address into dst, and accesses nothing */
};

/* Effects are in the order in which they take place: `ldr x30, [sp], #32` is LOAD x30 = [sp + 0], ADD sp = sp + 32.
 * A call's own push and its callee's effects are not listed: SP is unchanged after it, every other register may differ.
 * Nor is what a return pops. A SP that `sp_unknown` speaks of appears in no CLOBBER.
 * An instruction with more effects than fit (none that compilers emit) has sp_unknown set. */
struct insn {
	uint64_t address;
	uint8_t size;
	enum insn_flow flow;
	uint64_t target; /* of JUMP, BRANCH, CALL */
	size_t count;
	struct effect effects[EFFECT_LIMIT];
	struct indexed_access indexed;
	uint8_t compared[2]; /* whole registers that it compares, as an index with a length; REG_NONE: memory (an EFFECT_LOAD),
			      * a constant, or it is no comparison */
	uint8_t tested;    /* whole register that it compares with 0: TEST r, r; CMP r, 0; CBZ and CBNZ, which branch by that; REG_NONE: it does not */
	enum branch_on on; /* BRANCH: taken if what was compared is equal or zero, or if it is not */
	uint8_t through; /* INDIRECT_CALL, INDIRECT_JUMP: the register that has the target; REG_NONE: memory, or no such insn */
	bool sp_unknown; /* SP changes in a way that the effects do not describe (and rsp, -16; mov rsp, [mem]) */
};

struct decoder;

/* A decoder for one CPU, closed with the arena. */
struct decoder *decoder_new(struct arena *arena, const struct arch *arch);

/* Decodes the instruction at `address` whose bytes are code[0…]. False when the bytes are no instruction; then `ret` is
 * untouched. */
bool insn_decode(struct decoder *decoder, uint64_t address, struct span code, struct insn *ret);

enum insn_touch {
	TOUCH_UNKNOWN, /* it may raise a fault for other reasons than its operand (privileged, a jump to a register's value), or is
			* none that is known */
	TOUCH_NOTHING, /* it accesses no memory, and cannot fault: a direct jump, nop, arithmetic between registers */
	TOUCH_MEMORY,
};

/* The memory operand of an instruction, with the registers before it: base + (index << shift) + offset. */
struct insn_operand {
	bool read, write;
	uint8_t base, index; /* REG_NONE: none */
	uint8_t shift;
	uint8_t index_bits;  /* 32: only the lower half of index counts, with its sign if index_signed; else 64 */
	bool index_signed;
	int64_t offset;      /* with neither base nor index: the address */
	unsigned size;       /* bytes, 0: not known */
	bool known;          /* the others are set; false: more than one operand, a segment, the stack's */
};

/* The address of an operand, whose registers hold that; of one that it does not have any value will do. */
uint64_t insn_operand_address(const struct insn_operand *operand, uint64_t base, uint64_t index);

/* What an instruction does to memory: *ret is filled with TOUCH_MEMORY only. */
enum insn_touch insn_touches(struct decoder *decoder, uint64_t address, struct span code, struct insn_operand *ret);

/* The size of an instruction that, by its opcode alone, neither transfers control, nor names SP as an operand, nor is a
 * NOP; 0: it may, decode it. Many times faster than that, for sweeps over whole programs. Always 0 where decoding is
 * fast (arm64). */
size_t insn_plain(const struct arch *arch, struct span code);

/* The instruction in assembler syntax, nearly as objdump (-M intel) prints it ("add sp, sp, #0x10, lsl #12"), on the
 * arena; ".inst 0x…" or ".byte 0x…" for one newer than capstone; NULL when it does not decode. */
const char *insn_text(struct decoder *decoder, struct arena *arena, uint64_t address, struct span code);

/* Whether `return_address` follows a call, and of what kind; code must be the bytes before it, at least up to 7 of
 * them, ending at return_address. FLOW_CALL sets *target. amd64 has instructions of many lengths: every length that
 * decodes as a call ending there counts; a direct call is preferred. Returns FLOW_CALL, FLOW_INDIRECT_CALL, or
 * FLOW_NEXT for none. */
enum insn_flow insn_call_before(struct decoder *decoder, uint64_t return_address, struct span code, uint64_t *target);

/* Finds, in code that lies at `address`, direct calls of `target`, by their encoding: *at becomes the offset of the next
 * return address after offset *at; false when there is none. On amd64 a find may be an accident of other bytes: ask
 * insn_call_before. */
bool insn_next_call(const struct arch *arch, uint64_t address, struct span code, uint64_t target, size_t *at);

#endif
