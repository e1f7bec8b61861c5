/* start.c: where the stack of a goroutine or thread starts. Declared in analysis.h. */
#include "analyzer/trial.h"
#include "analyzer/unwind/recorded.h"
#include "analyzer/unwind/unwind.h"
#include "formats/unwind/libraries.h"

enum {
	AHEAD = 8,
	G_BYTES = 256,
	STACK_BYTES = 1024,
};

/* A goroutine that runs has its context in registers; its gobuf is that of the last time that it did not, and what lies below is
 * dead. But a thread that has switched to its system stack saved it before (runtime/asm_ARCH.s systemstack, mcall). */
static bool gobuf_is_current(const struct analysis *analysis, const struct goroutine *g, int32_t thread)
{
	const struct machine *m = g->machine >= 0 ? &analysis->runtime->machines.items[g->machine] : NULL;
	const struct context *stopped = thread >= 0 ? &analysis->walks[thread].stopped : NULL; /* below all signal frames */

	if (g->status != G_RUNNING || !m) /* without an M it does not run, whatever its status says */
		return true;
	if (!stopped || !stopped->known)
		return false;
	if (m->g0_hi)
		return stopped->sp >= m->g0_lo && stopped->sp < m->g0_hi;
	return analysis->image->os == OS_WINDOWS && (stopped->sp < g->stack_lo || stopped->sp >= g->stack_hi); /* no signal stack */
}

/* Where a goroutine's own stack starts. A running one: what its thread's walk reached; in a system call: what entersyscall
 * kept; otherwise its gobuf (runtime/traceback.go traceback1, unwinder.initAt). */
static struct context goroutine_context(const struct analysis *analysis, size_t index)
{
	const struct go_runtime *runtime = analysis->runtime;
	const struct goroutine *g = &runtime->goroutines.items[index];
	const struct machine *m = g->machine >= 0 ? &runtime->machines.items[g->machine] : NULL;
	int32_t thread = analysis->goroutine_thread[index];
	struct context context = {.known = true, .how = HOW_CONTEXT};

	if (m && m->vdso_sp >= g->stack_lo && m->vdso_sp < g->stack_hi) { /* else g0 made the call */
		context.pc = m->vdso_pc;
		context.sp = m->vdso_sp;
		return context;
	}
	if (g->syscall_sp && g->status != G_RUNNING) {
		context.pc = g->syscall_pc;
		context.sp = g->syscall_sp;
		context.syscall = true;
		return context;
	}
	if (thread >= 0 && analysis->walks[thread].user.known && analysis->walks[thread].user.sp >= g->stack_lo &&
	    analysis->walks[thread].user.sp < g->stack_hi)
		return analysis->walks[thread].user;
	context.known = g->sched_sp != 0 && gobuf_is_current(analysis, g, thread);
	context.pc = g->sched_pc;
	context.sp = g->sched_sp;
	context.lr = g->sched_lr;
	context.has_lr = g->sched_lr != 0;
	context.fp = g->sched_bp;
	context.has_fp = g->sched_bp != 0;
	return context;
}

/* Code that the process made itself may run on a stack of its own, of which the runtime knows nothing either. */
static bool runs_elsewhere(struct analysis *analysis, const struct goroutine *g, int32_t thread)
{
	const struct context *stopped = thread >= 0 ? &analysis->walks[thread].stopped : NULL;
	const struct machine *m = g->machine >= 0 ? &analysis->runtime->machines.items[g->machine] : NULL;

	if (!stopped || !stopped->known || g->status != G_RUNNING || !m || go_pc(analysis->runtime, stopped->pc, true)->func ||
	    (stopped->sp >= g->stack_lo && stopped->sp < g->stack_hi) || (stopped->sp >= m->g0_lo && stopped->sp < m->g0_hi))
		return false;
	return !trial_gives_up(analysis) && libraries_generated(analysis->image->libraries, stopped->pc);
}

/* A goroutine that has not run yet stands at its function's first instruction, which no return address does. */
static void settle_entry(struct analysis *analysis, struct context *context)
{
	if (context->how == HOW_CONTEXT && !context->exact) {
		const struct pc_info *info = go_pc(analysis->runtime, context->pc, true);

		context->exact = info->func && info->func->entry == context->pc;
	}
}

void goroutine_stack(struct analysis *analysis, size_t index, struct stack *ret)
{
	const struct goroutine *g = &analysis->runtime->goroutines.items[index];
	struct walk_subject subject = {.goroutine = (int32_t)index, .thread = analysis->goroutine_thread[index],
				       .lo = g->stack_lo, .hi = g->stack_hi,
				       .frames = walk_frames(&analysis->goroutine_limit, index)};
	struct context context;

	if (analysis->continued.frames.count && analysis->continued_of == index) {
		stack_copy(analysis->arena, &analysis->continued, ret);
		return;
	}
	if (analysis->runtime->recorded) {
		recorded_goroutine_stack(analysis, index, ret);
		return;
	}
	if (analysis->long_stack.elided && analysis->long_stack_of == index) {
		stack_copy(analysis->arena, &analysis->long_stack, ret);
		return;
	}
	context = goroutine_context(analysis, index);
	if (!context.known && runs_elsewhere(analysis, g, subject.thread)) {
		context = analysis->walks[subject.thread].stopped;
		subject.lo = subject.hi = 0;
	}
	settle_entry(analysis, &context);
	walk_goroutine(analysis, &subject, &context, ret);
	if (ret->elided) {
		stack_copy(analysis->arena, ret, &analysis->long_stack);
		analysis->long_stack_of = index;
	}
}

void thread_stack(struct analysis *analysis, size_t index, struct stack *ret)
{
	struct thread_walk walk = {0};

	if (analysis->runtime->recorded) {
		recorded_thread_stack(analysis, ret);
		return;
	}
	walk_thread(analysis, index, ret, &walk);
}

void fetch_ahead(const struct analysis *analysis, size_t index)
{
	const struct go_runtime *runtime = analysis->runtime;
	const struct goroutine *g = &runtime->goroutines.items[index];

	if (index + AHEAD < runtime->goroutines.count) {
		uint64_t rest = g[AHEAD].stack_hi - g[AHEAD].sched_sp;

		image_prefetch(runtime->image, g[AHEAD].address, G_BYTES);
		image_prefetch(runtime->image, g[AHEAD].sched_sp, rest < STACK_BYTES ? rest : STACK_BYTES);
	}
}
