/* insn_arm64.c: effects and control flow of A64 instructions, read from the encoding (Arm Architecture Reference
 * Manual, C4.1, "A64 instruction set encoding"). Not capstone: version 4 does not know the LSE atomics that Go emits,
 * and a table lookup is many times faster. */
#include "formats/cpu/insn_effects.h"

enum { A64_SIZE = 4, A64_NO_REG = 31 };

static const struct arch *const arch = &arch_arm64; /* x0…x30 are its registers 0…30 */

static uint32_t bits(uint32_t word, unsigned high, unsigned low)
{
	return word >> low & (uint32_t)((UINT64_C(1) << (high - low + 1)) - 1);
}

static int64_t signed_bits(uint32_t word, unsigned high, unsigned low)
{
	uint64_t sign = UINT64_C(1) << (high - low);

	return (int64_t)((bits(word, high, low) ^ sign) - sign);
}

/* The register in a field whose number 31 means xzr, or SP. */
static uint8_t reg_or_zero(uint32_t word, unsigned low)
{
	uint32_t field = bits(word, low + 4, low);

	return field == A64_NO_REG ? REG_NONE : (uint8_t)field;
}

static uint8_t reg_or_sp(uint32_t word, unsigned low)
{
	uint32_t field = bits(word, low + 4, low);

	return field == A64_NO_REG ? arch->sp : (uint8_t)field;
}

static uint64_t relative(const struct insn *insn, int64_t words)
{
	return insn->address + (uint64_t)words * A64_SIZE;
}

static bool jump(uint32_t word, struct insn *insn)
{
	insn->flow = bits(word, 31, 31) ? FLOW_CALL : FLOW_JUMP;
	insn->target = relative(insn, signed_bits(word, 25, 0));
	return true;
}

static bool branch(uint32_t word, struct insn *insn)
{
	bool always = bits(word, 31, 24) == 0x54 && bits(word, 3, 1) == 7; /* b.al, b.nv */

	insn->flow = always ? FLOW_JUMP : FLOW_BRANCH;
	insn->target = relative(insn, signed_bits(word, 23, 5));
	if (bits(word, 31, 24) == 0x54 && !bits(word, 4, 4) && bits(word, 3, 0) <= 1)
		insn->on = bits(word, 0, 0) ? BRANCH_ON_NONZERO : BRANCH_ON_ZERO; /* b.ne, b.eq */
	return true;
}

/* CBZ, CBNZ. */
static bool compare_branch(uint32_t word, struct insn *insn)
{
	insn->flow = FLOW_BRANCH;
	insn->target = relative(insn, signed_bits(word, 23, 5));
	insn->on = bits(word, 24, 24) ? BRANCH_ON_NONZERO : BRANCH_ON_ZERO;
	insn->tested = bits(word, 31, 31) ? reg_or_zero(word, 0) : REG_NONE;
	return true;
}

static bool test_branch(uint32_t word, struct insn *insn)
{
	insn->flow = FLOW_BRANCH;
	insn->target = relative(insn, signed_bits(word, 18, 5));
	return true;
}

/* BR, BLR, RET, and their forms that authenticate the address. */
static bool branch_register(uint32_t word, struct insn *insn)
{
	static const enum insn_flow flows[] = {FLOW_INDIRECT_JUMP, FLOW_INDIRECT_CALL, FLOW_RETURN};
	uint32_t operation = bits(word, 23, 21);

	if (operation > 2 || bits(word, 20, 16) != 31 || bits(word, 15, 12))
		return false;
	insn->flow = flows[operation];
	insn->through = operation == 2 ? REG_NONE : reg_or_zero(word, 5);
	return true;
}

static bool exception(uint32_t word, struct insn *insn)
{
	uint32_t operation = bits(word, 23, 21);
	uint32_t level = bits(word, 4, 0);

	if (!operation && level && level <= 3) /* svc, hvc, smc: the result is in x0 */
		effect_clobber(arch, insn, 0);
	else if ((operation == 1 || operation == 2) && !level) /* brk, hlt */
		insn->flow = FLOW_STOP;
	else
		return false;
	return true;
}

