/* frame_chain.c: see frame_chain.h. Compiled functions that have a frame push the frame pointer first: on amd64 it lies below
 * the return address, on arm64 below the frame (cmd/internal/obj/x86, arm64: preprocess). What they push is where the next
 * such frame up pushed its own, since functions without a frame leave the register alone. Assembly need not, and a frame that
 * was interrupted may not have yet: both are left out. */
#include "analyzer/unwind/frame_chain.h"

#include "analyzer/trial.h"

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

/* Files it if it is known how it came to be: otherwise anything may have been in the register. */
static void file_wrong(struct analysis *analysis, size_t goroutine, const struct stack *stack, size_t index,
		       const struct frame *next, struct wrong_pointer wrong)
{
	wrong.goroutine = (int32_t)goroutine;
	wrong.frame = (uint32_t)index;
	wrong.at = stack->frames.items[index].info;
	wrong.complete = stack->end == END_COMPLETE;
	wrong.torn = (uint32_t)wrong.observed == (uint32_t)wrong.expected;
	if (trial_gives_up(analysis))
		return;
	if (wrong.torn || (clobber_find(analysis->runtime, next->info, &wrong.clobber) &&
			   (!wrong.clobber.known || wrong.clobber.value == wrong.observed)))
		vec_push(analysis->arena, &analysis->wrong_pointers, wrong);
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

		if (!saves(frame) || !image_u64(analysis->image, slot, &observed))
			continue;
		/* Where C calls back into Go, cgocallback changes stacks and leaves the register as C had it. */
		foreign |= frame[1].info->role == ROLE_CGOCALLBACK && observed &&
			   !(observed >= g->stack_lo && observed < g->stack_hi);
		next = next_saving(stack, i);
		if (next && observed != slot_of(arch, next))
			file_wrong(analysis, goroutine, stack, i, next,
				   (struct wrong_pointer){.slot = slot, .observed = observed, .expected = slot_of(arch, next)});
	}
	if (foreign && !trial_gives_up(analysis))
		analysis->foreign_chains++;
}

/* fpTracebackPCs and, for profiles of blocking and mutexes, fpTracebackPartialExpand (runtime/tracestack.go, mprof.go, from Go
 * 1.21 on); often inlined. */
const char *frame_chain_walker(const struct analysis *analysis)
{
	static const char prefix[] = "runtime.fpTraceback";
	const struct fault *fault = &analysis->fault;
	const struct pc_info *info = fault->known && fault->has_pc ? go_pc(analysis->runtime, fault->pc, true) : NULL;
	struct inline_frame frames[INLINE_LIMIT];

	if (!info || !info->func)
		return NULL;
	func_inline_frames(&info->module->pclntab, info->func, info->pc, frames);
	return frames[0].name && !strncmp(frames[0].name, prefix, sizeof prefix - 1) ? frames[0].name : NULL;
}

void frame_chain_note(struct analysis *analysis)
{
	if (analysis->foreign_chains)
		note_add(analysis->notes,
			 "frame pointers lead off the stacks of goroutines (%zu) where C called back into Go: harmless, but debuggers "
			 "that follow them go astray there (tornstack explain bp-chain)",
			 analysis->foreign_chains);
}
