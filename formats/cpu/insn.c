/* insn.c: machine code, decoded. Capstone (4 or later) decodes x86-64 and gives the text of both CPUs; effects are
 * insn_amd64.c's and insn_arm64.c's. */
#include "formats/cpu/insn_decoder.h"

#include "base/forking.h"
#include "base/steps.h"
#include "formats/cpu/insn_effects.h"

enum { A64_SIZE = 4, AMD64_MAX_SIZE = 15, AMD64_MIN_CALL = 2, AMD64_MAX_CALL = 8, AMD64_NEAR_CALL = 5 };

/* Capstone keeps handles by address. */
static void decoder_close(void *object)
{
	struct decoder *decoder = object;

	if (decoder->scratch)
		cs_free(decoder->scratch, 1);
	if (decoder->handle)
		cs_close(&decoder->handle);
}

/* Capstone makes and sorts tables of its own when it decodes its first instruction, and lets threads do that at the same time
 * (version 4, arch/X86/X86Mapping.c X86_insn_reg_intel; utils.c insn_find). May go with a version that does not. */
static void decode_first(const struct decoder *decoder)
{
	static const uint8_t nops[][A64_SIZE] = {{0x90}, {0x1f, 0x20, 0x03, 0xd5}};
	const bool amd64 = decoder->arch->id == ARCH_AMD64;
	const uint8_t *code = nops[!amd64];
	size_t size = amd64 ? 1 : A64_SIZE;
	uint64_t address = 0;

	forking_lock();
	cs_disasm_iter(decoder->handle, &code, &size, &address, decoder->scratch);
	forking_unlock();
}

static void decoder_open(struct decoder *decoder, struct arena *arena)
{
	bool amd64 = decoder->arch->id == ARCH_AMD64;

	arena_defer(arena, decoder_close, decoder);
	if (cs_open(amd64 ? CS_ARCH_X86 : CS_ARCH_ARM64, amd64 ? CS_MODE_64 : CS_MODE_ARM, &decoder->handle) == CS_ERR_MEM)
		arena_exhausted(arena);
	if (!decoder->handle)
		return; /* a capstone without this CPU */
	cs_option(decoder->handle, CS_OPT_DETAIL, amd64 ? CS_OPT_ON : CS_OPT_OFF);
	decoder->scratch = cs_malloc(decoder->handle);
	if (!decoder->scratch)
		arena_exhausted(arena);
	decode_first(decoder);
}

struct decoder *decoder_new(struct arena *arena, const struct arch *arch)
{
	struct decoder *decoder = arena_alloc(arena, sizeof *decoder);

	decoder->arch = arch;
	decoder_open(decoder, arena);
	if (arch->id == ARCH_AMD64)
		insn_amd64_registers(decoder);
	return decoder;
}

/* Decodes with capstone into decoder->scratch. */
static bool disassemble(struct decoder *decoder, uint64_t address, struct span code, size_t limit)
{
	const uint8_t *bytes = code.data;
	size_t size = code.size < limit ? code.size : limit;

	return decoder->scratch && size && cs_disasm_iter(decoder->handle, &bytes, &size, &address, decoder->scratch);
}

static bool decode_amd64(struct decoder *decoder, struct span code, struct insn *insn)
{
	if (!disassemble(decoder, insn->address, code, AMD64_MAX_SIZE))
		return insn_amd64_vector(decoder, code, insn);
	insn->size = (uint8_t)decoder->scratch->size;
	insn_amd64(decoder, insn);
	return true;
}

static bool decode_arm64(struct decoder *decoder, struct span code, struct insn *insn)
{
	bool sure;

	if (code.size < A64_SIZE || !insn_arm64(span_u32(code, 0), insn, &sure))
		return false;
	insn->size = A64_SIZE;
	return sure || disassemble(decoder, insn->address, code, A64_SIZE);
}

bool insn_decode(struct decoder *decoder, uint64_t address, struct span code, struct insn *ret)
{
	struct insn insn = {.address = address, .through = REG_NONE, .tested = REG_NONE, .compared = {REG_NONE, REG_NONE}};
	bool amd64 = decoder->arch->id == ARCH_AMD64;

	if (!steps_take(STEPS_INSTRUCTION) || !(amd64 ? decode_amd64(decoder, code, &insn) : decode_arm64(decoder, code, &insn)))
		return false;
	*ret = insn;
	return true;
}

