/* unwind.c: see unwind.h. Rules by release and CPU that matter here: amd64 keeps the return address at top-8 and the
 * caller's BP at top-16; arm64 keeps LR at the bottom of the frame and the caller's FP in the word below it. */
#include "analyzer/unwind/walk.h"

#include "analyzer/trial.h"
#include "analyzer/unwind/damage.h"
#include "analyzer/unwind/recursion.h"
#include "analyzer/unwind/torn.h"
#include "base/steps.h"
#include "formats/unwind/libraries.h"

uint64_t walk_frames(const struct walk_limit *limit, size_t index)
{
	return index < limit->short_from ? limit->frames : SHORT_STACK;
}

bool end_walk(struct walk *walk, enum stack_end end, uint64_t address)
{
	walk->stack->end = end;
	walk->stack->end_address = address;
	return false;
}

bool stack_word(struct walk *walk, uint64_t address, uint64_t *ret)
{
	uint8_t byte;

	if (image_u64(walk->image, address, ret))
		return true;
	if (!walk->image->record && image_read(walk->image, address, &byte, 1) == MEM_UNMAPPED) /* a log says of no address what is there */
		return end_walk(walk, END_UNMAPPED, address);
	return end_walk(walk, END_NOT_SAVED, address);
}

bool in_bounds(const struct walk *walk, uint64_t sp)
{
	return !walk->subject->hi || (sp >= walk->subject->lo && sp <= walk->subject->hi);
}

bool goexit_fits(const struct analysis *analysis, const struct walk_subject *subject, const struct pc_info *info,
		 uint64_t sp)
{
	struct go_runtime *runtime = analysis->runtime;
	uint64_t base;

	return subject->goroutine < 0 || info->role != ROLE_GOEXIT ||
	       !go_field(runtime, runtime->goroutines.items[subject->goroutine].address, LAYOUT_g_stktopsp, &base) || !base ||
	       sp == base;
}

void stack_clear(struct stack *stack)
{
	stack->frames.count = 0;
	stack->elided = 0;
	stack->digest = 0;
	stack->end = END_UNKNOWN_CONTEXT;
	stack->end_address = 0;
}

struct frame *add_frame(struct walk *walk, const struct pc_info *info)
{
	struct frame frame = {.pc = walk->at.pc, .sp = walk->at.sp, .slot = walk->slot, .info = info, .how = walk->at.how,
			      .exact = walk->at.exact, .tear = -1, .damage = walk->damage};

	walk->damage = -1;
	long_stack_keep(walk->analysis, walk->stack);
	walk->stack->digest = digest_add(walk->stack->digest, frame.pc);
	vec_push(walk->analysis->arena, &walk->stack->frames, frame);
	return &walk->stack->frames.items[walk->stack->frames.count - 1];
}

/* The walk is at a pc without a Go function. */
static bool foreign(struct walk *walk)
{
	if (trial_gives_up(walk->analysis)) /* libraries are read one by one */
		return end_walk(walk, END_NO_TABLE, walk->at.pc);
	if (returned_nowhere(walk))
		return true;
	if (walk->stack->frames.count == 0 || walk->at.how == HOW_SIGNAL || is_code(walk, walk->at.pc))
		return advance_c(walk);
	return end_walk(walk, END_DAMAGED, walk->slot ? walk->slot : walk->at.pc);
}

/* Whether the return address of such a call is where it must be. */
static bool follows_nil_call(struct walk *walk)
{
	uint64_t pc = walk->at.lr;

	return (walk->arch->link_register ? walk->at.has_lr : image_u64(walk->image, walk->at.sp, &pc)) &&
	       callsite_reaches(walk->runtime, pc, NULL);
}

/* A call through a nil function value, or C's null pointer: the CPU stopped at 0, and the caller is one step up
 * (unwinder.initAt). */
static bool nil_call(struct walk *walk)
{
	uint64_t pc;

	if (!follows_nil_call(walk) && returned_nowhere(walk))
		return true;
	add_frame(walk, go_pc(walk->runtime, 0, true));
	if (walk->arch->link_register) {
		if (!walk->at.has_lr)
			return end_walk(walk, END_DAMAGED, walk->at.sp);
		pc = walk->at.lr;
	} else if (!stack_word(walk, walk->at.sp, &pc)) {
		return false;
	} else {
		walk->slot = walk->at.sp;
		walk->at.sp += WORD;
	}
	walk->at.pc = pc;
	walk->at.exact = false;
	walk->at.has_lr = false;
	walk->at.how = HOW_PCSP;
	reg_set(&walk->registers, walk->arch->pc, pc);
	reg_set(&walk->registers, walk->arch->sp, walk->at.sp);
	return true;
}