static bool undefined(uint32_t word, struct insn *insn)
{
	(void)word;
	insn->flow = FLOW_STOP;
	return true;
}

/* Hints, barriers, MSR, MRS, cache maintenance. */
static bool system_register(uint32_t word, struct insn *insn)
{
	bool signs_lr = (word & 0xffffff1f) == 0xd503231f; /* paciasp, autiasp and the like: hints 24 to 31 */
	bool signs_x17 = (word & 0xffffff1f) == 0xd503211f;

	if (bits(word, 21, 21)) /* mrs, sysl */
		effect_clobber(arch, insn, reg_or_zero(word, 0));
	else if (signs_lr)
		effect_clobber(arch, insn, arch->lr);
	else if (signs_x17)
		effect_clobber(arch, insn, 17);
	return true;
}

static bool address(uint32_t word, struct insn *insn)
{
	uint64_t offset = (uint64_t)signed_bits(word, 23, 5) << 2 | bits(word, 30, 29);
	bool page = bits(word, 31, 31);

	if (page)
		effect_address(arch, insn, reg_or_zero(word, 0), (insn->address & ~UINT64_C(0xfff)) + (offset << 12),
			       0xfff);
	else
		effect_address(arch, insn, reg_or_zero(word, 0), insn->address + offset, 0);
	return true;
}

/* ADD, SUB of an immediate. The forms that set the flags write xzr where the others write SP. */
static bool add_immediate(uint32_t word, struct insn *insn)
{
	bool wide = bits(word, 31, 31), subtract = bits(word, 30, 30), flags = bits(word, 29, 29);
	int64_t value = (int64_t)bits(word, 21, 10) << (bits(word, 22, 22) ? 12 : 0);
	uint8_t dst = flags ? reg_or_zero(word, 0) : reg_or_sp(word, 0);

	if (wide)
		effect_sum(insn, dst, reg_or_sp(word, 5), subtract ? -value : value);
	else
		effect_clobber(arch, insn, dst);
	return true;
}

/* The value that a logical immediate stands for: a run of ones, rotated, repeated (DecodeBitMasks). 0: reserved. */
static uint64_t bit_mask(uint32_t n, uint32_t rotation, uint32_t ones, bool wide)
{
	uint32_t selector = n << 6 | (~ones & 0x3f);
	unsigned length = 6, size;
	uint64_t element;

	while (length && !(selector >> length))
		length--;
	size = 1u << length;
	ones &= size - 1;
	rotation &= size - 1;
	if (!length || ones == size - 1 || (!wide && n))
		return 0;
	element = (UINT64_C(1) << (ones + 1)) - 1;
	if (rotation)
		element = element >> rotation | element << (size - rotation);
	if (size < 64)
		element &= (UINT64_C(1) << size) - 1;
	for (; size < 64; size *= 2)
		element |= element << size;
	return wide ? element : element & UINT32_MAX;
}

static bool logical_immediate(uint32_t word, struct insn *insn)
{
	enum { ORR = 1, ANDS = 3 };
	uint32_t operation = bits(word, 30, 29);
	uint64_t mask = bit_mask(bits(word, 22, 22), bits(word, 21, 16), bits(word, 15, 10), bits(word, 31, 31));
	uint8_t dst = operation == ANDS ? reg_or_zero(word, 0) : reg_or_sp(word, 0);

	if (!mask)
		return false;
	if (operation == ORR && bits(word, 9, 5) == A64_NO_REG)
		effect_const(insn, dst, mask);
	else
		effect_clobber(arch, insn, dst);
	return true;
}

