/* continued.c: see continued.h. The walk is that of dumps (unwind.h), on as little memory as there is. */
#include "analyzer/unwind/continued.h"

#include "analyzer/unwind/recorded.h"
#include "analyzer/unwind/torn.h"
#include "analyzer/unwind/unwind.h"
#include "golang/recorded.h"

enum { FRAMES_MOST = 4096 };

static struct walk_subject subject_of(const struct analysis *analysis, size_t goroutine)
{
	const struct goroutine *g = &analysis->runtime->goroutines.items[goroutine];

	return (struct walk_subject){.goroutine = (int32_t)goroutine, .thread = analysis->goroutine_thread[goroutine],
				     .lo = g->stack_lo, .hi = g->stack_hi, .frames = FRAMES_MOST};
}

static struct context context_of(const struct frame *frame)
{
	return (struct context){.known = true, .pc = frame->pc, .sp = frame->sp, .how = HOW_RECORDED, .exact = frame->exact};
}

/* Frames that were stopped anywhere, not at a call: their SP may be in the middle of being changed. */
static void find_tears(struct analysis *analysis, size_t goroutine, const struct stack *stack)
{
	const struct walk_subject subject = subject_of(analysis, goroutine);

	for (size_t i = 0; i < stack->frames.count; i++) {
		const struct frame *frame = &stack->frames.items[i];
		const struct context context = context_of(frame);
		const bool preempted = i && frame[-1].info->role == ROLE_ASYNC_PREEMPT;

		if (frame->exact && frame->sp && frame->info->func && !frame->info->recorded)
			torn_at(analysis, &subject, (uint32_t)i, &context, frame->info, preempted);
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

/* Where the printed stack breaks off, or where it began: the walk is kept if it found more than that. */
static void walk_on(struct analysis *analysis, size_t goroutine)
{
	const struct walk_subject subject = subject_of(analysis, goroutine);
	const size_t damages = analysis->damages.count;
	struct stack printed = {0}, walked = {0};
	struct context context;
	size_t kept;

	recorded_goroutine_stack(analysis, goroutine, &printed);
	if (printed.end == END_COMPLETE || printed.elided)
		return;
	kept = printed.frames.count ? printed.frames.count - 1 : 0;
	if (analysis->goroutine_thread[goroutine] == 0 && stopped_nowhere(analysis, &context))
		kept = 0;
	else if (!printed.frames.count || !printed.frames.items[kept].sp)
		return;
	else
		context = context_of(&printed.frames.items[kept]);
	walk_goroutine(analysis, &subject, &context, &walked);
	for (size_t i = 0; i < walked.frames.count; i++) /* counted from where the walk began */
		if (walked.frames.items[i].tear >= 0)
			analysis->tears.items[walked.frames.items[i].tear].frame = (uint32_t)(kept + i);
	if (walked.frames.count <= 1) {
		file_smashed(analysis, &subject, &walked, (uint32_t)kept);
		return;
	}
	for (size_t i = damages; i < analysis->damages.count; i++)
		if (analysis->damages.items[i].frame != FRAME_ELIDED)
			analysis->damages.items[i].frame += (uint32_t)kept;
	splice(analysis, &printed, kept, &walked);
	analysis->continued_of = goroutine;
}

void recorded_continue(struct analysis *analysis)
{
	const struct log_record *record = analysis->runtime->recorded->record;
	const struct goroutine *g = goroutine_by_id(analysis->runtime, record->complained ? record->complained : record->dying);
	struct stack stack = {0};

	if (!analysis->runtime->exe)
		return;
	for (size_t i = 0; i < analysis->groups.count; i++) {
		recorded_goroutine_stack(analysis, analysis->groups.items[i].first, &stack);
		find_tears(analysis, analysis->groups.items[i].first, &stack);
	}
	if (g && analysis->image->threads.count)
		walk_on(analysis, (size_t)(g - analysis->runtime->goroutines.items));
}
