/* fault.c: the memory or arithmetic fault behind a crash. The runtime ends most crashes with a SIGABRT of its own; the
 * fault itself is in the oldest signal frame of the dying thread, or in the fields that sighandler left in the g that it
 * made panic (g.sig, sigcode1, sigpc; runtime/signal_ARCH.go preparePanic; on Windows exceptionhandler, with the code and
 * the information of the exception), or in the dump's own record. Up to Go 1.20 that g is the thread's g0 when C faulted. */
#include "analyzer/last_words/last_words.h"
#include "analyzer/unwind/unwind.h"
#include "formats/dump/exceptions.h"
#include "formats/dump/signals.h"
#include "analyzer/last_words/fault_operand.h"

/* After set_code. */
static void set_address(struct analysis *analysis, uint64_t address)
{
	struct fault *fault = &analysis->fault;

	if (fault->late)
		return;
	fault->address = arch_untagged(analysis->image->arch, address);
	fault->has_address = true;
	if (fault->has_pc && arch_untagged(analysis->image->arch, fault->pc) == fault->address)
		fault->access = ACCESS_EXECUTE;
}

/* Whether the siginfo of such a fault has the address. amd64 tells none of one that is not aligned (arch/x86/kernel/traps.c,
 * exc_alignment_check). */
static bool tells_address(const struct arch *arch, const struct signal_name *signal, int code)
{
	enum { BUS = 7 };

	return signal->memory && code != SIGNAL_CODE_KERNEL &&
	       !(arch->id == ARCH_AMD64 && signal->number == BUS && code == SIGNAL_CODE_MISALIGNED);
}

static void set_code(struct fault *fault, int number, int code)
{
	const struct signal_name *signal = signal_by_number(number);

	fault->number = number;
	fault->code = code;
	fault->has_code = true;
	fault->late = signal && signal->memory && code == SIGNAL_CODE_TAG_LATE;
}

/* Whether a handler of a signal called a function that prints the stacks of the others, which it does only when it brings the process
 * down (runtime.sighandler), and why is not known: the dump lacks what the signal stopped. */
static bool prints_stacks(const struct stack *stack, size_t index)
{
	return stack->frames.items[index].info->role == ROLE_TRACEBACK_OTHERS && index + 1 < stack->frames.count &&
	       stack->frames.items[index + 1].info->role == ROLE_SIGHANDLER && stack->end == END_NOT_SAVED;
}

/* The same by the goroutine that the thread runs, which has asked the system stack to end the process (runtime.fatalpanic, fatalthrow):
 * also where the system stack cannot be followed that far. */
static bool goroutine_ends_it(struct analysis *analysis, int32_t thread, const struct frame *frame)
{
	const int32_t own = analysis->thread_goroutine[thread];
	const struct goroutine *g = own < 0 ? NULL : &analysis->runtime->goroutines.items[own];
	struct stack stack = {0};

	if (!g || (frame->sp >= g->stack_lo && frame->sp < g->stack_hi))
		return false;
	goroutine_stack(analysis, (size_t)own, &stack);
	for (size_t i = 0; i < stack.frames.count; i++)
		if (stack.frames.items[i].info->role == ROLE_FATALPANIC || stack.frames.items[i].info->role == ROLE_FATALTHROW)
			return true;
	return false;
}

bool was_dying_at(struct analysis *analysis, int32_t thread, const struct stack *stack, size_t at)
{
	for (size_t i = at; i < stack->frames.count; i++)
		if (stack->frames.items[i].info->role == ROLE_DOPANIC || prints_stacks(stack, i))
			return true;
	return goroutine_ends_it(analysis, thread, &stack->frames.items[at]);
}

/* Whether it was where the thread was stopped. */
static bool was_dying(struct analysis *analysis, int32_t thread)
{
	const struct context *stopped = &analysis->walks[thread].stopped;
	struct stack stack = {0};

	thread_stack(analysis, (size_t)thread, &stack);
	for (size_t i = 0; stopped->known && i < stack.frames.count; i++)
		if (stack.frames.items[i].exact && stack.frames.items[i].pc == stopped->pc)
			return was_dying_at(analysis, thread, &stack, i);
	return false;
}

