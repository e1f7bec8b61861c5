/* gobuf.c: where a goroutine says that it stands. One that nobody runs left the CPU by a call of mcall or morestack, or has
 * not begun; g.sched has its pc, SP and frame pointer there, and all three follow from the stack. One in a system call has pc
 * and SP of entersyscall twice, also in g.syscallpc and g.syscallsp, and both again where C is called or calls back
 * (runtime/proc.go reentersyscall, save; asm_GOARCH.s mcall, morestack). */
#include "analyzer/state/state.h"

#include "analyzer/trial.h"
#include "analyzer/unwind/saved_place.h"
#include "formats/dump/signals.h"

#include <string.h>

enum {
	WORD = 8,
	BITS = 64,
	PCS_KEPT = 8,
	ASKED = 1 << 14, /* goroutines, for where most stand */
};

static const uint64_t FIRST_EXCEPTION = 0x80000000; /* of Windows */

/* A goroutine under examination. */
struct suspect {
	struct analysis *analysis;
	struct go_runtime *runtime;
	size_t index;
	const struct goroutine *g;
	const struct stack *stack; /* as walked */
};

/* What one word may have been. */
struct choice {
	enum state_trouble trouble;
	uint64_t value;
	uint32_t callers;
	size_t found;
};

/* Whether a word names a place behind a call, as far as its code can be read. */
static bool is_behind_call(const struct suspect *s, uint64_t pc)
{
	if (!go_pc(s->runtime, pc, false)->func)
		return !place_is_no_code(s->runtime, pc);
	return !place_is_readable(s->runtime, pc) || callsite_reaches(s->runtime, pc, NULL);
}

/* Whether each return address of a stack follows a call that can reach the function below it. */
static bool all_calls(const struct suspect *s, const struct stack *stack)
{
	for (size_t i = 1; i < stack->frames.count; i++)
		if (!frame_follows_call(s->runtime, stack, i, stack->frames.items[i - 1].info->func))
			return false;
	return true;
}

/* Whether a walk from there leads to the goroutine's entry, call by call. */
static bool leads_home(const struct suspect *s, uint64_t pc, uint64_t sp, uint32_t *callers)
{
	const struct context context = {.known = true, .pc = pc, .sp = sp, .lr = s->g->sched_lr, .has_lr = s->g->sched_lr != 0,
					.how = HOW_CONTEXT, .exact = place_is_entry(s->runtime, pc)};
	const struct walk_subject subject = {.goroutine = (int32_t)s->index, .thread = -1, .lo = s->g->stack_lo,
					     .hi = s->g->stack_hi, .frames = SHORT_STACK, .depth = 1};
	struct stack stack = {0};

	if (sp < s->g->stack_lo || sp > s->g->stack_hi || sp % WORD || trial_gives_up(s->analysis) ||
	    s->analysis->state_searches >= SEARCHES)
		return false;
	s->analysis->state_searches++;
	walk_goroutine(s->analysis, &subject, &context, &stack);
	*callers = (uint32_t)stack_depth(&stack);
	return stack.end == END_COMPLETE && all_calls(s, &stack);
}

/* Tries one value in place of g.sched.pc or g.sched.sp; all that lead home must be the same. */
static void try_value(const struct suspect *s, struct choice *choice, enum state_trouble trouble, uint64_t value)
{
	const uint64_t pc = trouble == STATE_SCHED_PC ? value : s->g->sched_pc;
	const uint64_t sp = trouble == STATE_SCHED_SP ? value : s->g->sched_sp;
	uint32_t callers;

	if ((choice->found && choice->trouble == trouble && choice->value == value) ||
	    (pc == s->g->sched_pc && sp == s->g->sched_sp) || !go_pc(s->runtime, pc, false)->func || !saved_pc_fits(s->runtime, s->g, pc) ||
	    !saved_frame_pointer_fits(s->runtime, s->g, pc, sp) || !leads_home(s, pc, sp, &callers))
		return;
	*choice = (struct choice){trouble, value, callers, choice->found + 1};
}

/* Where other goroutines stand: most wait in gopark. */
static size_t usual_pcs(const struct suspect *s, uint64_t pcs[static PCS_KEPT])
{
	const size_t asked = s->runtime->goroutines.count < ASKED ? s->runtime->goroutines.count : ASKED;
	size_t count = 0;

	for (size_t i = 0; i < asked && count < PCS_KEPT; i++) {
		const struct goroutine *g = &s->runtime->goroutines.items[i];
		size_t k = 0;

		if (g == s->g || !goroutine_is_parked(g) || g->sched_pc == s->g->startpc)
			continue;
		while (k < count && pcs[k] != g->sched_pc)
			k++;
		if (k == count)
			pcs[count++] = g->sched_pc;
	}
	return count;
}

