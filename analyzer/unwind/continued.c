/* continued.c: see continued.h. The walk is that of dumps (unwind.h), on as little memory as there is. */
#include "analyzer/unwind/continued.h"

#include "analyzer/unwind/broken_call.h"
#include "analyzer/unwind/recorded.h"
#include "analyzer/unwind/recorded_damage.h"
#include "analyzer/unwind/torn.h"
#include "analyzer/unwind/unwind.h"
#include "golang/preempt.h"
#include "golang/recorded.h"

enum { FRAMES_MOST = 4096, WORD = 8 };

static struct walk_subject subject_of(const struct analysis *analysis, size_t goroutine)
{
	const struct goroutine *g = &analysis->runtime->goroutines.items[goroutine];

	return (struct walk_subject){.goroutine = (int32_t)goroutine, .thread = analysis->goroutine_thread[goroutine],
				     .lo = g->stack_lo, .hi = g->stack_hi, .frames = FRAMES_MOST};
}

/* What an injected call pushed of the registers of a CPU with a link register (runtime/preempt_arm64.s, signal_arm64.go preparePanic),
 * where the words below the frame that it interrupted were printed. */
static void pushed_registers(const struct analysis *analysis, const struct frame *frame, struct context *ret)
{
	ret->lr_address = frame->sp - 2 * WORD;
	ret->has_lr = image_u64(analysis->image, ret->lr_address, &ret->lr);
	if (injected_call_fp(analysis->runtime) != INJECTED_FP_BELOW_LINK)
		return;
	ret->fp_address = ret->lr_address - WORD;
	ret->has_fp = image_u64(analysis->image, ret->fp_address, &ret->fp);
}

static struct context context_of(const struct analysis *analysis, const struct stack *stack, size_t index)
{
	const struct frame *frame = &stack->frames.items[index];
	struct context context = {.known = true, .pc = frame->pc, .sp = frame->sp, .how = HOW_RECORDED, .exact = frame->exact};

	if (analysis->image->arch->link_register && index && is_injected(frame[-1].info->role))
		pushed_registers(analysis, frame, &context);
	return context;
}

/* Whether the frame printed before number `at` says that this one was preempted. */
static bool is_preempted(const struct stack *printed, size_t at)
{
	return at && printed->frames.items[at - 1].info->role == ROLE_ASYNC_PREEMPT;
}

/* Frames that were stopped anywhere, not at a call: their SP may be in the middle of being changed. */
static void find_tears(struct analysis *analysis, size_t goroutine, const struct stack *stack)
{
	const struct walk_subject subject = subject_of(analysis, goroutine);

	for (size_t i = 0; i < stack->frames.count; i++) {
		const struct frame *frame = &stack->frames.items[i];
		const struct context context = context_of(analysis, stack, i);

		if (frame->exact && frame->sp && frame->info->func && !frame->info->recorded)
			torn_at(analysis, &subject, (uint32_t)i, &context, frame->info, is_preempted(stack, i));
	}
}

/* Where the thread stopped, by the registers that were printed, if that is in no function. */
static bool stopped_nowhere(const struct analysis *analysis, struct context *ret)
{
	const struct arch *arch = analysis->image->arch;
	const struct registers *registers = &analysis->image->threads.items[0].registers;

	*ret = (struct context){.how = HOW_CONTEXT, .exact = true};
	ret->known = reg_get(registers, arch->pc, &ret->pc) && reg_get(registers, arch->sp, &ret->sp);
	ret->has_fp = reg_get(registers, arch->fp, &ret->fp);
	ret->has_lr = reg_get(registers, arch->lr, &ret->lr);
	return ret->known && !go_pc(analysis->runtime, ret->pc, true)->func && !analysis->runtime->recorded->record->signal.in_c;
}

