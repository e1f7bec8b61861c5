/* unwind.c: see unwind.h. Rules by release and CPU that matter here: amd64 keeps the return address at top-8 and the
 * caller's BP at top-16; arm64 keeps LR at the bottom of the frame and the caller's FP in the word below it. A call that
 * the runtime injected (asyncPreempt, sigpanic, debugCall) makes its caller's pc exact; on arm64 it pushed 16 bytes that
 * hold the interrupted LR. */
#include "analyzer/unwind/walk.h"

#include "base/steps.h"

#include "analyzer/unwind/damage.h"
#include "analyzer/unwind/recursion.h"
#include "analyzer/unwind/torn.h"
#include "formats/unwind/libraries.h"
#include "analyzer/trial.h"
#include "golang/preempt.h"

enum {
	SIGNAL_LIMIT = 64,   /* signal frames on one thread: SP need not grow across them */
	HANDLER_FRAMES = 64, /* of Go's handler, as far as it calls C or dies */
	INSN_BYTES = 16,
};

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
	return end_walk(walk, image_read(walk->image, address, &byte, 1) == MEM_UNMAPPED ? END_UNMAPPED : END_NOT_SAVED,
			address);
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

bool is_injected(enum func_role role)
{
	return role == ROLE_ASYNC_PREEMPT || role == ROLE_SIGPANIC || role == ROLE_DEBUG_CALL || role == ROLE_SIGPANIC0;
}

static void clear(struct stack *stack)
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

/* Looks for what a damaged return address was; `frame` is the number of the frame that it leads to. */
static int32_t repair(struct walk *walk, size_t frame, struct damage *place)
{
	place->goroutine = walk->subject->goroutine;
	place->thread = walk->subject->thread;
	place->frame = (uint32_t)frame;
	return damage_repair(walk->analysis, walk->subject, place);
}

/* Goes on at the frame that it leads to; where that is not known, at the one above. */
static bool past_damage(struct walk *walk, const struct damage *place, int32_t index)
{
	if (index == DAMAGE_NONE)
		return false;
	walk->at = (struct context){.known = true, .pc = place->repaired, .sp = place->caller_sp, .how = HOW_REPAIRED};
	walk->slot = place->slot;
	walk->preempted = false;
	if (!place->repaired) {
		walk->at.pc = place->above_pc;
		walk->at.sp = place->above_sp;
		walk->at.how = HOW_FRAME_POINTER;
		walk->lost = true;
	} else if (index != DAMAGE_UNFILED) {
		walk->damage = index;
		walk->damaged = true;
	}
	if (walk->thread) {
		walk->registers.known = 0;
		reg_set(&walk->registers, walk->arch->pc, walk->at.pc);
		reg_set(&walk->registers, walk->arch->sp, walk->at.sp);
	}
	return true;
}

/* Whether a call led to where no code is, so that its return address is where a call leaves it. A RET leaves the link register
 * as it jumps; its pc lacks the tag that the word may have. */
static bool was_called(struct walk *walk)
{
	uint64_t word;

	if (walk->arch->link_register)
		return walk->at.has_lr && arch_untagged(walk->arch, walk->at.lr) != arch_untagged(walk->arch, walk->at.pc);
	return image_u64(walk->image, walk->at.sp, &word) &&
	       go_return_address(walk->runtime, word)->call == FLOW_INDIRECT_CALL;
}

/* The CPU stopped where no code is: perhaps a RET took a damaged return address. */
static bool returned_nowhere(struct walk *walk)
{
	struct damage place = {.returned = true, .landed = walk->at.pc, .pc_address = walk->at.pc_address,
			       .observed = walk->at.has_lr ? walk->at.lr : walk->at.pc,
			       .caller_sp = walk->at.sp, .frame_pointer_due = walk->at.has_fp,
			       .frame_pointer = walk->at.fp, .frame_pointer_address = walk->at.fp_address};
	int32_t index;

	if (!walk->at.exact || is_code(walk, walk->at.pc) || was_called(walk))
		return false;
	index = repair(walk, stack_depth(walk->stack) + 1, &place);
	if (index == DAMAGE_NONE)
		return false;
	add_frame(walk, go_pc(walk->runtime, walk->at.pc, true));
	return past_damage(walk, &place, index);
}