/* The oldest signal frame of a thread. */
static bool from_signal_frame(struct analysis *analysis, int32_t thread)
{
	const struct thread_walk *walk = &analysis->walks[thread];
	const struct signal_name *signal;
	struct fault *fault = &analysis->fault;
	uint64_t address;
	uint32_t number, code;

	if (!walk->signalled || !image_u32(analysis->image, walk->siginfo, &number) ||
	    !image_u32(analysis->image, walk->siginfo + SIGINFO_CODE, &code))
		return false;
	signal = signal_by_number((int)number);
	if (!signal || !signal->fault || (int32_t)code <= 0 /* sent by a process, not by the CPU */ || was_dying(analysis, thread))
		return false;
	fault->known = true;
	fault->name = signal->name;
	fault->pc = walk->stopped.pc;
	fault->has_pc = walk->stopped.known;
	fault->pc_address = walk->stopped.pc_address;
	fault->siginfo = walk->siginfo;
	fault->code_address = walk->siginfo + SIGINFO_CODE;
	set_code(fault, (int)number, (int32_t)code);
	if (tells_address(analysis->image->arch, signal, (int32_t)code) &&
	    image_u64(analysis->image, walk->siginfo + SIGINFO_ADDRESS, &address))
		set_address(analysis, address);
	return true;
}

/* Whether sigpanic was called for a pc that sighandler recorded. A call that went to 0, or out of Go's code to where none is, it makes
 * that call of sigpanic (shouldPushSigpanic, runtime/signal_unix.go, Go 1.18 to 1.27). */
static bool is_called_for(struct analysis *analysis, const struct frame *caller, uint64_t pc)
{
	if (caller->pc == pc)
		return true;
	if (go_pc(analysis->runtime, pc, true)->func)
		return false;
	return caller->info->func ? go_return_address(analysis->runtime, caller->pc)->call == FLOW_INDIRECT_CALL : !pc;
}

/* The stack passes sigpanic, entered from there; else the fields are left over from a fault that was recovered. */
static bool passes_sigpanic(struct analysis *analysis, const struct stack *stack, uint64_t pc)
{
	for (size_t i = 0; i + 1 < stack->frames.count; i++)
		if (stack->frames.items[i].info->role == ROLE_SIGPANIC)
			return is_called_for(analysis, &stack->frames.items[i + 1], pc);
	return false;
}

static bool stands_in_sigpanic(struct analysis *analysis, int32_t index, uint64_t pc)
{
	struct stack stack = {0};

	goroutine_stack(analysis, (size_t)index, &stack);
	return passes_sigpanic(analysis, &stack, pc) ||
	       (stack.frames.count > 0 && stack.frames.items[stack.frames.count - 1].info->role == ROLE_SIGPANIC);
}

/* The name of a signal or exception that the CPU raises, by its number in g.sig; NULL: it is none. */
static const char *fault_name(const struct image *image, uint32_t number)
{
	const struct signal_name *signal = signal_by_number((int)number);
	const struct exception_name *exception = exception_by_code(number);

	if (image->os == OS_WINDOWS)
		return exception && exception->fault ? exception->name : NULL;
	return signal && signal->fault ? signal->name : NULL;
}

static uint64_t field_address(const struct go_runtime *runtime, uint64_t object, enum layout_field field)
{
	return runtime->layout ? object + (uint64_t)runtime->layout->offset[field] : 0;
}

/* `g`: where it is noted. */
static void set_noted(struct analysis *analysis, uint64_t g, const struct noted_fault *noted)
{
	const struct go_runtime *runtime = analysis->runtime;
	const struct exception_name *exception = exception_by_code(noted->sig);
	const struct signal_name *signal = signal_by_number((int)noted->sig);
	bool windows = analysis->image->os == OS_WINDOWS;
	struct fault *fault = &analysis->fault;

	fault->name = fault_name(analysis->image, noted->sig);
	fault->known = true;
	fault->pc = noted->pc;
	fault->has_pc = true;
	fault->pc_address = field_address(runtime, g, LAYOUT_g_sigpc);
	fault->number = (int32_t)noted->sig;
	if (windows && exception->address) {
		fault->access = exception_access(noted->code0);
		set_address(analysis, noted->code1);
	} else if (!windows) {
		set_code(fault, (int)noted->sig, (int)noted->code0);
		fault->code_address = field_address(runtime, g, LAYOUT_g_sigcode0);
		if (tells_address(analysis->image->arch, signal, (int)noted->code0))
			set_address(analysis, noted->code1);
	}
}