/* The innermost frames as printed, then those of the walk. */
static void splice(struct analysis *analysis, const struct stack *printed, size_t count, const struct stack *walked)
{
	struct stack *to = &analysis->continued;

	*to = (struct stack){.end = walked->end, .end_address = walked->end_address};
	for (size_t i = 0; i < count; i++)
		vec_push(analysis->arena, &to->frames, printed->frames.items[i]);
	for (size_t i = 0; i < walked->frames.count; i++)
		vec_push(analysis->arena, &to->frames, walked->frames.items[i]);
	for (size_t i = 0; i < to->frames.count; i++)
		to->digest = digest_add(to->digest, to->frames.items[i].pc);
}

/* Whether a RET is at a pc. */
static bool is_return(const struct analysis *analysis, uint64_t pc)
{
	enum { INSN_BYTES = 16 };
	struct insn insn;

	return analysis->runtime->decoder &&
	       insn_decode(analysis->runtime->decoder, pc, image_view(analysis->image, pc, INSN_BYTES), &insn) &&
	       insn.flow == FLOW_RETURN;
}

/* The walk ended at once, since the word that should be a return address is none. A log does not show what code a process made for
 * itself: only what no address can be was written there. */
static void file_smashed(struct analysis *analysis, const struct walk_subject *subject, const struct stack *walked, uint32_t frame)
{
	enum { FIRST_PAGES = 64 << 10 };
	const struct frame *last = walked->frames.count == 1 ? walked->frames.items : NULL;
	struct damage damage = {.kind = DAMAGE_SMASHED, .goroutine = subject->goroutine, .thread = subject->thread, .frame = frame,
				.slot = walked->end_address, .slot_holds = true, .end = END_DAMAGED};

	if (!last || !last->info->func || walked->end != END_DAMAGED || last->tear >= 0 ||
	    !image_u64(analysis->image, damage.slot, &damage.observed) ||
	    (damage.observed >= FIRST_PAGES && arch_forms(analysis->image->arch, damage.observed)))
		return;
	damage.callee = last->info;
	damage.at_return = last->exact && analysis->fault.known && analysis->fault.pc == last->pc && is_return(analysis, last->pc);
	vec_push(analysis->arena, &analysis->damages, damage);
}

/* What the walk filed is counted from where it began. */
static void count_on(struct analysis *analysis, const struct stack *walked, size_t damages, size_t kept)
{
	for (size_t i = 0; i < walked->frames.count; i++)
		if (walked->frames.items[i].tear >= 0)
			analysis->tears.items[walked->frames.items[i].tear].frame = (uint32_t)(kept + i);
	for (size_t i = damages; i < analysis->damages.count; i++)
		if (analysis->damages.items[i].frame != FRAME_ELIDED)
			analysis->damages.items[i].frame += (uint32_t)kept;
}

/* Of a tear in the frame that the walk began with, the walk does not know what was printed before it. */
static void note_preemption(struct analysis *analysis, const struct stack *printed, size_t kept, const struct stack *walked)
{
	const int32_t tear = walked->frames.count ? walked->frames.items[0].tear : -1;

	if (tear >= 0 && is_preempted(printed, kept))
		analysis->tears.items[tear].preempted = true;
}

/* Walks on from the printed frame number `kept`, in a context; true: it was kept, since it found more than was printed. */
static bool walk_from(struct analysis *analysis, size_t goroutine, const struct stack *printed, size_t kept, const struct context *context)
{
	const struct walk_subject subject = subject_of(analysis, goroutine);
	const size_t damages = analysis->damages.count;
	struct stack walked = {0};

	walk_goroutine(analysis, &subject, context, &walked);
	count_on(analysis, &walked, damages, kept);
	note_preemption(analysis, printed, kept, &walked);
	if (walked.frames.count == 1 && kept < printed->frames.count)
		file_smashed(analysis, &subject, &walked, (uint32_t)kept);
	if (kept + walked.frames.count <= printed->frames.count)
		return false;
	splice(analysis, printed, kept, &walked);
	analysis->continued_of = goroutine;
	return true;
}

/* A frame that was stopped, below which the runtime made it look as if it had called: from there on the walk reads what registers it had
 * then, where those words were printed. */