static bool move_wide(uint32_t word, struct insn *insn)
{
	enum { MOVN = 0, UNALLOCATED = 1, MOVK = 3 };
	uint32_t operation = bits(word, 30, 29), shift = bits(word, 22, 21) * 16;
	uint64_t width = bits(word, 31, 31) ? UINT64_MAX : UINT32_MAX;
	uint64_t value = (uint64_t)bits(word, 20, 5) << shift;
	uint8_t dst = reg_or_zero(word, 0);

	if (operation == UNALLOCATED || (shift > 16 && width != UINT64_MAX))
		return false;
	if (operation != MOVK)
		effect_const(insn, dst, (operation == MOVN ? ~value : value) & width);
	else if (dst != REG_NONE)
		effect_add(insn, (struct effect){EFFECT_INSERT, dst, REG_NONE, REG_NONE, 0, (int64_t)value,
						 UINT64_C(0xffff) << shift | ~width});
	return true;
}

/* Sums of registers, of which either may be xzr (REG_NONE). */
static void sum(struct insn *insn, bool subtract, uint8_t dst, uint8_t a, uint8_t b)
{
	if (a == REG_NONE && b == REG_NONE)
		effect_const(insn, dst, 0);
	else if (b == REG_NONE)
		effect_sum(insn, dst, a, 0);
	else if (a == REG_NONE && !subtract)
		effect_sum(insn, dst, b, 0);
	else if (a == REG_NONE)
		effect_clobber(arch, insn, dst);
	else
		effect_reg_sum(insn, subtract ? EFFECT_SUB_REG : EFFECT_ADD_REG, dst, a, b);
}

static bool add_shifted(uint32_t word, struct insn *insn)
{
	uint8_t dst = reg_or_zero(word, 0);
	bool plain = !bits(word, 23, 22) && !bits(word, 15, 10);

	if (bits(word, 31, 31) && plain)
		sum(insn, bits(word, 30, 30), dst, reg_or_zero(word, 5), reg_or_zero(word, 16));
	else
		effect_clobber(arch, insn, dst);
	if (bits(word, 31, 29) == 7 && plain && dst == REG_NONE) { /* cmp */
		insn->compared[0] = reg_or_zero(word, 5);
		insn->compared[1] = reg_or_zero(word, 16);
	}
	return bits(word, 23, 22) != 3 && (bits(word, 31, 31) || !bits(word, 15, 15));
}

/* ADD sp, sp, x27: the form with SP extends its last register; UXTX #0 leaves it as it is. */
static bool add_extended(uint32_t word, struct insn *insn)
{
	enum { UXTX = 3 };
	uint8_t dst = bits(word, 29, 29) ? reg_or_zero(word, 0) : reg_or_sp(word, 0);

	if (bits(word, 31, 31) && bits(word, 15, 13) == UXTX && !bits(word, 12, 10))
		sum(insn, bits(word, 30, 30), dst, reg_or_sp(word, 5), reg_or_zero(word, 16));
	else
		effect_clobber(arch, insn, dst);
	return bits(word, 12, 10) <= 4;
}

static bool logical(uint32_t word, struct insn *insn)
{
	uint8_t dst = reg_or_zero(word, 0);
	uint8_t source = reg_or_zero(word, 16);
	bool move = (word & 0x7fe0ffe0) == 0x2a0003e0; /* orr dst, xzr, source */

	if (move && source == REG_NONE)
		effect_const(insn, dst, 0);
	else if (move && bits(word, 31, 31))
		effect_sum(insn, dst, source, 0);
	else
		effect_clobber(arch, insn, dst);
	return bits(word, 31, 31) || !bits(word, 15, 15);
}

static bool writes_rd(uint32_t word, struct insn *insn)
{
	effect_clobber(arch, insn, reg_or_zero(word, 0));
	return true;
}

static bool no_effect(uint32_t word, struct insn *insn)
{
	(void)word;
	(void)insn;
	return true;
}