static bool from_goroutine(struct analysis *analysis, int32_t index)
{
	const uint64_t g = analysis->runtime->goroutines.items[index].address;
	struct noted_fault noted;

	if (!go_noted_fault(analysis->runtime, g, &noted) || !fault_name(analysis->image, noted.sig) ||
	    !stands_in_sigpanic(analysis, index, noted.pc))
		return false;
	set_noted(analysis, g, &noted);
	return true;
}

/* On a thread's own stack it is g0 that was made to call sigpanic: C up to Go 1.20, the runtime itself. */
static bool from_system_stack(struct analysis *analysis, int32_t thread)
{
	struct go_runtime *runtime = analysis->runtime;
	int32_t machine = analysis->thread_machine[thread];
	const uint64_t g0 = machine >= 0 ? runtime->machines.items[machine].g0 : 0;
	struct noted_fault noted;
	struct stack stack = {0};

	if (!g0 || !go_noted_fault(runtime, g0, &noted) || !fault_name(analysis->image, noted.sig))
		return false;
	thread_stack(analysis, (size_t)thread, &stack);
	if (!passes_sigpanic(analysis, &stack, noted.pc))
		return false;
	set_noted(analysis, g0, &noted);
	return true;
}

/* A runtime that ends the process itself raises what the dump then records: on Windows the code of the last fault of the
 * goroutine, which may have been recovered long ago (dieFromException). */
static bool runtime_ended_it(const struct analysis *analysis)
{
	const struct go_runtime *runtime = analysis->runtime;

	for (size_t i = 0; analysis->image->os == OS_WINDOWS && i < runtime->machines.count; i++)
		if (runtime->machines.items[i].dying > 0)
			return true;
	return false;
}

/* The thread was in the handler of another signal. Of one that a process sent to end this one the fault is a consequence: the
 * runtime was answering it. Of any other (a timer of a profile, a preemption) it is not, and is where the thread's registers are. */
static bool in_another_handler(struct analysis *analysis, bool *answering)
{
	const struct thread_walk *walk = &analysis->walks[analysis->dying_thread];
	const struct signal_name *signal;
	uint32_t number, code;

	*answering = false;
	if (analysis->image->os != OS_LINUX || !walk->signalled || !image_u32(analysis->image, walk->siginfo, &number) ||
	    !image_u32(analysis->image, walk->siginfo + SIGINFO_CODE, &code) || (int)number == analysis->image->stop.number)
		return false;
	signal = signal_by_number((int)number);
	*answering = signal && signal->dumps && !signal->fault && (int32_t)code <= 0;
	return true;
}

/* No Go handler ran for it: the dump's record is the fault itself. */
static bool from_stop(struct analysis *analysis)
{
	const struct stop *stop = &analysis->image->stop;
	struct fault *fault = &analysis->fault;
	const struct signal_name *signal;
	const struct thread_walk *walk;
	bool elsewhere, answering;

	if (!stop->known || !stop->fault || analysis->dying_thread < 0 || runtime_ended_it(analysis))
		return false;
	walk = &analysis->walks[analysis->dying_thread];
	elsewhere = in_another_handler(analysis, &answering);
	if (answering || was_dying(analysis, analysis->dying_thread))
		return false;
	fault->known = true;
	fault->name = stop->name;
	fault->pc = walk->stopped.pc;
	fault->has_pc = walk->stopped.known;
	if (elsewhere)
		fault->has_pc = reg_get(&analysis->image->threads.items[analysis->dying_thread].registers, analysis->image->arch->pc,
					&fault->pc);
	fault->access = stop->access;
	fault->number = stop->number;
	if (stop->has_code)
		set_code(fault, stop->number, stop->code);
	signal = analysis->image->os == OS_LINUX ? signal_by_number(stop->number) : NULL;
	if (stop->has_address && (!signal || (signal->memory && (!stop->has_code || tells_address(analysis->image->arch, signal, stop->code)))))
		set_address(analysis, stop->address);
	return true;
}

/* Without a siginfo nothing but the instruction says whether the CPU raised the signal. */
static bool cannot_have_raised(struct analysis *analysis)
{
	enum { TRAP = 5 };
	const struct fault *fault = &analysis->fault;
	const struct signal_name *signal = signal_by_number(fault->number);
	struct insn_operand operand;

	if (fault->has_code || !fault->has_pc || analysis->image->os != OS_LINUX || !signal)
		return false;
	if (fault->number == TRAP)
		return !fault_is_breakpoint(analysis);
	return signal->memory && fault_operand(analysis, &operand) == TOUCH_NOTHING;
}