/* Whether the CPU stopped at a RET that takes the word at SP: on amd64 it faults there if that is no address. */
static bool stopped_at_return(struct walk *walk, const struct frame *frame, uint64_t slot)
{
	struct insn insn;

	return frame->exact && !walk->arch->link_register && slot == frame->sp &&
	       insn_decode(walk->runtime->decoder, frame->pc, image_view(walk->image, frame->pc, INSN_BYTES), &insn) &&
	       insn.flow == FLOW_RETURN;
}

/* A frame's slot of the return address holds none. */
static bool damaged_slot(struct walk *walk, const struct frame *frame, uint64_t slot, uint64_t observed)
{
	struct damage place = {.slot = slot, .slot_holds = slot != 0, .observed = observed, .caller_sp = frame->fp,
			       .callee = frame->info, .at_return = stopped_at_return(walk, frame, slot),
			       .in_code = go_pc(walk->runtime, observed, false)->func != NULL};
	bool has_frame = frame->fp > frame->sp + (walk->arch->link_register ? 0 : WORD);

	if (!in_bounds(walk, frame->fp))
		return false;
	if (has_frame && !(frame->info->func->flags & FUNC_ASM)) {
		place.frame_pointer_address = walk->arch->link_register ? frame->sp - WORD : frame->fp - 2 * WORD;
		place.frame_pointer_due = image_u64(walk->image, place.frame_pointer_address, &place.frame_pointer);
	} else if (!has_frame && walk->at.has_fp) {
		place.frame_pointer_due = true;
		place.frame_pointer = walk->at.fp;
		place.frame_pointer_address = walk->at.fp_address;
	}
	if (!past_damage(walk, &place, repair(walk, stack_depth(walk->stack), &place)))
		return false;
	if (!walk->thread && !go_pc(walk->runtime, walk->at.pc, false)->func) /* code that the process made: by its record */
		caller_registers(walk, frame, walk->at.pc);
	return true;
}