/* One load or store of an integer or vector register: fields size (31:30), V (26), opc (23:22), Rt. */
static bool transfer(uint32_t word, struct insn *insn, uint8_t base, int64_t offset)
{
	bool vector = bits(word, 26, 26);
	uint32_t scale = bits(word, 31, 30), operation = bits(word, 23, 22);
	uint8_t reg = vector ? REG_NONE : reg_or_zero(word, 0);
	uint8_t size = (uint8_t)(vector && operation >= 2 ? 16u : 1u << scale);

	if (vector && operation >= 2 && scale)
		return false;
	if (!vector && scale == 3 && operation == 2) /* prefetch: cannot fault */
		return true;
	if (!vector && scale >= 2 && operation == 3)
		return false;
	if (!(vector ? operation & 1 : operation)) {
		effect_store(insn, base, offset, size, reg);
	} else if (vector || operation == 1) {
		effect_load(arch, insn, reg, base, offset, size);
	} else { /* sign-extended */
		effect_load(arch, insn, REG_NONE, base, offset, size);
		effect_clobber(arch, insn, reg);
	}
	return true;
}

static bool unsigned_offset(uint32_t word, struct insn *insn)
{
	uint32_t scale = bits(word, 26, 26) && bits(word, 23, 23) ? 4 : bits(word, 31, 30);

	return transfer(word, insn, reg_or_sp(word, 5), (int64_t)bits(word, 21, 10) << scale);
}

/* LDUR, LDTR and the forms that write the base back, before (!) or after the access. */
static bool signed_offset(uint32_t word, struct insn *insn)
{
	enum { AFTER = 1, BEFORE = 3 };
	uint8_t base = reg_or_sp(word, 5);
	int64_t offset = signed_bits(word, 20, 12);
	uint32_t mode = bits(word, 11, 10);
	bool valid;

	if (mode == BEFORE)
		effect_sum(insn, base, base, offset);
	valid = transfer(word, insn, base, mode == AFTER || mode == BEFORE ? 0 : offset);
	if (mode == AFTER)
		effect_sum(insn, base, base, offset);
	return valid;
}

static bool register_offset(uint32_t word, struct insn *insn)
{
	enum { LSL = 3, SXTX = 7 }; /* of a whole register; the others extend 32 bits */
	bool prefetch = bits(word, 31, 30) == 3 && bits(word, 23, 22) == 2, vector = bits(word, 26, 26);
	bool quad = vector && bits(word, 23, 23);
	uint32_t operation = bits(word, 23, 22), extend = bits(word, 15, 13), scale = quad ? 4 : bits(word, 31, 30);

	if (!vector && operation && !prefetch)
		effect_clobber(arch, insn, reg_or_zero(word, 0));
	if (!prefetch && reg_or_zero(word, 16) != REG_NONE && (extend == LSL || extend == SXTX))
		insn->indexed = (struct indexed_access){
			.base = reg_or_sp(word, 5), .index = reg_or_zero(word, 16), .size = (uint8_t)(1u << scale),
			.dst = !vector && operation == 1 ? reg_or_zero(word, 0) : REG_NONE,
			.shift = (uint8_t)(bits(word, 12, 12) ? scale : 0), .store = !(vector ? operation & 1 : operation)};
	return bits(word, 14, 14);
}

static bool literal(uint32_t word, struct insn *insn)
{
	enum { SIGNED = 2, PREFETCH = 3 };
	bool vector = bits(word, 26, 26);
	uint32_t operation = bits(word, 31, 30);
	uint8_t reg = vector ? REG_NONE : reg_or_zero(word, 0);
	uint8_t size = (uint8_t)(vector || operation != SIGNED ? 4u << operation : 4);

	if (operation == PREFETCH)
		return !vector;
	effect_load(arch, insn, vector || operation == SIGNED ? REG_NONE : reg, REG_NONE,
		    (int64_t)relative(insn, signed_bits(word, 23, 5)), size);
	if (operation == SIGNED)
		effect_clobber(arch, insn, reg);
	return true;
}

/* LDAPUR, STLUR: as LDUR, STUR. */
static bool ordered_unscaled(uint32_t word, struct insn *insn)
{
	return transfer(word, insn, reg_or_sp(word, 5), signed_bits(word, 20, 12));
}

