/* harmless.c: see harmless.h. On amd64 the kernel sends SIGSEGV with SI_KERNEL for a general protection fault: an address that is
 * not canonical, accessed or returned to, a vector that is not aligned, an instruction that only the kernel may execute
 * (arch/x86/kernel/traps.c exc_general_protection); and on all CPUs when it cannot write a signal's frame (kernel/signal.c
 * force_sigsegv). */
#include "heuristics/faults/harmless.h"

#include "analyzer/last_words/fault_operand.h"

enum { INSN_BYTES = 16, WORD = 8 };

static bool may_access(const struct analysis *analysis, uint64_t address, uint8_t flags)
{
	const struct segment *segment = image_segment(analysis->image, address);

	return arch_forms(analysis->image->arch, address) && segment && (segment->flags & flags) == flags;
}

static bool returns_to_code(struct analysis *analysis)
{
	struct decoder *decoder = analysis->runtime->decoder;
	const uint64_t at = analysis->fault.pc;
	struct insn insn;
	uint64_t sp, pc;

	return decoder && insn_decode(decoder, at, image_view(analysis->image, at, INSN_BYTES), &insn) &&
	       insn.flow == FLOW_RETURN && register_at_fault(analysis, analysis->image->arch->sp, &sp) &&
	       image_u64(analysis->image, sp, &pc) && may_access(analysis, pc, SEGMENT_EXEC);
}

bool fault_lost_address(struct analysis *analysis, uint64_t *ret)
{
	struct insn_operand operand;

	return fault_operand(analysis, &operand) == TOUCH_MEMORY && fault_operand_address(analysis, &operand, ret) &&
	       arch_forms(analysis->image->arch, *ret) && !image_segment(analysis->image, *ret);
}

bool fault_is_harmless(struct analysis *analysis)
{
	const struct fault *fault = &analysis->fault;
	struct insn_operand operand;
	uint64_t address;

	if (!fault->has_pc || !may_access(analysis, fault->pc, SEGMENT_EXEC))
		return false;
	if (analysis->image->arch->id == ARCH_ARM64 || returns_to_code(analysis))
		return true;
	switch (fault_operand(analysis, &operand)) {
	case TOUCH_NOTHING:
		return true;
	case TOUCH_MEMORY: /* of one that may not be accessed the kernel tells the address */
		return operand.size <= WORD && fault_operand_address(analysis, &operand, &address) &&
		       arch_forms(analysis->image->arch, address);
	default:
		return false;
	}
}