static void try_all(const struct suspect *s, struct choice *choice)
{
	const bool link = s->runtime->image->arch->link_register;
	uint64_t pcs[PCS_KEPT], pushed, from_frame_pointer, above;
	size_t count = usual_pcs(s, pcs);

	/* sp: as far from the frame pointer as the frame's size says */
	if (saved_frame_pointer(s->runtime, s->g->sched_pc, 0, &above)) {
		from_frame_pointer = s->g->sched_bp - above;
		try_value(s, choice, STATE_SCHED_SP, from_frame_pointer);
	} else {
		for (unsigned bit = 0; bit < BITS; bit++)
			try_value(s, choice, STATE_SCHED_SP, s->g->sched_sp ^ (uint64_t)1 << bit);
		try_value(s, choice, STATE_SCHED_SP, s->g->stack_hi);
	}
	/* pc: mcall's return address is still below SP on amd64 */
	if (!link && image_u64(s->runtime->image, s->g->sched_sp - WORD, &pushed))
		try_value(s, choice, STATE_SCHED_PC, pushed);
	try_value(s, choice, STATE_SCHED_PC, s->g->startpc);
	for (size_t i = 0; i < count; i++)
		try_value(s, choice, STATE_SCHED_PC, pcs[i]);
	for (unsigned bit = 0; bit < BITS; bit++)
		try_value(s, choice, STATE_SCHED_PC, s->g->sched_pc ^ (uint64_t)1 << bit);
}

static bool is_outside(const struct goroutine *g, uint64_t sp)
{
	return sp < g->stack_lo || sp > g->stack_hi;
}

static struct state_word *trouble(const struct suspect *s, enum state_trouble what)
{
	return state_trouble_of(s->analysis, what, s->index);
}

static void expect_walked(struct state_word *word, uint64_t expected, uint32_t callers)
{
	state_expect(word, expected);
	if (!word)
		return;
	word->walked = true;
	word->callers = callers;
}

/* The walk leads home: then only the frame pointer can be wrong, unless it leads home as well from the SP that this gives. */
static void check_frame_pointer(const struct suspect *s)
{
	uint64_t due;
	uint32_t callers;

	if (saved_frame_pointer(s->runtime, s->g->sched_pc, s->g->sched_sp, &due) && due != s->g->sched_bp &&
	    !leads_home(s, s->g->sched_pc, s->g->sched_sp + s->g->sched_bp - due, &callers))
		expect_walked(trouble(s, STATE_SCHED_BP), due, (uint32_t)stack_depth(s->stack));
}

static void check_parked(const struct suspect *s)
{
	const bool leaving = saved_pc_fits(s->runtime, s->g, s->g->sched_pc), outside = is_outside(s->g, s->g->sched_sp);
	struct choice choice = {0};
	struct state_word *word;
	uint32_t callers;

	if (leaving && !outside &&
	    (s->g->syscall_sp ? leads_home(s, s->g->sched_pc, s->g->sched_sp, &callers)
			     : s->stack->end == END_COMPLETE && all_calls(s, s->stack))) {
		check_frame_pointer(s);
		return;
	}
	if (s->stack->end == END_NOT_SAVED || trial_gives_up(s->analysis))
		return;
	if (s->analysis->state_suspects++ < SUSPECTS)
		try_all(s, &choice);
	if (choice.found == 1) {
		word = trouble(s, choice.trouble);
		if (word)
			word->outside = choice.trouble == STATE_SCHED_SP && outside;
		expect_walked(word, choice.value, choice.callers);
	} else if (outside) {
		word = trouble(s, STATE_SCHED_SP);
		if (word)
			word->outside = true;
	} else if (!leaving) {
		trouble(s, STATE_SCHED_PC);
	}
}

/* The thread of a goroutine that the kernel serves stands on its stack, outside of the runtime: then g.sched is settled. */
static bool is_settled(const struct suspect *s)
{
	static const char package[] = "runtime.";
	const int32_t thread = s->analysis->goroutine_thread[s->index];
	const struct thread_walk *walk = thread >= 0 ? &s->analysis->walks[thread] : NULL;
	const struct pc_info *info = walk && walk->user.known ? go_pc(s->runtime, walk->user.pc, true) : NULL;

	return info && info->func && strncmp(go_func_name(info), package, sizeof package - 1);
}

/* A goroutine in a system call has its place in four words, of which two are spare. */
static void check_in_syscall(const struct suspect *s)
{
	const bool same_sp = s->g->syscall_sp == s->g->sched_sp, same_pc = s->g->syscall_pc == s->g->sched_pc;
	const bool home = s->stack->end == END_COMPLETE;
	struct state_word *word;
	uint32_t callers = (uint32_t)stack_depth(s->stack);

	if (same_sp == same_pc || !is_settled(s))
		return;
	if (home && !same_sp) {
		word = trouble(s, STATE_SCHED_SP);
		if (word)
			word->outside = is_outside(s->g, s->g->sched_sp);
		expect_walked(word, s->g->syscall_sp, callers);
	} else if (home) {
		expect_walked(trouble(s, STATE_SCHED_PC), s->g->syscall_pc, callers);
	} else if (leads_home(s, s->g->sched_pc, s->g->sched_sp, &callers)) {
		word = trouble(s, same_sp ? STATE_SYSCALL_PC : STATE_SYSCALL_SP);
		if (word)
			word->outside = !same_sp && is_outside(s->g, s->g->syscall_sp);
		expect_walked(word, same_sp ? s->g->sched_pc : s->g->sched_sp, callers);
	}
}

