/* fault.c: the memory or arithmetic fault behind a crash. The runtime ends most crashes with a SIGABRT of its own; the
 * fault itself is in the oldest signal frame of the dying thread, or in the fields that sighandler left in the g that it
 * made panic (g.sig, sigcode1, sigpc; runtime/signal_ARCH.go preparePanic; on Windows exceptionhandler, with the code and
 * the information of the exception), or in the dump's own record. */
#include "analyzer/last_words.h"
#include "analyzer/unwind.h"
#include "formats/exceptions.h"
#include "formats/signals.h"

enum { SI_CODE = 8, SI_ADDR = 16 }; /* siginfo_t, asm-generic/siginfo.h, 64 bit */

static void set_address(struct fault *fault, uint64_t address)
{
	fault->address = address;
	fault->has_address = true;
	if (fault->has_pc && fault->pc == address)
		fault->access = ACCESS_EXECUTE;
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
	    !image_u32(analysis->image, walk->siginfo + SI_CODE, &code))
		return false;
	signal = signal_by_number((int)number);
	if (!signal || !signal->fault || (int32_t)code <= 0) /* sent by a process, not by the CPU */
		return false;
	fault->known = true;
	fault->name = signal->name;
	fault->pc = walk->stopped.pc;
	fault->has_pc = walk->stopped.known;
	if (image_u64(analysis->image, walk->siginfo + SI_ADDR, &address))
		set_address(fault, address);
	return true;
}

/* The goroutine stands in sigpanic, entered from the pc that sighandler recorded; else the fields are left over from a
 * fault that was recovered. */
static bool stands_in_sigpanic(struct analysis *analysis, int32_t index)
{
	const struct goroutine *g = &analysis->runtime->goroutines.items[index];
	struct stack stack = {0};

	goroutine_stack(analysis, (size_t)index, &stack);
	for (size_t i = 0; i + 1 < stack.frames.count; i++)
		if (stack.frames.items[i].info->role == ROLE_SIGPANIC)
			return stack.frames.items[i + 1].pc == g->sigpc;
	return stack.frames.count > 0 && stack.frames.items[stack.frames.count - 1].info->role == ROLE_SIGPANIC;
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

static bool from_goroutine(struct analysis *analysis, int32_t index)
{
	const struct goroutine *g = &analysis->runtime->goroutines.items[index];
	const struct exception_name *exception = exception_by_code(g->sig);
	bool windows = analysis->image->os == OS_WINDOWS;
	struct fault *fault = &analysis->fault;

	fault->name = fault_name(analysis->image, g->sig);
	if (!fault->name || !stands_in_sigpanic(analysis, index))
		return false;
	fault->known = true;
	fault->pc = g->sigpc;
	fault->has_pc = true;
	if (windows && !exception->address)
		return true;
	if (windows)
		fault->access = exception_access(g->sigcode0);
	set_address(fault, g->sigcode1);
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

/* No Go handler ran: the dump's record is the fault itself. */
static bool from_stop(struct analysis *analysis)
{
	const struct stop *stop = &analysis->image->stop;
	struct fault *fault = &analysis->fault;
	const struct thread_walk *walk;

	if (!stop->known || !stop->fault || analysis->dying_thread < 0 || runtime_ended_it(analysis))
		return false;
	walk = &analysis->walks[analysis->dying_thread];
	fault->known = true;
	fault->name = stop->name;
	fault->pc = walk->stopped.pc;
	fault->has_pc = walk->stopped.known;
	fault->access = stop->access;
	if (stop->has_address)
		set_address(fault, stop->address);
	return true;
}

void fault_find(struct analysis *analysis)
{
	struct fault *fault = &analysis->fault;
	int32_t thread = analysis->dying_thread;
	int32_t goroutine = thread >= 0 ? analysis->thread_goroutine[thread] : -1;

	fault->goroutine = fault->thread = -1;
	if (thread < 0)
		return;
	if (!from_signal_frame(analysis, thread) && !(goroutine >= 0 && from_goroutine(analysis, goroutine)) &&
	    !from_stop(analysis))
		return;
	fault->thread = thread;
	fault->goroutine = goroutine;
}