/* Whether the address that was told is none, so that the instruction has to say it: there is no siginfo; the CPU reports -1, or no address,
 * of one that is not canonical (a general protection fault), as the kernel does where it could not call the handler for want of a stack
 * (SI_KERNEL); an emulator of the CPU, whose own CPU tells it no more, reports 0 then. */
static bool is_untold(struct analysis *analysis, uint64_t computed, bool write)
{
	const struct fault *fault = &analysis->fault;
	const struct signal_name *signal = signal_by_number(fault->number);
	struct insn_operand operand;

	if (analysis->image->os != OS_LINUX)
		return fault->has_address && fault->address == UINT64_MAX;
	if (!signal || !signal->memory || fault->late || fault->access == ACCESS_EXECUTE)
		return false;
	if (fault->has_address)
		return !fault->address && !arch_forms(analysis->image->arch, computed);
	if (!fault->has_code && fault_operand(analysis, &operand) == TOUCH_MEMORY && operand.known)
		return true;
	if (fault->has_code && !tells_address(analysis->image->arch, signal, fault->code) && fault->code != SIGNAL_CODE_KERNEL)
		return true;
	return (!fault->has_code || fault->code == SIGNAL_CODE_KERNEL) && access_is_closed(analysis->image, computed, write);
}

/* amd64 stops at a call, or jump, by a register whose word it cannot form as an address. */
static bool jumps_nowhere(struct analysis *analysis, uint64_t *target)
{
	enum { INSN_BYTES = 16 };
	const struct fault *fault = &analysis->fault;
	struct decoder *decoder = analysis->runtime->decoder;
	struct insn insn;

	return analysis->image->os == OS_LINUX && fault->has_code && fault->code == SIGNAL_CODE_KERNEL && fault->has_pc && decoder &&
	       insn_decode(decoder, fault->pc, image_view(analysis->image, fault->pc, INSN_BYTES), &insn) &&
	       (insn.flow == FLOW_INDIRECT_CALL || insn.flow == FLOW_INDIRECT_JUMP) && insn.through != REG_NONE &&
	       register_at_fault(analysis, insn.through, target) && !arch_forms(analysis->image->arch, *target);
}

/* The address, where nothing tells it but the instruction and its registers. */
static void decode_address(struct analysis *analysis)
{
	struct fault *fault = &analysis->fault;
	const struct signal_name *signal = signal_by_number(fault->number);
	uint64_t address;
	bool write;

	if (signal && signal->memory && !fault->has_address && jumps_nowhere(analysis, &address)) {
		fault->address = address;
		fault->has_address = fault->decoded = true;
		fault->access = ACCESS_EXECUTE;
		return;
	}
	if (!fault_implied_address(analysis, &address, &write) || !is_untold(analysis, address, write))
		return;
	fault->address = address;
	fault->has_address = fault->decoded = true;
	fault->access = write ? ACCESS_WRITE : ACCESS_READ;
}

/* Of those that a thread runs, the one on whose stack it was interrupted. */
static int32_t interrupted_goroutine(const struct analysis *analysis, int32_t thread)
{
	const int32_t other = analysis->thread_interrupted[thread];
	const struct goroutine *g = other < 0 ? NULL : &analysis->runtime->goroutines.items[other];
	const uint64_t sp = analysis->walks[thread].user.sp;

	return g && analysis->walks[thread].user.known && sp >= g->stack_lo && sp < g->stack_hi ? other
									      : analysis->thread_goroutine[thread];
}

void fault_find(struct analysis *analysis)
{
	struct fault *fault = &analysis->fault;
	int32_t thread = analysis->dying_thread;
	int32_t goroutine = thread >= 0 ? interrupted_goroutine(analysis, thread) : -1;

	fault->goroutine = fault->thread = -1;
	if (thread < 0)
		return;
	if (!from_signal_frame(analysis, thread) && !(goroutine >= 0 && from_goroutine(analysis, goroutine)) &&
	    !from_system_stack(analysis, thread) && !from_stop(analysis))
		return;
	fault->thread = thread;
	fault->goroutine = goroutine;
	if (cannot_have_raised(analysis)) {
		*fault = (struct fault){.goroutine = -1, .thread = -1};
		analysis->stop_sent = true;
	} else if (fault->known) {
		decode_address(analysis);
	}
}