/* Past an unusable return address: the saved frame pointer leads to the frame above the one that is lost. */
static bool by_frame_pointer(struct walk *walk, const struct frame *frame, uint64_t bad_slot)
{
	uint64_t link_slot = walk->arch->link_register ? frame->sp - WORD : frame->fp - 2 * WORD;
	uint64_t record, pc, next;

	end_walk(walk, END_DAMAGED, bad_slot);
	if (frame->fp <= frame->sp + (walk->arch->link_register ? 0 : WORD) || !image_u64(walk->image, link_slot, &record) ||
	    record < frame->fp - WORD || record % WORD || !in_bounds(walk, record) || !walk->subject->hi)
		return false;
	if (!image_u64(walk->image, record + WORD, &pc) || !callsite_reaches(walk->runtime, pc, NULL) ||
	    !image_u64(walk->image, record, &next))
		return false;
	walk->at = (struct context){.known = true, .pc = pc, .how = HOW_FRAME_POINTER};
	walk->at.sp = walk->arch->link_register ? next + WORD : record + 2 * WORD;
	walk->slot = record + WORD;
	walk->lost = true;
	return walk->at.sp > frame->sp && in_bounds(walk, walk->at.sp);
}

/* Whether a word can be where a frame returns to: Go code; for a call that the runtime injected, whatever was interrupted;
 * on a thread's own stack, code that is not Go's. */
static bool can_be_caller(struct walk *walk, const struct frame *frame, uint64_t pc)
{
	if (!in_bounds(walk, frame->fp))
		return false;
	if (!pc) /* of a jump to 0, sighandler leaves the link register as it is, or the word at SP (shouldPushSigpanic) */
		return frame->info->role == ROLE_SIGPANIC && noted_nil(walk, pc);
	return is_injected(frame->info->role) || go_pc(walk->runtime, pc, false)->func ||
	       (walk->thread && is_code(walk, pc));
}

/* What C code above a Go frame can know of its registers: those that Go's frames save, where compiled code does. */
void caller_registers(struct walk *walk, const struct frame *frame, uint64_t pc)
{
	uint64_t slot = walk->arch->link_register ? frame->sp - WORD : frame->fp - 2 * WORD;
	bool saves = frame->info->delta && !(frame->info->func->flags & FUNC_ASM);
	uint64_t value;

	walk->registers.known = 0;
	reg_set(&walk->registers, walk->arch->pc, pc);
	reg_set(&walk->registers, walk->arch->sp, frame->fp);
	if (saves && image_u64(walk->image, slot, &value))
		reg_set(&walk->registers, walk->arch->fp, value);
}

/* Code that the process made, of which the runtime knows nothing, called Go: its frame is added, and left by the record that its
 * frame pointer names. */
static bool into_generated(struct walk *walk, const struct frame *frame, uint64_t slot, uint64_t pc)
{
	if (walk->thread || !in_bounds(walk, frame->fp) || !is_code(walk, pc) || trial_gives_up(walk->analysis) ||
	    !returns_to_generated(walk->runtime, pc))
		return false;
	caller_registers(walk, frame, pc);
	walk->at = (struct context){.known = true, .pc = pc, .sp = frame->fp, .how = HOW_PCSP};
	walk->slot = slot;
	walk->preempted = false;
	return true;
}

bool step_to_caller(struct walk *walk, const struct frame *frame, bool innermost)
{
	bool from_link = walk->arch->link_register && (innermost || walk->at.exact) && walk->at.has_lr && frame->fp == frame->sp;
	uint64_t slot = walk->arch->link_register ? frame->sp : frame->fp - WORD;
	uint64_t pc;

	if (from_link) {
		pc = walk->at.lr;
		slot = walk->at.lr_address;
	} else if (!stack_word(walk, slot, &pc)) {
		return false;
	}
	if (!can_be_caller(walk, frame, pc))
		return into_generated(walk, frame, slot, pc) || damaged_slot(walk, frame, slot, pc) || by_frame_pointer(walk, frame, slot);
	if (!walk->thread && !from_link && damage_doubts(walk->analysis, walk->subject, frame, pc) &&
	    damaged_slot(walk, frame, slot, pc))
		return true;
	if (walk->thread)
		caller_registers(walk, frame, pc);
	walk->at = (struct context){.known = true, .pc = pc, .sp = frame->fp, .how = HOW_PCSP};
	walk->slot = slot;
	walk->preempted = false;
	return is_injected(frame->info->role) ? after_injected(walk, frame) : true;
}

bool at_registers(struct walk *walk, enum frame_how how)
{
	const struct arch *arch = walk->arch;
	const struct registers *registers = &walk->registers;

	walk->at = (struct context){.how = how};
	walk->at.known = reg_get(registers, arch->pc, &walk->at.pc) && reg_get(registers, arch->sp, &walk->at.sp);
	walk->at.has_fp = reg_get(registers, arch->fp, &walk->at.fp);
	walk->at.has_lr = arch->link_register && reg_get(registers, arch->lr, &walk->at.lr);
	return walk->at.known;
}

