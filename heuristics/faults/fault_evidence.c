/* fault_evidence.c: see fault_evidence.h. Tags: arm64's memory tagging (MTE), Linux
 * Documentation/arch/arm64/memory-tagging-extension.rst; bits 59 to 56 of a pointer have to be the tag of the memory. */
#include "heuristics/faults/fault_evidence.h"

#include "heuristics/faults/address_place.h"
#include "heuristics/faults/fault_cause.h"
#include "heuristics/faults/harmless.h"
#include "heuristics/faults/memory_access.h"
#include "heuristics/damage/word_shape.h"

#include "analyzer/last_words/fault_operand.h"
#include "analyzer/unwind/saved_place.h"
#include "formats/dump/signals.h"

#include <inttypes.h>

enum { WORD = 8, SEGV_ACCERR = 2, FIRST_PAGE = 0x1000, TAG_SHIFT = 56, TAG_MASK = 0xf };

void fault_kernel_evidence(struct diagnosis *diagnosis, struct finding *finding, enum weight weight)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;
	const struct signal_code *code = analysis->image->os == OS_LINUX && fault->has_code ?
						 signal_code(fault->number, fault->code) : NULL;

	if (!code || !*code->meaning)
		return;
	if (!fault->code_address)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false, "the kernel said (%s): %s",
			     code->name, code->meaning);
	else
		evidence_word(diagnosis, finding, weight, false, fault->code_address, NULL,
			      "the kernel said, in the lower four bytes (si_code %d, %s): %s", fault->code, code->name,
			      code->meaning);
}

bool is_tag_fault(const struct analysis *analysis)
{
	const struct fault *fault = &analysis->fault;
	const struct signal_name *signal = signal_by_number(fault->number);

	return analysis->image->os == OS_LINUX && fault->has_code && signal && signal->memory &&
	       (fault->code == SIGNAL_CODE_TAG || fault->code == SIGNAL_CODE_TAG_LATE);
}

bool is_unsigned_return(const struct analysis *analysis, uint64_t *ret)
{
	const struct fault *fault = &analysis->fault;
	const uint64_t mark = fault->pc & analysis->image->arch->failed_signature;
	const struct segment *segment = image_segment(analysis->image, fault->pc ^ mark);

	*ret = fault->pc ^ mark;
	return fault->known && fault->has_pc && fault->access == ACCESS_EXECUTE && mark && !(mark & (mark - 1)) && segment &&
	       (segment->flags & SEGMENT_EXEC);
}

/* The pointer of the access, with its tag, and what was added to it. */
static bool pointer_of(struct analysis *analysis, struct memory_access *access, uint64_t *ret)
{
	const struct fault *fault = &analysis->fault;
	const struct arch *arch = analysis->image->arch;
	uint64_t held;

	if (fault->late || !fault->has_pc || !memory_access_at(analysis, fault->pc, access) || !access->base)
		return false;
	if (register_at_fault(analysis, access->reg, &held) &&
	    (!fault->has_address || arch_untagged(arch, held + access->offset) == fault->address))
		*ret = held;
	else if (fault->has_address)
		*ret = fault->address - access->offset;
	else
		return false;
	return true;
}

/* Whether the kernel told the address, of whatever access. */
static bool is_told(struct analysis *analysis)
{
	const struct fault *fault = &analysis->fault;

	return fault->has_code && fault->code > 0 && fault->has_address && !fault->decoded && !fault_zero_is_doubtful(analysis);
}

/* Whether the instruction accesses other memory, as its registers tell, than what the kernel told. Of other faults than these it may have told
 * the page only. */
static bool is_elsewhere(struct analysis *analysis, uint64_t *accessed)
{
	enum { WIDEST = 64 }; /* of a pair, a vector, or a structure of them */
	const struct fault *fault = &analysis->fault;
	struct insn_operand operand;

	return fault->number == SIGNAL_SEGV && fault->code <= SEGV_ACCERR && fault_operand(analysis, &operand) == TOUCH_MEMORY &&
	       operand.size <= WIDEST && fault_operand_address(analysis, &operand, accessed) &&
	       fault->address - arch_untagged(analysis->image->arch, *accessed) >= WIDEST;
}

/* Why the instruction at pc cannot have raised the signal; NULL: it may have. A handler of it ran, so that the kernel did send it for what
 * the thread was at. */