/* Two loads from one base, that which overwrites the base last. */
static void load_pair(struct insn *insn, uint8_t first, uint8_t second, uint8_t base, int64_t offset, uint8_t size)
{
	if (first == base) {
		effect_load(arch, insn, second, base, offset + size, size);
		effect_load(arch, insn, first, base, offset, size);
	} else {
		effect_load(arch, insn, first, base, offset, size);
		effect_load(arch, insn, second, base, offset + size, size);
	}
}

static bool pair(uint32_t word, struct insn *insn)
{
	enum { AFTER = 1, BEFORE = 3, SIGNED = 1, UNALLOCATED = 3 };
	bool vector = bits(word, 26, 26), is_load = bits(word, 22, 22);
	uint32_t operation = bits(word, 31, 30), mode = bits(word, 24, 23);
	uint8_t size = (uint8_t)(vector ? 4u << operation : 4u << (operation >> 1));
	uint8_t base = reg_or_sp(word, 5);
	uint8_t first = vector ? REG_NONE : reg_or_zero(word, 0);
	uint8_t second = vector ? REG_NONE : reg_or_zero(word, 10);
	int64_t distance = signed_bits(word, 21, 15) * size;
	int64_t offset = mode == AFTER || mode == BEFORE ? 0 : distance;
	bool sign_extends = !vector && operation == SIGNED;

	if (operation == UNALLOCATED || (sign_extends && (!is_load || !mode)))
		return false;
	if (mode == BEFORE)
		effect_sum(insn, base, base, distance);
	if (!is_load) {
		effect_store(insn, base, offset, size, first);
		effect_store(insn, base, offset + size, size, second);
	} else if (sign_extends) {
		load_pair(insn, REG_NONE, REG_NONE, base, offset, size);
		effect_clobber(arch, insn, first);
		effect_clobber(arch, insn, second);
	} else {
		load_pair(insn, first, second, base, offset, size);
	}
	if (mode == AFTER)
		effect_sum(insn, base, base, distance);
	return true;
}

/* An atomic read, then write, of [base]; what is written is not known. */
static void exchange(struct insn *insn, uint8_t dst, uint8_t base, uint8_t size)
{
	effect_load(arch, insn, dst == base ? REG_NONE : dst, base, 0, size);
	effect_store(insn, base, 0, size, REG_NONE);
	if (dst == base)
		effect_clobber(arch, insn, dst);
}

/* LDADD, LDCLR, LDEOR, LDSET, LDSMAX…, SWP, LDAPR. */
static bool atomic(uint32_t word, struct insn *insn)
{
	uint8_t base = reg_or_sp(word, 5), reg = reg_or_zero(word, 0);
	uint8_t size = (uint8_t)(1u << bits(word, 31, 30));

	if (bits(word, 26, 26))
		return false;
	if ((word & 0x3ffffc00) == 0x38bfc000) /* ldapr */
		effect_load(arch, insn, reg, base, 0, size);
	else if (bits(word, 15, 15) && bits(word, 14, 12)) /* 64-byte and read-check-write accesses */
		effect_clobber(arch, insn, reg);
	else
		exchange(insn, reg, base, size);
	return true;
}

/* LDXR, STXR, their pairs, LDAR, STLR, CAS, CASP: fields o2 (23), L (22), o1 (21), Rs, o0, Rt2, Rn, Rt. A conditional
 * store stores what is not known. */