/* The frame's top: pcsp, or what the instructions really left where the two disagree. */
static bool frame_top(struct walk *walk, struct frame *frame)
{
	const struct pc_info *info = frame->info;

	if (!info->has_delta)
		return end_walk(walk, END_NO_TABLE, frame->pc);
	frame->fp = frame->sp + (uint64_t)(int64_t)info->delta + (walk->arch->link_register ? 0 : WORD);
	return true;
}

/* A torn frame: its true top and caller, from the proof that torn.c collects. */
static bool past_tear(struct walk *walk, struct frame *frame, const struct tear *tear)
{
	frame->sp = tear->sp - (uint64_t)(tear->claimed - tear->executed);
	frame->fp = tear->top;
	walk->preempted = false;
	if (!tear->caller_pc)
		return by_frame_pointer(walk, frame, tear->link_address);
	walk->at = (struct context){.known = true, .pc = tear->caller_pc, .sp = tear->top, .how = HOW_REPAIRED};
	walk->slot = tear->caller_slot;
	return true;
}

/* Adds the frame at walk->at and moves to its caller. Answers false when the walk is over. */
static bool advance(struct walk *walk)
{
	bool innermost = walk->stack->frames.count == 0;
	const struct pc_info *info = go_pc(walk->runtime, walk->at.pc, walk->at.exact);
	struct frame *frame;
	const struct tear *tear;
	bool handled = false;

	if (walk->at.pc == 0 && (innermost || (walk->thread && walk->at.exact)))
		return nil_call(walk);
	if (!info->func)
		return foreign(walk);
	frame = add_frame(walk, info);
	if (!frame_top(walk, frame))
		return false;
	if (walk->at.exact) {
		size_t depth = stack_depth(walk->stack) - 1;
		int32_t index = torn_at(walk->analysis, walk->subject, (uint32_t)depth, &walk->at, info, walk->preempted);

		frame = &walk->stack->frames.items[walk->stack->frames.count - 1];
		if (index == TORN_LIMIT)
			return end_walk(walk, END_LIMIT, frame->pc);
		frame->tear = index;
		if (index >= 0) {
			tear = &walk->analysis->tears.items[index];
			return past_tear(walk, frame, tear);
		}
	}
	if (walk->thread) {
		bool more = thread_step(walk, frame, &handled);

		if (handled)
			return more;
	}
	if (info->func->flags & FUNC_TOP_FRAME)
		return goexit_fits(walk->analysis, walk->subject, info, frame->sp) ? end_walk(walk, END_COMPLETE, 0)
										     : end_walk(walk, END_DAMAGED, walk->slot);
	if ((info->func->flags & FUNC_SP_WRITE) && !innermost && info->role != ROLE_CGOCALLBACK)
		return end_walk(walk, walk->thread ? END_STACK_SWITCH : END_DAMAGED, frame->sp);
	return step_to_caller(walk, frame, innermost || walk->at.syscall);
}

/* SP strictly grows; only the first frame, or an interrupted one, may be empty: where the CPU stopped outside of code after
 * a RET, and with a link register. */
static bool grew(const struct walk *walk, uint64_t last_sp, bool may_be_empty)
{
	return walk->at.sp > last_sp ||
	       (walk->at.sp == last_sp && may_be_empty && (walk->arch->link_register || walk->at.how == HOW_REPAIRED));
}

void walk_on(struct walk *walk)
{
	walk->crossed = walk->lost = false;
	walk->stack->end = END_LIMIT;
	walk->stack->end_address = 0;
	while (stack_depth(walk->stack) < walk->subject->frames && !trial_is_over(walk->analysis) && steps_take(STEPS_FRAME)) {
		uint64_t sp = walk->at.sp;
		bool may_be_empty = walk->stack->frames.count == 0 || walk->at.exact;

		if (!in_bounds(walk, sp)) {
			end_walk(walk, END_DAMAGED, walk->slot);
			break;
		}
		if ((!advance(walk) && !past_vdso_call(walk)) || walk->crossed)
			break;
		if (!grew(walk, sp, may_be_empty)) {
			end_walk(walk, END_DAMAGED, walk->slot);
			break;
		}
	}
	if (walk->lost && walk->stack->end == END_COMPLETE)
		walk->stack->end = END_DAMAGED;
	long_stack_place(walk->analysis, walk->stack);
	if (walk->damaged)
		damage_prove(walk->analysis, walk->subject, walk->stack);
}

void walk_goroutine(struct analysis *analysis, const struct walk_subject *subject, const struct context *context,
		    struct stack *ret)
{
	struct walk walk = {.analysis = analysis, .runtime = analysis->runtime, .image = analysis->image,
			    .arch = analysis->image->arch, .subject = subject, .stack = ret, .at = *context,
			    .slot = context->pc_address, .damage = DAMAGE_NONE};

	stack_clear(ret);
	if (context->has_fp && !go_pc(walk.runtime, context->pc, context->exact)->func)
		reg_set(&walk.registers, walk.arch->fp, context->fp);
	if (context->known)
		walk_on(&walk);
}
