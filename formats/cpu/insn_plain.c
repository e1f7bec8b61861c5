/* insn_plain.c: the length of amd64 instructions that are of no interest, by their opcode alone (Intel SDM volume
 * 2, appendix A, "Opcode Map"). Capstone needs half a microsecond for each, which is seconds for a large program.
 * What is not known here to be plain is left to it. */
#include "formats/cpu/insn.h"

enum { RSP = 4, REX_B = 1, REX_R = 4, REX_W = 8, PREFIX_LIMIT = 4, LENGTH_LIMIT = 15 };

/* What follows an opcode: '.' it is not plain; 'n' nothing; 'i' imm8; 'z' imm32 (imm16 with prefix 66); 'm' ModRM;
 * 'b' ModRM and imm8; 'w' ModRM and imm32; 'r' nothing, its register is in the opcode; 'v' the same, and an
 * immediate; 'o', 'g' and 'f' are groups of operations, see skip_rest. */
static const char one_byte[] = "mmmmiz..mmmmiz.."  /* 00 add, or */
			       "mmmmiz..mmmmiz.."  /* 10 adc, sbb */
			       "mmmmiz..mmmmiz.."  /* 20 and, sub */
			       "mmmmiz..mmmmiz.."  /* 30 xor, cmp */
			       "................"  /* 40 REX */
			       "................"  /* 50 push, pop */
			       "...m.....w.b...."  /* 60 movsxd, imul */
			       "................"  /* 70 jcc */
			       "bw.bmmmmmmmm.m.."  /* 80 group 1, test, xchg, mov, lea */
			       ".rrrrrrrnn......"  /* 90 xchg, cwde, cdq */
			       "....nnnniznnnnnn"  /* a0 movs, cmps, test, stos, lods, scas */
			       "vvvvvvvvvvvvvvvv"  /* b0 mov */
			       "bb....oo........"  /* c0 shifts, mov */
			       "mmmm............"  /* d0 shifts */
			       "................"  /* e0 loop, call, jmp */
			       "......ff......gg"; /* f0 group 3, 4, 5 */

static const char two_byte[] = "................"  /* 00 */
			       "mmmmmmmmm......."  /* 10 movups …, prefetch */
			       "........mmmmmmmm"  /* 20 movaps … */
			       ".n.............."  /* 30 rdtsc */
			       "mmmmmmmmmmmmmmmm"  /* 40 cmov */
			       "mmmmmmmmmmmmmmmm"  /* 50 */
			       "mmmmmmmmmmmmmmmm"  /* 60 */
			       "bbbbmmm.......mm"  /* 70 */
			       "................"  /* 80 jcc */
			       "mmmmmmmmmmmmmmmm"  /* 90 setcc */
			       "..nmbm.....mbm.m"  /* a0 cpuid, bt, shld, bts, shrd, imul */
			       "mm.m..mmm.bmmmmm"  /* b0 cmpxchg, btr, movzx, popcnt, group 8, btc, bsf, bsr, movsx */
			       "mmb.bbb.rrrrrrrr"  /* c0 xadd, cmpps, …, bswap */
			       "mmmmmmmmmmmmmmmm"  /* d0 */
			       "mmmmmmmmmmmmmmmm"  /* e0 */
			       "mmmmmmmmmmmmmmm."; /* f0 */

struct plain {
	struct span code;
	size_t at;
	uint8_t rex;
	bool half;   /* prefix 66 */
	bool vector; /* VEX or EVEX: their registers may be others than the three bits say that are looked at here */
};

static uint8_t next(struct plain *plain)
{
	return span_u8(plain->code, plain->at++);
}

static bool is_rsp(const struct plain *plain, unsigned reg, uint8_t extension)
{
	return reg == RSP && (plain->vector || !(plain->rex & extension));
}

/* Skips ModRM, SIB and displacement. False where RSP may be an operand (not: in an address), whether written or not. */
static bool skip_operands(struct plain *plain, unsigned *reg)
{
	uint8_t byte = next(plain);
	unsigned mod = byte >> 6, rm = byte & 7, base;

	*reg = byte >> 3 & 7;
	if (is_rsp(plain, *reg, REX_R))
		return false;
	if (mod == 3)
		return !is_rsp(plain, rm, REX_B);
	base = rm == RSP ? next(plain) & 7 : rm;
	plain->at += mod == 1 ? 1 : mod == 2 || base == 5 ? 4 : 0;
	return true;
}