static bool walk_from_injected(struct analysis *analysis, size_t goroutine, const struct stack *printed)
{
	const size_t last = printed->frames.count - 1;
	struct context context;

	if (!last || !printed->frames.items[last].exact || !printed->frames.items[last - 1].sp)
		return false;
	context = context_of(analysis, printed, last - 1);
	return walk_from(analysis, goroutine, printed, last - 1, &context);
}

/* The log breaks off in the very call that would say where the goroutine stood. */
static bool walk_broken(struct analysis *analysis, size_t goroutine, const struct stack *printed)
{
	const size_t tears = analysis->tears.count;
	struct context context;

	if (!broken_call_find(analysis, goroutine, printed, &context))
		return false;
	pushed_registers(analysis, &(struct frame){.sp = context.sp}, &context);
	walk_from(analysis, goroutine, printed, printed->frames.count, &context);
	for (size_t i = tears; i < analysis->tears.count; i++)
		if (analysis->tears.items[i].at->pc == context.pc)
			analysis->tears.items[i].searched = analysis->tears.items[i].preempted = true;
	return true;
}

/* Where the printed stack breaks off, or where it began: the walk is kept if it found more than that. */
static void walk_on(struct analysis *analysis, size_t goroutine)
{
	struct stack printed = {0};
	struct context context;
	size_t kept;

	recorded_goroutine_stack(analysis, goroutine, &printed);
	if (printed.end == END_COMPLETE || printed.elided || walk_broken(analysis, goroutine, &printed))
		return;
	kept = printed.frames.count ? printed.frames.count - 1 : 0;
	if (analysis->goroutine_thread[goroutine] == 0 && stopped_nowhere(analysis, &context))
		kept = 0;
	else if (!printed.frames.count || !printed.frames.items[kept].sp || walk_from_injected(analysis, goroutine, &printed))
		return;
	else
		context = context_of(analysis, &printed, kept);
	walk_from(analysis, goroutine, &printed, kept, &context);
}

/* Whose stack the runtime could not walk, if it complains of none: one that was stopped where its SP is not what the table says, and that
 * is not printed to its end; else one in which the log breaks off; else that of the goroutine that died. */
static const struct goroutine *choose(const struct analysis *analysis)
{
	const struct log_record *record = analysis->runtime->recorded->record;
	struct stack stack = {0};

	for (size_t i = 0; i < analysis->tears.count; i++) {
		const int32_t index = analysis->tears.items[i].goroutine;

		recorded_goroutine_stack(analysis, (size_t)index, &stack);
		if (stack.end != END_COMPLETE)
			return &analysis->runtime->goroutines.items[index];
	}
	for (size_t i = 0; i < record->goroutines.count; i++)
		if (record->goroutines.items[i].stack.broken)
			return &analysis->runtime->goroutines.items[i];
	return goroutine_by_id(analysis->runtime, record->dying);
}

void recorded_continue(struct analysis *analysis)
{
	const struct log_record *record = analysis->runtime->recorded->record;
	const struct goroutine *g = goroutine_by_id(analysis->runtime, record->complained);
	struct stack stack = {0};

	if (!analysis->runtime->exe) {
		recorded_damage_find(analysis);
		return;
	}
	if (g && analysis->image->threads.count) /* the walk knows more of a tear than its frame alone tells */
		walk_on(analysis, (size_t)(g - analysis->runtime->goroutines.items));
	for (size_t i = 0; i < analysis->groups.count; i++) {
		recorded_goroutine_stack(analysis, analysis->groups.items[i].first, &stack);
		find_tears(analysis, analysis->groups.items[i].first, &stack);
	}
	g = g ? NULL : choose(analysis);
	if (g && analysis->image->threads.count)
		walk_on(analysis, (size_t)(g - analysis->runtime->goroutines.items));
	if (!analysis->tears.count && !analysis->damages.count) /* nor did the words suffice for a walk */
		recorded_damage_find(analysis);
}