const char *insn_text(struct decoder *decoder, struct arena *arena, uint64_t address, struct span code)
{
	bool amd64 = decoder->arch->id == ARCH_AMD64;
	const cs_insn *cs = decoder->scratch;
	const char *text;
	struct insn insn;

	if (disassemble(decoder, address, code, amd64 ? AMD64_MAX_SIZE : A64_SIZE))
		return arena_printf(arena, *cs->op_str ? "%s %s" : "%s", cs->mnemonic, cs->op_str);
	if (!insn_decode(decoder, address, code, &insn))
		return NULL;
	if (!amd64)
		return arena_printf(arena, ".inst 0x%08x", span_u32(code, 0));
	text = ".byte";
	for (size_t i = 0; i < insn.size; i++)
		text = arena_printf(arena, "%s%s0x%02x", text, i ? ", " : " ", span_u8(code, i));
	return text;
}

uint64_t insn_operand_address(const struct insn_operand *operand, uint64_t base, uint64_t index)
{
	enum { HALF = 32 };

	if (operand->index == REG_NONE)
		index = 0;
	else if (operand->index_bits == HALF)
		index = operand->index_signed ? (uint64_t)(int64_t)(int32_t)index : (uint32_t)index;
	return (operand->base == REG_NONE ? 0 : base) + (index << operand->shift) + (uint64_t)operand->offset;
}

enum insn_touch insn_touches(struct decoder *decoder, uint64_t address, struct span code, struct insn_operand *ret)
{
	struct insn insn;

	if (decoder->arch->id == ARCH_ARM64)
		return code.size < A64_SIZE ? TOUCH_UNKNOWN : insn_arm64_touches(span_u32(code, 0), address, ret);
	if (!insn_decode(decoder, address, code, &insn) || !disassemble(decoder, address, code, AMD64_MAX_SIZE))
		return TOUCH_UNKNOWN;
	return insn_amd64_touches(decoder, &insn, ret);
}

enum insn_flow insn_call_before(struct decoder *decoder, uint64_t return_address, struct span code, uint64_t *target)
{
	bool amd64 = decoder->arch->id == ARCH_AMD64;
	size_t size = amd64 ? AMD64_MIN_CALL : A64_SIZE, limit = amd64 ? AMD64_MAX_CALL : A64_SIZE;
	enum insn_flow found = FLOW_NEXT;
	struct insn insn;

	if (return_address % decoder->arch->quantum) /* which capstone would not mind */
		return FLOW_NEXT;
	for (; size <= limit && size <= code.size; size++) {
		struct span part = span_from(code, code.size - size);

		if (!insn_decode(decoder, return_address - size, part, &insn) || insn.size != size)
			continue;
		if (insn.flow == FLOW_CALL) {
			*target = insn.target;
			return FLOW_CALL;
		}
		if (insn.flow == FLOW_INDIRECT_CALL)
			found = FLOW_INDIRECT_CALL;
	}
	return found;
}

/* CALL rel32 counts from the return address, BL from itself. */
bool insn_next_call(const struct arch *arch, uint64_t address, struct span code, uint64_t target, size_t *at)
{
	const bool amd64 = arch->id == ARCH_AMD64;
	const size_t step = amd64 ? 1 : A64_SIZE;

	for (size_t next = *at ? *at + step : amd64 ? AMD64_NEAR_CALL : A64_SIZE; next <= code.size; next += step) {
		uint64_t from = address + next - (amd64 ? 0 : A64_SIZE);
		uint32_t word = span_u32(code, next - A64_SIZE);

		if (amd64 ? code.data[next - AMD64_NEAR_CALL] != 0xe8 || from + (uint64_t)(int64_t)(int32_t)word != target
			  : word != (0x94000000 | ((uint32_t)((target - from) >> 2) & 0x03ffffff)))
			continue;
		*at = next;
		return true;
	}
	return false;
}