bool damaged_record(struct walk *walk, uint64_t record)
{
	struct damage place = {.slot = record + WORD, .slot_holds = true, .caller_sp = record + 2 * WORD};
	uint64_t next;

	if (walk->thread || !image_u64(walk->image, record, &next) || !image_u64(walk->image, place.slot, &place.observed))
		return false;
	if (walk->arch->link_register && next > record)
		place.caller_sp = next + WORD;
	return in_bounds(walk, record) && in_bounds(walk, place.caller_sp) &&
	       past_damage(walk, &place, repair(walk, stack_depth(walk->stack), &place));
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

/* Whether the runtime noted that a goroutine jumped to 0. */
static bool noted_nil(const struct walk *walk)
{
	const int32_t index = walk->subject->goroutine;
	struct noted_fault noted;

	return index >= 0 && go_noted_fault(walk->runtime, walk->runtime->goroutines.items[index].address, &noted) && !noted.pc;
}

/* Of a jump to 0 sighandler takes the word at SP for the return address of a call, and pushes none (amd64: preparePanic,
 * shouldPushSigpanic in runtime/signal_amd64.go, signal_unix.go). If that word is none, a RET jumped. */
static void jumped_to_nil(struct walk *walk, const struct frame *frame)
{
	if (frame->info->role != ROLE_SIGPANIC || go_pc(walk->runtime, walk->at.pc, false)->func || !noted_nil(walk))
		return;
	walk->at.pc = 0;
	walk->at.pc_address = walk->slot = 0;
	walk->at.sp = frame->fp - WORD;
}

/* The frame pointer that an injected call interrupted; one whose frame is there has saved it. */
static void interrupted_frame_pointer(struct walk *walk, const struct frame *frame)
{
	bool link = walk->arch->link_register;

	switch (injected_call_fp(walk->runtime)) {
	case INJECTED_FP_BELOW_LINK:
		walk->at.fp_address = walk->at.sp - WORD;
		break;
	case INJECTED_FP_IN_CALLEE:
		if (frame->exact && !frame->info->delta)
			return;
		walk->at.fp_address = link ? frame->sp - WORD : frame->fp - 2 * WORD;
		break;
	case INJECTED_FP_NOWHERE:
		return;
	}
	walk->at.has_fp = image_u64(walk->image, walk->at.fp_address, &walk->at.fp);
}

/* Code that the process made was interrupted: the record that its frame pointer names leads on, as from a signal's frame. */
static bool in_generated(struct walk *walk)
{
	if (walk->thread || walk->at.pc == 0 || go_pc(walk->runtime, walk->at.pc, true)->func || !is_code(walk, walk->at.pc) ||
	    trial_gives_up(walk->analysis) || !libraries_generated(walk->image->libraries, walk->at.pc))
		return false;
	walk->registers.known = 0;
	reg_set(&walk->registers, walk->arch->pc, walk->at.pc);
	reg_set(&walk->registers, walk->arch->sp, walk->at.sp);
	if (walk->at.has_fp)
		reg_set(&walk->registers, walk->arch->fp, walk->at.fp);
	if (walk->at.has_lr)
		reg_set(&walk->registers, walk->arch->lr, walk->at.lr);
	return true;
}

/* Whether no other sigpanic was met on the way: g.sigpc is of the last one. */
static bool is_last_sigpanic(const struct walk *walk)
{
	size_t count = 0;

	for (size_t i = 0; i < walk->stack->frames.count; i++)
		count += walk->stack->frames.items[i].info->role == ROLE_SIGPANIC;
	return count == 1;
}

/* sighandler takes a pc that is in no Go function, and a return address that is, for a call that went wrong, and leaves the pc out
 * (shouldPushSigpanic, runtime/signal_unix.go). In code that the process made it is right, and g.sigpc has it. */
static void put_back_generated(struct walk *walk, const struct frame *frame)
{
	const int32_t index = walk->subject->goroutine;
	struct noted_fault noted;

	if (frame->info->role != ROLE_SIGPANIC || index < 0 || trial_gives_up(walk->analysis) ||
	    !go_noted_fault(walk->runtime, walk->runtime->goroutines.items[index].address, &noted) || noted.pc == walk->at.pc ||
	    go_pc(walk->runtime, noted.pc, true)->func || !is_code(walk, noted.pc) || !is_last_sigpanic(walk) ||
	    !libraries_generated(walk->image->libraries, noted.pc))
		return;
	walk->at.pc = noted.pc;
	walk->at.pc_address = walk->slot = 0;
	if (!walk->arch->link_register)
		walk->at.sp = frame->fp - WORD;
}

/* Steps over an injected call: what it interrupted is exact, and its LR was pushed (arm64). */
static bool after_injected(struct walk *walk, const struct frame *frame)
{
	uint64_t pushed;
	const struct pc_info *info;

	walk->at.exact = true;
	walk->at.how = HOW_SIGNAL;
	walk->at.pc_address = walk->slot;
	walk->preempted = frame->info->role == ROLE_ASYNC_PREEMPT;
	interrupted_frame_pointer(walk, frame);
	put_back_generated(walk, frame);
	if (!walk->arch->link_register) {
		if (!in_generated(walk))
			jumped_to_nil(walk, frame);
		return true;
	}
	if (!stack_word(walk, walk->at.sp, &pushed))
		return false;
	walk->at.lr = pushed;
	walk->at.has_lr = true;
	walk->at.lr_address = walk->at.sp;
	walk->at.sp += 2 * WORD;
	if (in_generated(walk))
		return true;
	info = go_pc(walk->runtime, walk->at.pc, true);
	if (!info->func && go_pc(walk->runtime, pushed, false)->func) {
		walk->at.pc = pushed;
		walk->at.exact = false;
	}
	return true;
}

/* Whether a word can be where a frame returns to: Go code; for a call that the runtime injected, whatever was interrupted;
 * on a thread's own stack, code that is not Go's. */
static bool can_be_caller(struct walk *walk, const struct frame *frame, uint64_t pc)
{
	if (!in_bounds(walk, frame->fp))
		return false;
	if (!pc) /* a link register that a RET took 0 from: of a jump to 0, sighandler leaves it as it is (shouldPushSigpanic) */
		return frame->info->role == ROLE_SIGPANIC && walk->arch->link_register && noted_nil(walk);
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

/* The ordinary step to the caller. Answers false when the walk ended. */
static bool step(struct walk *walk, const struct frame *frame, bool innermost)
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

bool cross_signal(struct walk *walk, uint64_t entry_sp)
{
	const struct arch *arch = walk->arch;
	uint64_t address = entry_sp + arch->sigframe_ucontext;
	struct registers registers = {0};
	struct context *at = &walk->at;
	uint64_t value;

	for (size_t i = 0; i < arch->ucontext.count; i++) {
		if (!stack_word(walk, address + arch->ucontext.slots[i].offset, &value))
			return false;
		reg_set(&registers, arch->ucontext.slots[i].reg, value);
	}
	walk->registers = registers;
	at_registers(walk, HOW_SIGNAL);
	for (size_t i = 0; i < arch->ucontext.count; i++) {
		const struct reg_slot *slot = &arch->ucontext.slots[i];

		if (slot->reg == arch->pc)
			at->pc_address = address + slot->offset;
		if (slot->reg == arch->lr)
			at->lr_address = address + slot->offset;
		if (slot->reg == arch->fp)
			at->fp_address = address + slot->offset;
	}
	at->exact = true;
	walk->slot = at->pc_address;
	walk->preempted = false;
	walk->crossed = true;
	walk->thread->signalled = true;
	walk->thread->siginfo = entry_sp + arch->sigframe_siginfo;
	walk->thread->stopped = *at;
	return true;
}

/* Whether C called the runtime's own handler; else the kernel did, and the context that it saved is above. */
static bool is_passed_on(struct walk *walk, const struct frame *frame)
{
	const uint64_t slot = walk->arch->link_register ? frame->sp : frame->fp - WORD;
	uint64_t pc;

	if (walk->image->os != OS_LINUX || !image_u64(walk->image, slot, &pc))
		return false;
	pc = without_signature(walk, pc);
	return is_code(walk, pc) && follows_call(walk, pc) && !go_pc(walk->runtime, pc, false)->func &&
	       libraries_module(walk->image->libraries, pc) && !libraries_generated(walk->image->libraries, pc);
}

/* A thread's stack has its own ways to go on: signal frames, and switches to the user stack. */
static bool thread_step(struct walk *walk, struct frame *frame, bool *handled)
{
	*handled = true;
	switch (frame->info->role) {
	case ROLE_SIGTRAMP:
	case ROLE_CGO_SIGTRAMP:
		if (is_passed_on(walk, frame))
			return step(walk, frame, false);
		return cross_signal(walk, frame->fp - (walk->arch->link_register ? 0 : WORD));
	case ROLE_STDCALL:
	case ROLE_STDCALL_INTERNAL:
		return leave_stdcall(walk, frame);
	case ROLE_SYSTEMSTACK:
		if (walk->arch->link_register && frame->info->delta == 0)
			break;
		return end_walk(walk, END_STACK_SWITCH, 0);
	case ROLE_ASMCGOCALL:
		if (stays_on_stack(walk, frame))
			return step(walk, frame, false);
		return end_walk(walk, END_STACK_SWITCH, 0);
	case ROLE_MCALL:
	case ROLE_MORESTACK:
		return end_walk(walk, END_STACK_SWITCH, 0);
	default:
		break;
	}
	*handled = false;
	return true;
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
	return step(walk, frame, innermost || walk->at.syscall);
}

/* Calls of the vDSO are made on g0's stack, with an SP aligned by hand, which neither Go's tables nor the vDSO's tell the way
 * back from. The M notes who made the call (runtime/sys_linux_amd64.s nanotime1, Go 1.26; unwinder.initAt). */
static bool past_vdso_call(struct walk *walk)
{
	int32_t index = walk->thread ? walk->analysis->thread_machine[walk->subject->thread] : -1;
	const struct machine *m = index >= 0 ? &walk->runtime->machines.items[index] : NULL;
	const struct frame *last;

	if (!m || !walk->stack->frames.count || (walk->stack->end != END_NO_TABLE && walk->stack->end != END_STACK_SWITCH))
		return false;
	last = &walk->stack->frames.items[walk->stack->frames.count - 1];
	if (m->vdso_sp <= last->sp || m->vdso_sp < m->g0_lo || m->vdso_sp >= m->g0_hi || last->sp < m->g0_lo ||
	    (last->info->func && last->info->role != ROLE_NONE) || !go_pc(walk->runtime, m->vdso_pc, false)->func)
		return false;
	walk->at = (struct context){.known = true, .pc = m->vdso_pc, .sp = m->vdso_sp, .how = HOW_SWITCH};
	walk->registers.known = 0;
	walk->slot = 0;
	walk->preempted = false;
	return true;
}

/* SP strictly grows; only the first frame, or an interrupted one, may be empty: where the CPU stopped outside of code after
 * a RET, and with a link register. */
static bool grew(const struct walk *walk, uint64_t last_sp, bool may_be_empty)
{
	return walk->at.sp > last_sp ||
	       (walk->at.sp == last_sp && may_be_empty && (walk->arch->link_register || walk->at.how == HOW_REPAIRED));
}

static void run(struct walk *walk)
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

	clear(ret);
	if (context->has_fp && !go_pc(walk.runtime, context->pc, context->exact)->func)
		reg_set(&walk.registers, walk.arch->fp, context->fp);
	if (context->known)
		run(&walk);
}

/* Whether SP lies on a user stack that a goroutine of the thread owns. */
static bool on_user_stack(const struct analysis *analysis, size_t thread, uint64_t sp)
{
	const int32_t indices[] = {analysis->thread_goroutine[thread], analysis->thread_interrupted[thread]};

	for (size_t i = 0; i < sizeof indices / sizeof *indices; i++) {
		const struct goroutine *g = indices[i] < 0 ? NULL : &analysis->runtime->goroutines.items[indices[i]];

		if (g && sp >= g->stack_lo && sp < g->stack_hi)
			return true;
	}
	return false;
}

/* Whether the thread is in the handler of a signal there, which C set up to run on whatever stack was interrupted: in C, which
 * never runs on a goroutine's stack else, or in Go's handler, which C's passed the signal on to. */
static bool in_handler(struct walk *walk)
{
	struct context at = walk->at;

	for (int i = 0; i < HANDLER_FRAMES && walk->image->os == OS_LINUX; i++) {
		const struct pc_info *info = go_pc(walk->runtime, at.pc, at.exact);
		const bool link = walk->arch->link_register;

		if (!info->func)
			return is_code(walk, at.pc) && libraries_module(walk->image->libraries, at.pc) &&
			       !libraries_generated(walk->image->libraries, at.pc);
		if (info->role == ROLE_SIGTRAMP || info->role == ROLE_CGO_SIGTRAMP)
			return true;
		if (!info->has_delta || (info->func->flags & FUNC_TOP_FRAME))
			return false;
		at.sp += (uint64_t)(int64_t)info->delta;
		if (link && !i && !info->delta && at.has_lr)
			at.pc = at.lr;
		else if (!image_u64(walk->image, link ? at.sp - (uint64_t)(int64_t)info->delta : at.sp, &at.pc))
			return false;
		at.sp += link ? 0 : WORD;
		at.exact = false;
	}
	return false;
}


void walk_thread(struct analysis *analysis, size_t thread, struct stack *ret, struct thread_walk *found)
{
	struct image *image = analysis->image;
	struct walk_subject subject = {.goroutine = -1, .thread = (int32_t)thread,
				       .frames = walk_frames(&analysis->thread_limit, thread)};
	struct walk walk = {.analysis = analysis, .runtime = analysis->runtime, .image = image, .arch = image->arch,
			    .subject = &subject, .stack = ret, .thread = found,
			    .registers = image->threads.items[thread].registers, .damage = DAMAGE_NONE};

	clear(ret);
	at_registers(&walk, HOW_CONTEXT);
	walk.at.exact = true;
	found->stopped = walk.at;
	for (int signals = 0; walk.at.known; signals++) {
		if (on_user_stack(analysis, thread, walk.at.sp) && !in_handler(&walk)) {
			found->user = walk.at;
			ret->end = END_STACK_SWITCH;
			return;
		}
		if (signals == SIGNAL_LIMIT) {
			ret->end = END_LIMIT;
			return;
		}
		run(&walk);
		if (!walk.crossed)
			return;
	}
}
