/* frame_chain.c: see frame_chain.h. Compiled functions that have a frame push the frame pointer first: on amd64 it lies below
 * the return address, on arm64 below the frame (cmd/internal/obj/x86, arm64: preprocess). What they push is where the next
 * such frame up pushed its own, since functions without a frame leave the register alone. Assembly need not, and a frame that
 * was interrupted may not have yet: both are left out. */
#include "analyzer/frame_chain.h"

enum { WORD = 8, HALF = 32 };

static bool saves(const struct frame *frame)
{
	return frame->info->func && !(frame->info->func->flags & FUNC_ASM) && frame->info->has_delta && frame->info->delta >= WORD &&
	       frame->fp && !frame->exact;
}

static uint64_t slot_of(const struct arch *arch, const struct frame *frame)
{
	return arch->link_register ? frame->sp - WORD : frame->fp - 2 * WORD;
}

/* The next frame up that saves one; NULL: it is not known which, since assembly or unknown steps lie between. */
static const struct frame *next_saving(const struct stack *stack, size_t index)
{
	for (size_t i = index + 1; i < stack->frames.count; i++) {
		const struct frame *frame = &stack->frames.items[i];

		if (stack->elided && i == stack->elided_at)
			return NULL;
		if (saves(frame))
			return frame->how == HOW_PCSP || frame->how == HOW_REPAIRED ? frame : NULL;
		if (!frame->info->func || !frame->info->has_delta || frame->info->delta || frame->exact)
			return NULL;
	}
	return NULL;
}

static bool is_torn(uint64_t observed, uint64_t expected)
{
	return observed != expected && (uint32_t)observed == (uint32_t)expected;
}

static void file_torn(struct analysis *analysis, size_t goroutine, const struct stack *stack, size_t index, uint64_t slot,
		      uint64_t observed, uint64_t expected)
{
	struct torn_pointer torn = {
		.goroutine = (int32_t)goroutine,
		.frame = (uint32_t)index,
		.slot = slot,
		.observed = observed,
		.expected = expected,
		.at = stack->frames.items[index].info,
		.complete = stack->end == END_COMPLETE,
	};

	vec_push(analysis->arena, &analysis->torn_pointers, torn);
}

void frame_chain_check(struct analysis *analysis, size_t goroutine, const struct stack *stack)
{
	const struct goroutine *g = &analysis->runtime->goroutines.items[goroutine];
	const struct arch *arch = analysis->image->arch;
	bool foreign = false;

	for (size_t i = 0; i + 1 < stack->frames.count; i++) {
		const struct frame *frame = &stack->frames.items[i];
		uint64_t slot = slot_of(arch, frame);
		const struct frame *next;
		uint64_t observed;

		if (!saves(frame) || !image_u64(analysis->image, slot, &observed) ||
		    (observed >= g->stack_lo && observed < g->stack_hi))
			continue;
		/* Where C calls back into Go, cgocallback changes stacks and leaves the register as C had it. */
		foreign |= frame[1].info->role == ROLE_CGOCALLBACK && observed;
		next = next_saving(stack, i);
		if (next && is_torn(observed, slot_of(arch, next)))
			file_torn(analysis, goroutine, stack, i, slot, observed, slot_of(arch, next));
	}
	analysis->foreign_chains += foreign;
}

void frame_chain_note(struct analysis *analysis)
{
	if (analysis->foreign_chains)
		note_add(analysis->notes,
			 "frame pointers lead off the stacks of goroutines (%zu) where C called back into Go: harmless, but debuggers "
			 "that follow them go astray there (tornstack explain bp-chain)",
			 analysis->foreign_chains);
}