static void skip_immediate(struct plain *plain)
{
	plain->at += plain->half && !(plain->rex & REX_W) ? 2 : 4;
}

/* What follows an opcode; false: it is not plain. */
static bool skip_rest(struct plain *plain, char kind, uint8_t opcode)
{
	unsigned reg;

	switch (kind) {
	case 'n':
		return true;
	case 'i':
		plain->at++;
		return true;
	case 'z':
		skip_immediate(plain);
		return true;
	case 'r':
		return !is_rsp(plain, opcode & 7, REX_B);
	case 'v':
		plain->at += opcode < 0xb8 ? 1 : plain->rex & REX_W ? 8 : plain->half ? 2 : 4;
		return !is_rsp(plain, opcode & 7, REX_B);
	case 'm':
		return skip_operands(plain, &reg);
	case 'b':
		if (!skip_operands(plain, &reg))
			return false;
		plain->at++;
		return true;
	case 'w':
		if (!skip_operands(plain, &reg))
			return false;
		skip_immediate(plain);
		return true;
	case 'o': /* MOV; the others of the group begin and end transactions */
		if (!skip_operands(plain, &reg))
			return false;
		if (opcode == 0xc7)
			skip_immediate(plain);
		plain->at += opcode == 0xc6;
		return !reg;
	case 'g': /* INC and DEC; the others of the group transfer control */
		return skip_operands(plain, &reg) && reg < 2;
	case 'f': /* TEST has an immediate, the others have none */
		if (!skip_operands(plain, &reg))
			return false;
		if (reg < 2 && opcode == 0xf7)
			skip_immediate(plain);
		plain->at += reg < 2 && opcode == 0xf6;
		return true;
	default:
		return false;
	}
}

/* Opcodes of map 1 that have a vector form. */
static bool has_vector_form(uint8_t opcode)
{
	return (opcode & 0xf8) == 0x10 || (opcode & 0xf8) == 0x28 || (opcode >= 0x50 && opcode < 0x80) ||
	       (opcode & 0xf8) == 0xc0 || opcode >= 0xd0;
}

/* Opcodes of more than one byte, by their map; 0F, 0F 38 and 0F 3A are maps 1 to 3. In map 2, F0 to F7 name a
 * destination in another place. */
static bool skip_mapped(struct plain *plain, unsigned map)
{
	uint8_t opcode = next(plain);

	if (map == 1 && plain->vector && !has_vector_form(opcode))
		return false;
	if (map == 1)
		return skip_rest(plain, two_byte[opcode], opcode);
	if (map == 2)
		return (opcode & 0xf8) != 0xf0 && skip_rest(plain, 'm', opcode);
	return map == 3 && skip_rest(plain, 'b', opcode);
}

/* Opcode 0F, or the prefixes that VEX (C4, C5) and EVEX (62) have instead of it and of others. */
static bool skip_escape(struct plain *plain, uint8_t opcode)
{
	unsigned map = 1;

	if (opcode == 0x0f) {
		uint8_t second = span_u8(plain->code, plain->at);

		map = second == 0x38 ? 2 : second == 0x3a ? 3 : 1;
		plain->at += map > 1;
		return skip_mapped(plain, map);
	}
	plain->vector = true;
	if (opcode != 0xc5)
		map = next(plain) & (opcode == 0x62 ? 7 : 0x1f);
	plain->at += opcode == 0x62 ? 2 : 1;
	return skip_mapped(plain, map);
}

static bool is_prefix(uint8_t byte)
{
	return byte == 0x66 || byte == 0xf0 || byte == 0xf2 || byte == 0xf3 || byte == 0x64 || byte == 0x65;
}

size_t insn_plain(const struct arch *arch, struct span code)
{
	struct plain plain = {.code = code};
	uint8_t opcode = next(&plain);
	bool known;

	if (arch->id != ARCH_AMD64)
		return 0;
	for (int i = 0; i < PREFIX_LIMIT && is_prefix(opcode); i++) {
		plain.half |= opcode == 0x66;
		opcode = next(&plain);
	}
	if ((opcode & 0xf0) == 0x40) {
		plain.rex = opcode;
		opcode = next(&plain);
	}
	if (opcode == 0x0f || opcode == 0x62 || opcode == 0xc4 || opcode == 0xc5)
		known = skip_escape(&plain, opcode);
	else
		known = skip_rest(&plain, one_byte[opcode], opcode);
	return known && plain.at <= code.size && plain.at <= LENGTH_LIMIT ? plain.at : 0;
}
