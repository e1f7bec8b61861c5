/* fault_cause.c: see fault_cause.h. Signals: formats/dump/signal_codes.def. */
#include "heuristics/faults/fault_cause.h"

#include "heuristics/faults/memory_access.h"

#include "formats/locator/paths.h"
#include "formats/dump/signals.h"
#include "analyzer/last_words/fault_operand.h"

#include <inttypes.h>
#include <string.h>

enum { INSN_BYTES = 16, BUS_OBJERR = 3, BUS_MCEERR_AO = 5, TRAP_BRKPT = 1, SEGV_ACCERR = 2, WORD = 8 };

/* Extensions that not every CPU has, by their encodings (Intel SDM vol. 2, 2.3.5 and 2.7; Arm ARM, C4.1). */
static const struct {
	enum arch_id arch;
	uint32_t mask, bits;
	const char *name;
} extensions[] = {
	{ARCH_AMD64, 0xff, 0x62, "AVX-512 or AVX10"},
	{ARCH_AMD64, 0xff, 0xc4, "AVX, FMA or BMI"},
	{ARCH_AMD64, 0xff, 0xc5, "AVX"},
	{ARCH_ARM64, 0x1e000000, 0x04000000, "SVE"},
	{ARCH_ARM64, 0x9e000000, 0x80000000, "SME"},
	{ARCH_ARM64, 0x3b200c00, 0x38200000, "LSE, atomic operations"},
};

static const char *extension_of(const struct arch *arch, struct span code)
{
	const uint32_t bits = span_u32(code, 0);

	for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++)
		if (extensions[i].arch == arch->id && (bits & extensions[i].mask) == extensions[i].bits)
			return extensions[i].name;
	return NULL;
}

static const char *illegal(const struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;
	struct decoder *decoder = analysis->runtime->decoder;
	const struct span code = image_view(analysis->image, fault->pc, INSN_BYTES);
	const char *text, *extension;
	struct insn insn;

	if (!fault->has_pc || !decoder || code.size < sizeof(uint32_t))
		return NULL;
	text = insn_text(decoder, diagnosis->arena, fault->pc, code);
	if (text && insn_decode(decoder, fault->pc, code, &insn) && insn.flow == FLOW_STOP)
		return arena_printf(diagnosis->arena, "`%s` is a trap, which compilers put where control must never "
				    "get", text);
	extension = extension_of(analysis->image->arch, code);
	extension = extension ? arena_printf(diagnosis->arena, " (by its encoding: %s)", extension) : "";
	if (text)
		return arena_printf(diagnosis->arena, "this CPU does not have, or may not run, the instruction `%s`%s",
				    text, extension);
	return arena_printf(diagnosis->arena, "this CPU does not know the bytes there, %02x %02x %02x %02x, as an "
			    "instruction%s",
			    code.data[0], code.data[1], code.data[2], code.data[3], extension);
}

bool is_misaligned(const struct fault *fault)
{
	return !strcmp(fault->name, "SIGBUS") && fault->has_code && fault->code == SIGNAL_CODE_MISALIGNED && fault->has_address &&
	       fault->address % WORD;
}

const char *misaligned_text(const struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;
	const uint64_t least = (fault->address & (~fault->address + 1)) << 1; /* it is a multiple of half of that */
	struct memory_access access;
	const uint64_t needed = memory_access_at(analysis, fault->pc, &access) && access.size >= least ? access.size : least;

	if (analysis->image->arch->id == ARCH_AMD64)
		return arena_printf(diagnosis->arena, "the address is no multiple of %" PRIu64 ", and the CPU was set to demand it: "
				    "for all instructions, or for locked ones", needed);
	return arena_printf(diagnosis->arena, "the address is no multiple of %" PRIu64 ", as atomic instructions, and all on memory of "
			    "devices, need it", needed);
}

static const char *bus(const struct diagnosis *diagnosis)
{
	const struct fault *fault = &diagnosis->analysis->fault;

	if (is_misaligned(fault))
		return misaligned_text(diagnosis);
	return fault->code >= BUS_OBJERR && fault->code <= BUS_MCEERR_AO ? signal_code(fault->number, fault->code)->meaning : NULL;
}

/* A write to what a program or library holds for reading only: the bytes of a string constant, a table. */
static const char *constant(const struct diagnosis *diagnosis)
{
	const struct fault *fault = &diagnosis->analysis->fault;
	struct image *image = diagnosis->analysis->image;
	const struct mapping *mapping = fault->has_address ? image_mapping(image, fault->address) : NULL;
	const struct segment *segment = mapping ? image_segment(image, fault->address) : NULL;

	if (fault->code != SEGV_ACCERR || !segment || (segment->flags & SEGMENT_WRITE) || !(segment->flags & SEGMENT_READ) ||
	    fault->access == ACCESS_EXECUTE || !mapping->path)
		return NULL;
	return arena_printf(diagnosis->arena, "it wrote to what %s holds for reading only, such as code, a table or the bytes of a "
			    "string constant", path_base_name(mapping->path));
}

