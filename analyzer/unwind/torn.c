/* torn.c: the proof of a tear. Three kinds of witness, which one accident cannot forge together: the instructions (where
 * SP really is), the words that the preemption saved (the interrupted LR and FP), and the stack above (a chain of frames
 * from the repaired top to goexit, each return address after a call that fits). */
#include "analyzer/unwind/torn.h"

#include "analyzer/instructions/code_fit.h"
#include "analyzer/instructions/tear.h"
#include "analyzer/trial.h"

enum {
	WORD = 8,
	NESTED_LIMIT = 8,  /* tears on one stack whose proofs depend on each other */
	TEAR_LIMIT = 1024, /* of one dump; each costs a walk */
};

static int32_t known_tear(const struct analysis *analysis, const struct walk_subject *subject,
			  const struct context *context)
{
	for (size_t i = 0; i < analysis->tears.count; i++) {
		const struct tear *tear = &analysis->tears.items[i];

		if (tear->goroutine == subject->goroutine && tear->thread == subject->thread && tear->sp == context->sp &&
		    tear->at->pc == context->pc)
			return (int32_t)i;
	}
	return -1;
}

/* The interrupted frame pointer, and what the instructions say it must be. */
static void frame_pointer_witness(struct tear *tear, const struct context *context, const struct frame_state *state)
{
	tear->frame_pointer_due = context->has_fp && state->fp_known;
	if (!tear->frame_pointer_due)
		return;
	tear->has_frame_pointer = true;
	tear->frame_pointer = context->fp;
	tear->frame_pointer_address = context->fp_address;
	tear->frame_pointer_expected = tear->entry_sp + (uint64_t)state->fp_offset;
}

/* Whether the torn function can return to an address with SP at its top. */
static bool fits(const struct analysis *analysis, const struct tear *tear, const struct walk_subject *subject,
		 uint64_t return_address)
{
	return callsite_reaches(analysis->runtime, return_address, tear->at->func) &&
	       goexit_fits(analysis, subject, go_pc(analysis->runtime, return_address, false), tear->top);
}

/* The return address in the link register, and in the frame's own slot. */
static void return_witnesses(struct analysis *analysis, struct tear *tear, const struct walk_subject *subject,
			     const struct context *context, const struct frame_state *state)
{
	tear->link_live = state->link_live && context->has_lr;
	if (tear->link_live) {
		tear->link = context->lr;
		tear->link_address = context->lr_address;
		tear->link_calls = fits(analysis, tear, subject, tear->link);
	}
	if (!analysis->image->arch->link_register)
		tear->saved_slot = tear->entry_sp;
	else if (state->link_saved)
		tear->saved_slot = tear->entry_sp + (uint64_t)state->link_slot;
	if (tear->saved_slot && image_u64(analysis->image, tear->saved_slot, &tear->saved_return))
		tear->saved_calls = fits(analysis, tear, subject, tear->saved_return);
	else
		tear->saved_slot = 0;
}

static void choose_caller(struct tear *tear, const struct walk_subject *subject)
{
	if (subject->hi && (tear->top < subject->lo || tear->top > subject->hi))
		return;
	if (tear->link_live && tear->link_calls) {
		tear->caller_pc = tear->link;
		tear->caller_slot = tear->link_address;
	} else if (tear->saved_slot && tear->saved_calls) {
		tear->caller_pc = tear->saved_return;
		tear->caller_slot = tear->saved_slot;
	}
}

/* Walks on from the repaired top. */
static void chain_witness(struct analysis *analysis, struct tear *tear, const struct walk_subject *subject)
{
	struct context context = {.known = true, .pc = tear->caller_pc, .sp = tear->top, .how = HOW_REPAIRED,
				  .pc_address = tear->caller_slot};
	struct walk_subject above = *subject;
	struct stack stack = {0};
	const struct func *callee = tear->at->func;

	tear->end = END_UNKNOWN_CONTEXT;
	if (!tear->caller_pc)
		return;
	above.depth++;
	walk_goroutine(analysis, &above, &context, &stack);
	tear->end = stack.end;
	tear->callers = (uint32_t)stack_depth(&stack);
	tear->all_calls = true;
	for (size_t i = 0; i < stack.frames.count; i++) {
		if (!frame_follows_call(analysis->runtime, &stack, i, callee))
			tear->all_calls = false;
		callee = stack.frames.items[i].info->func;
	}
}

/* What a walk that trusts pcsp takes for the caller: on arm64 the word at SP, on amd64 the one below its idea of the top. */
static void false_caller(struct analysis *analysis, struct tear *tear)
{
	tear->false_slot = analysis->image->arch->link_register ? tear->sp : tear->sp + (uint64_t)tear->claimed;
	tear->false_known = image_u64(analysis->image, tear->false_slot, &tear->false_caller);
}

int32_t torn_at(struct analysis *analysis, const struct walk_subject *subject, uint32_t frame,
		const struct context *context, const struct pc_info *info, bool preempted)
{
	struct frame_state state;
	struct tear tear = {.goroutine = subject->goroutine, .thread = subject->thread, .frame = frame, .at = info,
			    .preempted = preempted, .pc_address = context->pc_address, .sp = context->sp};
	int32_t index = known_tear(analysis, subject, context);

	/* assembly that switches stacks disagrees with its table on purpose */
	if (index < 0 && (analysis->runtime->tables_damaged || (info->func->flags & (FUNC_ASM | FUNC_SP_WRITE)) || !info->has_delta ||
			  !frame_state_at(analysis->tear_cache, info, &state) || state.distance == info->delta))
		return -1;
	if (trial_gives_up(analysis))
		return TORN_LIMIT;
	if (index < 0 && !code_fits(analysis->runtime))
		return -1;
	if (index >= 0) {
		if (!subject->depth) /* else `frame` counts from the tear below */
			analysis->tears.items[index].frame = frame;
		return index;
	}
	if (analysis->tears.count >= TEAR_LIMIT)
		note_add(analysis->notes, "the dump holds more than %d torn stacks: the others are left out", TEAR_LIMIT);
	if (analysis->tears.count >= TEAR_LIMIT || subject->depth >= NESTED_LIMIT)
		return TORN_LIMIT;
	tear.claimed = info->delta;
	tear.executed = state.distance;
	tear.assumed = state.assumed;
	tear.beside = frame_state_beside(analysis->tear_cache, info, tear.claimed);
	tear.entry_sp = tear.sp + (uint64_t)tear.executed;
	tear.top = tear.entry_sp + (analysis->image->arch->link_register ? 0 : WORD);
	return_witnesses(analysis, &tear, subject, context, &state);
	frame_pointer_witness(&tear, context, &state);
	choose_caller(&tear, subject);
	chain_witness(analysis, &tear, subject);
	false_caller(analysis, &tear);
	vec_push(analysis->arena, &analysis->tears, tear);
	return (int32_t)(analysis->tears.count - 1);
}