static bool exclusive(uint32_t word, struct insn *insn)
{
	bool ordered = bits(word, 23, 23), is_load = bits(word, 22, 22), pair = bits(word, 21, 21);
	uint8_t size = (uint8_t)(1u << bits(word, 31, 30)), half = (uint8_t)(4u << bits(word, 30, 30));
	uint8_t base = reg_or_sp(word, 5), reg = reg_or_zero(word, 0), status = reg_or_zero(word, 16);

	if (ordered && pair) { /* cas */
		exchange(insn, status, base, size);
	} else if (pair && !bits(word, 31, 31)) { /* casp */
		effect_load(arch, insn, REG_NONE, base, 0, (uint8_t)(half * 2));
		effect_store(insn, base, 0, (uint8_t)(half * 2), REG_NONE);
		effect_clobber(arch, insn, status);
		effect_clobber(arch, insn, reg_or_zero(word | 1u << 16, 16));
	} else if (pair && is_load) { /* ldxp */
		load_pair(insn, reg, reg_or_zero(word, 10), base, 0, half);
	} else if (is_load) {
		effect_load(arch, insn, reg, base, 0, size);
	} else if (ordered) { /* stlr */
		effect_store(insn, base, 0, size, reg);
	} else {
		effect_store(insn, base, 0, pair ? (uint8_t)(half * 2) : size, REG_NONE);
		effect_clobber(arch, insn, status);
	}
	return true;
}

/* LD1, ST1 and the like; the form with bit 23 adds to the base, by how much is not worked out. */
static bool vector_structure(uint32_t word, struct insn *insn)
{
	if (bits(word, 23, 23))
		effect_clobber(arch, insn, reg_or_sp(word, 5));
	return true;
}

/* Vector and floating point: only FMOV, FCVT…, UMOV, SMOV write a general register. */
static bool vector(uint32_t word, struct insn *insn)
{
	uint32_t operation = bits(word, 18, 16);
	bool convert = (word & 0x5f200000) == 0x1e000000 || (word & 0x5f20fc00) == 0x1e200000;
	bool to_vector = operation == 2 || operation == 3 || operation == 7; /* scvtf, ucvtf, fmov */
	bool element = (word & 0xbfe0ec00) == 0x0e002c00;

	if ((convert && !to_vector) || element)
		effect_clobber(arch, insn, reg_or_zero(word, 0));
	return true;
}

/* Anything else, once capstone knows it: low bits name the destination in most encodings. */
static bool unusual(uint32_t word, struct insn *insn)
{
	effect_clobber(arch, insn, reg_or_sp(word, 0));
	return true;
}

struct encoding {
	uint32_t mask, value;
	bool sure; /* as for insn_arm64 */
	bool (*decode)(uint32_t word, struct insn *insn);
};

/* The first that matches decides. */
static const struct encoding encodings[] = {
	{0x7c000000, 0x14000000, true, jump},
	{0xff000000, 0x54000000, true, branch},
	{0x7e000000, 0x34000000, true, compare_branch},
	{0x7e000000, 0x36000000, true, test_branch},
	{0xff000000, 0xd6000000, true, branch_register},
	{0x1f000000, 0x10000000, true, address},
	{0x1f800000, 0x11000000, true, add_immediate},
	{0x1f800000, 0x12000000, true, logical_immediate},
	{0x1f800000, 0x12800000, true, move_wide},
	{0x1f000000, 0x13000000, false, writes_rd}, /* bit fields, extr */
	{0x1f000000, 0x0a000000, true, logical},
	{0x1f200000, 0x0b000000, true, add_shifted},
	{0x1fe00000, 0x0b200000, true, add_extended},
	{0x1fe00000, 0x1a400000, false, no_effect}, /* ccmp */
	{0x1fe00000, 0x1a800000, false, writes_rd}, /* csel */
	{0x0e000000, 0x0a000000, false, writes_rd}, /* multiply, divide, shift, crc32, adc */
	{0x3b000000, 0x39000000, true, unsigned_offset},
	{0x3b200000, 0x38000000, true, signed_offset},
	{0x3b200c00, 0x38200800, true, register_offset},
	{0x3b200c00, 0x38200000, true, atomic},
	{0x3b000000, 0x18000000, true, literal},
	{0x3f200c00, 0x19000000, true, ordered_unscaled},
	{0x3a000000, 0x28000000, true, pair},
	{0x3f000000, 0x08000000, true, exclusive},
	{0xbe000000, 0x0c000000, false, vector_structure},
	{0xff000000, 0xce000000, true, no_effect}, /* sha3, sha512, sm3, sm4: capstone 4 does not know them */
	{0x0e000000, 0x0e000000, false, vector},
	{0xffc00000, 0xd5000000, true, system_register},
	{0xff000000, 0xd4000000, true, exception},
	{0xffff0000, 0x00000000, true, undefined}, /* udf; also padding */
	{0x00000000, 0x00000000, false, unusual},
};