static const char *contradiction(const struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;
	const struct signal_name *signal = signal_by_number(fault->number);
	struct insn_operand operand;
	uint64_t accessed;

	if (!fault->siginfo || !signal || !signal->memory || fault->late)
		return NULL;
	if (arch_untagged(analysis->image->arch, fault->pc) != fault->pc) /* Arm ARM, AArch64.BranchAddr */
		return "is none, since a jump clears the top byte of its address";
	if (fault->access == ACCESS_EXECUTE)
		return NULL;
	if (fault->pc % analysis->image->arch->quantum)
		return "is none, since instructions are aligned";
	if (fault->code == SIGNAL_CODE_KERNEL && fault_reason(diagnosis)) /* it may for another reason than an address */
		return NULL;
	if (fault_operand(analysis, &operand) == TOUCH_NOTHING)
		return "accesses no memory";
	if (fault->code == SIGNAL_CODE_KERNEL)
		return fault_is_harmless(analysis) ? "accesses an address that the CPU can form, of which the kernel would tell" : NULL;
	if (!is_told(analysis))
		return NULL;
	if (place_is_no_code(analysis->runtime, fault->pc))
		return arena_printf(diagnosis->arena, "is none, and of a jump there the kernel would tell that address, not 0x%" PRIx64,
				    fault->address);
	return is_elsewhere(analysis, &accessed) ? arena_printf(diagnosis->arena, "accesses 0x%" PRIx64, accessed) : NULL;
}

static bool contradiction_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	const struct fault *fault = &diagnosis->analysis->fault;
	const char *why = contradiction(diagnosis);

	if (why)
		evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, WEIGHT_STRONG, true,
			     "the instruction at 0x%" PRIx64 " cannot have raised that %s: it %s; so pc, registers or address that were saved "
			     "are not those of the fault", fault->pc, fault->name, why)->address = fault->pc;
	return why;
}

void fault_access_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct arch *arch = analysis->image->arch;
	const struct fault *fault = &analysis->fault;
	struct memory_access access;
	struct evidence *evidence;
	const char *shape, *tag = "";
	uint64_t base;

	if (contradiction_evidence(diagnosis, finding) || !pointer_of(analysis, &access, &base))
		return;
	shape = base < FIRST_PAGE ? NULL : word_shape(diagnosis, base, WORD); /* near nil, which is said of the address */
	if (arch_forms(arch, base + access.offset) && arch_untagged(arch, base) != base)
		tag = arena_printf(diagnosis->arena, "; the CPU ignores its top byte, 0x%" PRIx64, base >> TAG_SHIFT);
	evidence = evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, WEIGHT_FAIR, false,
				"the instruction %s %u byte%s at offset 0x%" PRIx64 " from %s, which was "
				"0x%" PRIx64 "%s%s%s%s",
				access.store ? "writes" : "reads", access.size, access.size == 1 ? "" : "s",
				access.offset, access.base, base,
				shape ? " (" : "", shape ? shape : "", shape ? ")" : "", tag);
	evidence->address = fault->pc;
	if (!fault->has_address && !arch_forms(arch, base + access.offset))
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false,
			     "address 0x%" PRIx64 " is %s",
			     base + access.offset, address_place(diagnosis, base + access.offset, 0));
}

static void control_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct thread *thread)
{
	const bool late = thread->tag_control & TAG_CHECK_ASYNCHRONOUS;

	if (thread->tag_control & (TAG_CHECK_ASYNCHRONOUS | TAG_CHECK_SYNCHRONOUS))
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false,
			     "thread %" PRId64 " had asked for such checks (PR_SET_TAGGED_ADDR_CTRL 0x%" PRIx64 "%s)",
			     thread->id, thread->tag_control, late ? ": faults may be told later" : "");
}

void fault_tag_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;
	struct memory_access access;
	uint64_t pointer;
	uint8_t tag;

	if (!is_tag_fault(analysis) || fault->thread < 0)
		return;
	if (pointer_of(analysis, &access, &pointer) && fault->has_address &&
	    image_memory_tag(analysis->image, fault->address, &tag) && tag != (pointer >> TAG_SHIFT & TAG_MASK))
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_STRONG, false,
			     "the tag of the memory at 0x%" PRIx64 " is 0x%x, that of the pointer 0x%" PRIx64 ": it is "
			     "freed since, or another object's",
			     fault->address, tag, pointer >> TAG_SHIFT & TAG_MASK);
	control_evidence(diagnosis, finding, &analysis->image->threads.items[fault->thread]);
}

const char *fault_text(struct diagnosis *diagnosis)
{
	const struct fault *fault = &diagnosis->analysis->fault;

	if (!fault->has_pc)
		return fault->name;
	return arena_printf(diagnosis->arena, fault->late ? "%s, told when the thread was at pc 0x%" PRIx64
							  : "%s at pc 0x%" PRIx64, fault->name, fault->pc);
}
