/* thread.c: walks of threads: their own stacks have signal frames, and switches to the stacks of goroutines. */
#include "analyzer/unwind/walk.h"

#include "analyzer/unwind/damage.h"
#include "formats/unwind/libraries.h"

enum {
	SIGNAL_LIMIT = 64,   /* signal frames on one thread: SP need not grow across them */
	HANDLER_FRAMES = 64, /* of Go's handler, as far as it calls C or dies */
};

bool cross_signal(struct walk *walk, uint64_t entry_sp)
{
	const struct arch *arch = walk->arch;
	uint64_t address = entry_sp + arch->sigframe_ucontext;
	struct registers registers = {0};
	struct context *at = &walk->at;
	uint64_t value;

	for (size_t i = 0; i < arch->ucontext.count; i++) {
		if (!stack_word(walk, address + arch->ucontext.slots[i].offset, &value)) {
			if (!walk->image->redacted || arch->ucontext.slots[i].reg == arch->pc || arch->ucontext.slots[i].reg == arch->sp)
				return false;
			walk->stack->end_address = 0; /* a value that was nobody's business ends no stack */
			continue;
		}
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

bool thread_step(struct walk *walk, struct frame *frame, bool *handled)
{
	*handled = true;
	switch (frame->info->role) {
	case ROLE_SIGTRAMP:
	case ROLE_CGO_SIGTRAMP:
		if (is_passed_on(walk, frame))
			return step_to_caller(walk, frame, false);
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
			return step_to_caller(walk, frame, false);
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

/* Calls of the vDSO are made on g0's stack, with an SP aligned by hand, which neither Go's tables nor the vDSO's tell the way
 * back from. The M notes who made the call (runtime/sys_linux_amd64.s nanotime1, Go 1.26; unwinder.initAt). */
bool past_vdso_call(struct walk *walk)
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

	stack_clear(ret);
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
		walk_on(&walk);
		if (!walk.crossed)
			return;
	}
}