static const char *breakpoint(const struct diagnosis *diagnosis)
{
	const int code = diagnosis->analysis->fault.code;

	return (code == SIGNAL_CODE_KERNEL || code == TRAP_BRKPT) && fault_is_breakpoint(diagnosis->analysis)
		       ? "a breakpoint instruction was executed, and no debugger was there"
		       : NULL;
}

/* general_protection.def: by the beginning of the instruction's text. */
static const char *by_instruction(const char *text)
{
	static const struct {
		const char *begins, *reason;
	} reasons[] = {
#define GENERAL_PROTECTION(begins, reason) {begins, reason},
#include "heuristics/faults/general_protection.def"
#undef GENERAL_PROTECTION
	};

	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (!strncmp(text, reasons[i].begins, strlen(reasons[i].begins)))
			return reasons[i].reason;
	return NULL;
}

/* `ret` to a word that is no address. */
static const char *returned(struct analysis *analysis, const struct insn *insn)
{
	uint64_t sp, target;

	if (insn->flow != FLOW_RETURN || !register_at_fault(analysis, analysis->image->arch->sp, &sp) ||
	    !image_u64(analysis->image, sp, &target) || arch_forms(analysis->image->arch, target))
		return NULL;
	return "the return address is not canonical";
}

/* SIGSEGV without an address: amd64's general protection fault. */
static const char *protection(const struct diagnosis *diagnosis)
{
	enum { VECTOR = 16 };
	struct analysis *analysis = diagnosis->analysis;
	const uint64_t pc = analysis->fault.pc;
	struct decoder *decoder = analysis->runtime->decoder;
	const struct span code = image_view(analysis->image, pc, INSN_BYTES);
	struct insn_operand operand;
	const char *text, *reason;
	struct insn insn;
	uint64_t address;

	if (analysis->image->arch->id != ARCH_AMD64 || !analysis->fault.has_pc || !decoder)
		return NULL;
	text = insn_text(decoder, diagnosis->arena, pc, code);
	reason = text ? by_instruction(text) : NULL;
	if (!reason)
		return insn_decode(decoder, pc, code, &insn) ? returned(analysis, &insn) : NULL;
	if (fault_operand(analysis, &operand) != TOUCH_MEMORY)
		return reason;
	return fault_operand_address(analysis, &operand, &address) && arch_forms(analysis->image->arch, address) && address % VECTOR
		       ? reason
		       : NULL;
}

static const char *violation(const struct diagnosis *diagnosis)
{
	switch (diagnosis->analysis->fault.code) {
	case SIGNAL_CODE_TAG:
		return "the tag of the pointer is not that of the memory: it was freed, or is another object's";
	case SIGNAL_CODE_TAG_LATE:
		return "some access before, by an instruction that is not known, was made by a pointer whose tag is not that "
		       "of the memory";
	default:
		return constant(diagnosis);
	}
}

const char *fault_cause(const struct diagnosis *diagnosis)
{
	const struct fault *fault = &diagnosis->analysis->fault;
	static const struct {
		const char *signal;
		const char *(*cause)(const struct diagnosis *diagnosis);
	} causes[] = {{"SIGILL", illegal}, {"SIGBUS", bus}, {"SIGSEGV", violation}, {"SIGTRAP", breakpoint}};

	for (size_t i = 0; fault->has_code && i < sizeof causes / sizeof *causes; i++)
		if (!strcmp(fault->name, causes[i].signal))
			return causes[i].cause(diagnosis);
	return NULL;
}

const char *fault_reason(const struct diagnosis *diagnosis)
{
	enum { FPE = 8, SEGV = 11, SYS = 31 };
	const struct fault *fault = &diagnosis->analysis->fault;
	const char *cause = fault_cause(diagnosis);
	const struct signal_code *code = fault->has_code ? signal_code(fault->number, fault->code) : NULL;

	if (cause || !code)
		return cause;
	if (fault->number == SEGV && fault->code == SIGNAL_CODE_KERNEL)
		return protection(diagnosis);
	if (fault->number == FPE || fault->number == SYS || (fault->number == SEGV && fault->code == SIGNAL_CODE_KEY))
		return *code->meaning ? code->meaning : NULL;
	return NULL;
}
