/* injected.c: calls that the runtime injected (asyncPreempt, sigpanic, debugCall), and what they interrupted. Such a call makes its
 * caller's pc exact; on arm64 it pushed 16 bytes that hold the interrupted LR. */
#include "analyzer/unwind/walk.h"

#include "analyzer/trial.h"
#include "formats/unwind/libraries.h"
#include "golang/preempt.h"

bool is_injected(enum func_role role)
{
	return role == ROLE_ASYNC_PREEMPT || role == ROLE_SIGPANIC || role == ROLE_DEBUG_CALL || role == ROLE_SIGPANIC0;
}

/* The g that was made to call sigpanic: the goroutine, or on a thread's own stack its g0; 0: not known. */
static uint64_t panicking_g(const struct walk *walk)
{
	const int32_t index = walk->subject->goroutine;
	const int32_t machine = walk->thread ? walk->analysis->thread_machine[walk->subject->thread] : -1;

	return index >= 0     ? walk->runtime->goroutines.items[index].address
	       : machine >= 0 ? walk->runtime->machines.items[machine].g0
			      : 0;
}

/* A log has no g; but nowhere else does sigpanic return to 0. */
bool noted_nil(const struct walk *walk, uint64_t pc)
{
	const uint64_t g = panicking_g(walk);
	struct noted_fault noted;

	if (walk->image->record)
		return !pc;
	return g && go_noted_fault(walk->runtime, g, &noted) && !noted.pc;
}

/* Of a jump to 0 sighandler takes the word at SP for the return address of a call, and pushes none (amd64: preparePanic,
 * shouldPushSigpanic in runtime/signal_amd64.go, signal_unix.go). If that word is none, a RET jumped. */
static void jumped_to_nil(struct walk *walk, const struct frame *frame)
{
	if (frame->info->role != ROLE_SIGPANIC || go_pc(walk->runtime, walk->at.pc, false)->func || !noted_nil(walk, walk->at.pc))
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

/* Whether code was interrupted that is not Go's: on a thread's own stack C, up to Go 1.20 (sighandler of later ones throws); on a
 * goroutine's what the process made. */
static bool is_foreign(struct walk *walk)
{
	if (walk->at.pc == 0 || go_pc(walk->runtime, walk->at.pc, true)->func || !is_code(walk, walk->at.pc))
		return false;
	if (walk->thread)
		return !noted_nil(walk, walk->at.pc); /* what a call of 0 returns to */
	return !trial_gives_up(walk->analysis) && libraries_generated(walk->image->libraries, walk->at.pc);
}

/* Then it is left by its tables, or the record that its frame pointer names, as from a signal's frame. */
static bool in_foreign(struct walk *walk)
{
	if (!is_foreign(walk))
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

bool after_injected(struct walk *walk, const struct frame *frame)
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
		if (!in_foreign(walk))
			jumped_to_nil(walk, frame);
		return true;
	}
	if (!stack_word(walk, walk->at.sp, &pushed))
		return false;
	walk->at.lr = pushed;
	walk->at.has_lr = true;
	walk->at.lr_address = walk->at.sp;
	walk->at.sp += 2 * WORD;
	if (in_foreign(walk))
		return true;
	info = go_pc(walk->runtime, walk->at.pc, true);
	if (!info->func && go_pc(walk->runtime, pushed, false)->func) {
		walk->at.pc = pushed;
		walk->at.exact = false;
	} else if (walk->thread && !info->func && frame->info->role == ROLE_SIGPANIC && noted_nil(walk, walk->at.pc)) {
		walk->at.pc = walk->at.pc_address = walk->slot = 0;
	}
	return true;
}
