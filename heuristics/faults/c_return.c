/* c_return.c: see c_return.h. On amd64 the CPU faults at the RET when the word at SP is not canonical, else where it led: then the
 * word is just below SP still, which no call and no jump leaves so. On arm64 the link register holds it as well. */
#include "heuristics/faults/c_return.h"

#include "analyzer/last_words/fault_operand.h"

enum { WORD = 8, INSN_BYTES = 16 };

static bool is_code(struct image *image, uint64_t pc)
{
	const struct segment *segment = image_segment(image, pc);

	return (segment && (segment->flags & SEGMENT_EXEC)) || image_mapping(image, pc);
}

static bool stands_at_return(struct analysis *analysis, uint64_t sp, struct c_return *ret)
{
	const uint64_t pc = analysis->fault.pc;
	struct insn insn;

	*ret = (struct c_return){.at_return = true, .slot = sp};
	return !analysis->image->arch->link_register && analysis->runtime->decoder &&
	       insn_decode(analysis->runtime->decoder, pc, image_view(analysis->image, pc, INSN_BYTES), &insn) &&
	       insn.flow == FLOW_RETURN && image_u64(analysis->image, sp, &ret->word) && !is_code(analysis->image, ret->word);
}

/* arm64: the word is in the link register; it was loaded, with the frame pointer, from the end of a frame that lies just below SP now. */
static void find_loaded(struct analysis *analysis, uint64_t sp, struct c_return *ret)
{
	enum { FRAME_MOST = 4096, ALIGNED = 16 };
	uint64_t fp, low, high;

	if (!register_at_fault(analysis, analysis->image->arch->fp, &fp))
		return;
	for (uint64_t at = sp - ALIGNED; !ret->slot && at < sp && sp - at <= FRAME_MOST; at -= ALIGNED)
		if (image_u64(analysis->image, at, &low) && image_u64(analysis->image, at + WORD, &high) && low == fp && high == ret->word)
			ret->slot = at + WORD;
}

static bool is_linked(struct analysis *analysis, struct c_return *ret)
{
	const struct arch *arch = analysis->image->arch;

	return arch_untagged(arch, ret->word) == arch_untagged(arch, analysis->fault.pc);
}

static bool has_returned(struct analysis *analysis, uint64_t sp, struct c_return *ret)
{
	const struct arch *arch = analysis->image->arch;
	const uint64_t pc = analysis->fault.pc;

	*ret = (struct c_return){.slot = arch->link_register ? 0 : sp - WORD};
	if (is_code(analysis->image, pc))
		return false;
	if (!arch->link_register)
		return image_u64(analysis->image, ret->slot, &ret->word) && ret->word == pc;
	if (!register_at_fault(analysis, arch->lr, &ret->word) || !is_linked(analysis, ret))
		return false;
	find_loaded(analysis, sp, ret);
	return true;
}

/* The runtime made the fault a call of sigpanic: on arm64 it pushed the link register (preparePanic, runtime/signal_arm64.go). */
static bool has_returned_before_call(struct analysis *analysis, uint64_t sp, struct c_return *ret)
{
	*ret = (struct c_return){0};
	return analysis->image->arch->link_register && !is_code(analysis->image, analysis->fault.pc) &&
	       image_u64(analysis->image, sp - 2 * WORD, &ret->word) && ret->word && is_linked(analysis, ret);
}

/* SP of the frame that stopped at the fault: up to Go 1.20 the registers of a fault in C are lost, since sigpanic is called there. */
static bool frame_sp(struct analysis *analysis, uint64_t *ret)
{
	struct stack stack = {0};

	if (analysis->fault.thread < 0)
		return false;
	thread_stack(analysis, (size_t)analysis->fault.thread, &stack);
	for (size_t i = stack.frames.count; i-- > 0;)
		if (stack.frames.items[i].exact && stack.frames.items[i].pc == analysis->fault.pc) {
			*ret = stack.frames.items[i].sp;
			return true;
		}
	return false;
}

bool c_return_find(struct analysis *analysis, struct c_return *ret)
{
	const struct fault *fault = &analysis->fault;
	uint64_t sp;

	if (!fault->known || !fault->has_pc || fault->late)
		return false;
	if (register_at_fault(analysis, analysis->image->arch->sp, &sp))
		return stands_at_return(analysis, sp, ret) || has_returned(analysis, sp, ret);
	return frame_sp(analysis, &sp) && (stands_at_return(analysis, sp, ret) || has_returned_before_call(analysis, sp, ret));
}