bool insn_arm64(uint32_t word, struct insn *insn, bool *sure)
{
	for (const struct encoding *encoding = encodings;; encoding++) {
		if ((word & encoding->mask) != encoding->value)
			continue;
		*sure = encoding->sure;
		return encoding->decode(word, insn);
	}
}

/* ---- what memory it accesses ---- */

/* Loads and stores of one register at base + index (C4.1, "Load/store register (register offset)"). */
static bool indexed_operand(uint32_t word, struct insn_operand *ret)
{
	enum { WORD_UNSIGNED = 2, WORD_SIGNED = 6 };
	const uint32_t option = bits(word, 15, 13);
	const bool vector = bits(word, 26, 26);
	const unsigned shift = vector && bits(word, 23, 23) ? 4 : bits(word, 31, 30);

	if ((word & 0x3b200c00) != 0x38200800)
		return false;
	ret->base = reg_or_sp(word, 5);
	ret->index = reg_or_zero(word, 16);
	ret->index_bits = option == WORD_UNSIGNED || option == WORD_SIGNED ? 32 : 64;
	ret->index_signed = option == WORD_SIGNED;
	ret->shift = (uint8_t)(bits(word, 12, 12) ? shift : 0);
	ret->size = 1u << shift;
	ret->read = bits(word, 22, 22) || (!vector && bits(word, 23, 23));
	ret->write = !ret->read;
	return true;
}

/* The first access of those that the effects list, at what the base held before: a pair's second word lies above it. */
static bool listed_operand(const struct insn *insn, struct insn_operand *ret)
{
	int64_t moved = 0;

	for (size_t i = 0; i < insn->count; i++) {
		const struct effect *effect = &insn->effects[i];

		if (effect->kind == EFFECT_ADD && effect->dst == effect->src)
			moved += effect->value;
		if (effect->kind != EFFECT_LOAD && effect->kind != EFFECT_STORE)
			continue;
		ret->base = effect->src;
		ret->offset = effect->value + (effect->src == REG_NONE ? 0 : moved);
		ret->size = effect->size;
		ret->read = effect->kind == EFFECT_LOAD;
		ret->write = !ret->read;
		return true;
	}
	return false;
}

enum insn_touch insn_arm64_touches(uint32_t word, uint64_t address, struct insn_operand *ret)
{
	struct insn insn = {.address = address};
	const bool accesses = (word & 0x0a000000) == 0x08000000; /* C4.1: op0, bits 28 to 25, is x1x0 */
	const bool scalable = (word & 0x9a000000) == 0x80000000; /* op0 is 0000 (SME) or 0010 (SVE), bit 31: also loads and stores */
	bool sure;

	if (scalable || !insn_arm64(word, &insn, &sure))
		return TOUCH_UNKNOWN;
	if (!accesses)
		return insn.flow == FLOW_NEXT && bits(word, 31, 22) == 0x354 && word != 0xd503201f && (word & 0xfffff01f) != 0xd503201f
			       ? TOUCH_UNKNOWN /* system registers and instructions, such as DC ZVA */
		       : insn.flow == FLOW_NEXT || insn.flow == FLOW_JUMP || insn.flow == FLOW_BRANCH || insn.flow == FLOW_CALL
			       ? TOUCH_NOTHING
			       : TOUCH_UNKNOWN;
	*ret = (struct insn_operand){.base = REG_NONE, .index = REG_NONE, .index_bits = 64};
	ret->known = indexed_operand(word, ret) || listed_operand(&insn, ret);
	return TOUCH_MEMORY;
}