/* g.syscallsp is 0 for whoever waits; exitsyscall clears it before the goroutine goes on. g.syscallpc stays. */
static void check_syscall_words(const struct suspect *s)
{
	const bool waits = s->g->status == G_WAITING && !s->g->m;
	struct state_word *word;

	if (s->g->syscall_sp && (waits || is_outside(s->g, s->g->syscall_sp))) {
		word = trouble(s, STATE_SYSCALL_SP);
		if (word)
			word->outside = is_outside(s->g, s->g->syscall_sp);
		if (waits)
			state_expect(word, 0);
	}
	if (s->g->syscall_pc && !is_behind_call(s, s->g->syscall_pc))
		trouble(s, STATE_SYSCALL_PC);
}

static bool passes(const struct suspect *s, const char *name)
{
	for (size_t i = 0; i < s->stack->frames.count; i++)
		if (!strcmp(go_func_name(s->stack->frames.items[i].info), name))
			return true;
	return s->stack->elided;
}

/* The function that the goroutine was made for, by its stack: what goexit stands above; NULL: not known, or not Go's own. */
static const struct func *outermost(const struct suspect *s)
{
	const size_t frames = s->stack->frames.count;
	const struct pc_info *info;

	if (s->stack->end != END_COMPLETE || frames < 2 || s->stack->frames.items[frames - 1].info->role != ROLE_GOEXIT)
		return NULL;
	info = s->stack->frames.items[frames - 2].info;
	return info->func && info->role == ROLE_NONE && !(info->func->flags & FUNC_ASM) ? info->func : NULL;
}

/* g.startpc and g.gopc, as newproc1 noted them. That g.startpc is another function than the stack begins with speaks against the
 * stack as well (damage_doubts). */
static void check_origin(const struct suspect *s)
{
	const struct pc_info *start = go_pc(s->runtime, s->g->startpc, true);
	const struct func *first = outermost(s);
	bool wrong = s->g->startpc && (start->func ? !place_is_entry(s->runtime, s->g->startpc) : place_is_no_code(s->runtime, s->g->startpc));

	wrong |= first && !s->g->startpc;
	if (wrong) {
		struct state_word *word = trouble(s, STATE_STARTPC);

		if (first)
			expect_walked(word, first->entry, (uint32_t)stack_depth(s->stack));
	}
	if (s->g->gopc ? !is_behind_call(s, s->g->gopc) : s->g->parent_id != 0)
		trouble(s, STATE_GOPC);
}

/* What panics and signals leave. The bytes beside g.sig belong to no field. */
static void check_last_words(const struct suspect *s)
{
	const struct layout *layout = s->runtime->layout;
	uint64_t panic, sig;

	if (go_field(s->runtime, s->g->address, LAYOUT_g_panic, &panic) && panic && (panic % WORD || is_outside(s->g, panic))) {
		struct state_word *word = trouble(s, STATE_PANIC);

		if (s->stack->end == END_COMPLETE && !passes(s, "runtime.gopanic") && !passes(s, "runtime.Goexit"))
			state_expect(word, 0);
	}
	if (layout->offset[LAYOUT_g_writebuf] != layout->offset[LAYOUT_g_sig] + WORD ||
	    !go_field(s->runtime, s->g->address, LAYOUT_g_sig, &sig) || !sig)
		return;
	if (s->runtime->image->os == OS_LINUX ? sig != SIGNAL_BUS && sig != SIGNAL_FPE && sig != SIGNAL_SEGV
					      : sig < FIRST_EXCEPTION || sig > UINT32_MAX)
		trouble(s, STATE_SIG);
}

static void check_self(const struct suspect *s)
{
	uint64_t self;

	if (go_field(s->runtime, s->g->address, LAYOUT_g_sched_g, &self) && self != s->g->address)
		state_expect(trouble(s, STATE_SCHED_G), s->g->address);
}

void state_check_goroutine(struct analysis *analysis, size_t index, const struct stack *stack)
{
	struct go_runtime *runtime = analysis->runtime;
	const struct suspect s = {analysis, runtime, index, &runtime->goroutines.items[index], stack};

	if (!runtime->layout)
		return;
	check_self(&s);
	check_last_words(&s);
	if (!runtime->modules.count)
		return;
	check_origin(&s);
	if (!state_is_stable(analysis, index))
		return;
	check_syscall_words(&s);
	if (goroutine_is_parked(s.g))
		check_parked(&s);
	else if (s.g->status == G_SYSCALL && s.g->syscall_sp)
		check_in_syscall(&s);
}
