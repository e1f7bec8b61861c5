/* damage_doubt.c: a word in a Go function that a frame cannot return to. Damage may leave a return address inside code, where
 * a walk takes it for sound. Not doubted is what has other ways to be right: calls that the runtime injects, assembly, which
 * may jump on (but to no middle of an instruction), functions that end in a jump to another (wrappers of methods), calls through a linker's stub. */
#include "analyzer/unwind/damage.h"

enum {
	WORD = 8,
	INSN_BYTES = 16,
	JUMPING_BYTES = 4096, /* functions that only jump on are short */
	SWEPT_BYTES = 1 << 16,
};

static bool splits_instruction(struct go_runtime *runtime, const struct pc_info *info)
{
	struct insn insn;
	uint64_t at;

	if (!runtime->decoder || !info->func || (info->func->flags & FUNC_ASM) || info->pc - info->func->entry > SWEPT_BYTES)
		return false;
	for (at = info->func->entry; at < info->pc; at += insn.size)
		if (!insn_decode(runtime->decoder, at, image_view(runtime->image, at, INSN_BYTES), &insn) || !insn.size)
			return false;
	return at != info->pc;
}

/* Many frames ask for few places. */
bool damage_splits_instruction(struct analysis *analysis, const struct pc_info *info)
{
	int64_t known = word_map_find(&analysis->splitting, info->pc);

	if (known < 0) {
		known = splits_instruction(analysis->runtime, info);
		word_map_add(&analysis->splitting, analysis->arena, info->pc, (uint32_t)known);
	}
	return known;
}

static bool has_jump_out(struct go_runtime *runtime, const struct func *func)
{
	struct insn insn;

	if (func->end - func->entry > JUMPING_BYTES)
		return true;
	for (uint64_t at = func->entry; at < func->end; at += insn.size) {
		if (!insn_decode(runtime->decoder, at, image_view(runtime->image, at, INSN_BYTES), &insn))
			return true;
		if (insn.flow == FLOW_INDIRECT_JUMP ||
		    (insn.flow == FLOW_JUMP && (insn.target < func->entry || insn.target >= func->end)))
			return true;
	}
	return false;
}

/* Whether code has a jump out of its function, or one that may lead there. Many frames ask for few functions. */
static bool jumps_out(struct analysis *analysis, const struct func *func)
{
	int64_t known = word_map_find(&analysis->leaving, func->entry);

	if (known < 0) {
		known = has_jump_out(analysis->runtime, func);
		word_map_add(&analysis->leaving, analysis->arena, func->entry, (uint32_t)known);
	}
	return known;
}

/* Whether a function may leave by a jump, so that another one returns in its place. */
static bool may_jump_on(struct analysis *analysis, const struct func *func)
{
	return (func->flags & FUNC_ASM) || jumps_out(analysis, func);
}

/* The function at whose beginning the call before a return address leads; NULL: it is not known. */
static const struct func *called_before(struct analysis *analysis, const struct pc_info *info)
{
	const struct pc_info *target = go_pc(analysis->runtime, info->call_target, true);

	return target->func && target->func->entry == info->call_target ? target->func : NULL;
}

/* Whether the call before a return address leads elsewhere for sure. */
static bool calls_another(struct analysis *analysis, const struct pc_info *info)
{
	const struct func *called = called_before(analysis, info);

	return called && !may_jump_on(analysis, called);
}

bool damage_contradicts_call(struct analysis *analysis, const struct stack *stack, size_t index)
{
	const struct frame *callee = &stack->frames.items[index], *caller = callee + 1;
	const struct pc_info *info;
	const struct func *called;

	if (index + 1 >= stack->frames.count || !callee->info->func || !caller->info->func || caller->exact || caller->sp != callee->fp ||
	    is_injected(callee->info->role) || !analysis->runtime->decoder ||
	    frame_follows_call(analysis->runtime, stack, index + 1, callee->info->func))
		return false;
	info = go_return_address(analysis->runtime, caller->pc);
	called = called_before(analysis, info);
	return info->has_code && (info->call == FLOW_NEXT || (called && !jumps_out(analysis, called)));
}

/* Whether the chain of frame pointers has the frame above end elsewhere than the table of this caller says. On amd64 the
 * callee's saved one lies at the top of the caller's frame, on arm64 it is read in the word below that. What an injected call
 * saved is the register of whatever it interrupted. */
static bool frame_pointers_contradict(struct analysis *analysis, const struct walk_subject *subject, const struct frame *frame,
				      const struct pc_info *caller)
{
	const bool link = analysis->image->arch->link_register;
	const uint64_t due = frame->fp + (uint64_t)(int64_t)caller->delta - WORD;
	uint64_t slot = link ? frame->sp - WORD : frame->fp - 2 * WORD;
	uint64_t record, word;

	if (!frame->info->delta || !caller->has_delta || !caller->delta || (caller->func->flags & FUNC_ASM) ||
	    is_injected(caller->role) || !image_u64(analysis->image, slot, &record))
		return false;
	if (link && (record != frame->fp - WORD || !image_u64(analysis->image, record, &record)))
		return false;
	if ((uint32_t)record == (uint32_t)due || record % WORD || record < frame->fp || record >= subject->hi)
		return false;
	return image_u64(analysis->image, link ? frame->fp : record + WORD, &word) &&
	       callsite_reaches(analysis->runtime, word, NULL);
}

/* Whether the caller returns to goexit, and another function is the goroutine's first, g.startpc. */
static bool is_wrong_first(struct analysis *analysis, const struct walk_subject *subject, const struct frame *frame,
			   const struct pc_info *caller)
{
	struct go_runtime *runtime = analysis->runtime;
	const struct func *goexit = runtime->functions[ROLE_GOEXIT];
	const struct pc_info *first;
	uint64_t slot = frame->fp + (analysis->image->arch->link_register ? 0 : (uint64_t)(int64_t)caller->delta);
	uint64_t word;

	if (!goexit || !caller->has_delta || !image_u64(analysis->image, slot, &word) ||
	    word != goexit->entry + analysis->image->arch->quantum)
		return false;
	first = go_pc(runtime, runtime->goroutines.items[subject->goroutine].startpc, true);
	return first->func && first->func->entry == first->pc && first->func != caller->func && !may_jump_on(analysis, first->func);
}

bool damage_doubts(struct analysis *analysis, const struct walk_subject *subject, const struct frame *frame, uint64_t word)
{
	struct go_runtime *runtime = analysis->runtime;
	const struct pc_info *info;

	if (subject->depth || subject->goroutine < 0 || !runtime->decoder || runtime->tables_damaged || is_injected(frame->info->role))
		return false;
	info = go_return_address(runtime, word);
	if (!info->func || !info->has_code)
		return false;
	if (frame->info->func->flags & FUNC_ASM)
		return info->call == FLOW_NEXT && damage_splits_instruction(analysis, info);
	if (!callsite_reaches(runtime, word, frame->info->func))
		return info->call == FLOW_NEXT || calls_another(analysis, info);
	return frame_pointers_contradict(analysis, subject, frame, info) || is_wrong_first(analysis, subject, frame, info);
}
