/* sent_signal.c: see sent_signal.h. The oldest signal frame of a thread holds the siginfo that the kernel delivered; where
 * no handler ran, the dump's own record does. */
#include "heuristics/ends/sent_signal.h"

#include "analyzer/unwind/saved_place.h"
#include "analyzer/unwind/unwind.h"

#include <string.h>

enum { PID_LIMIT = 1 << 22 /* PID_MAX_LIMIT, linux/threads.h */ };

/* Signals that the runtime sends itself: dieFromSignal, raisebadsignal, and sighandler, which passes SIGQUIT on from thread
 * to thread (runtime/signal_unix.go). The kernel delivers them within the call. Without the names of functions any may be, and so may
 * one whose frame says that the thread was where no code is. A log has none of these: the runtime prints the signal that it ends
 * of, not the one by which it then ends itself. */
static bool may_be_runtimes(const struct analysis *analysis, const struct sent_signal *sent)
{
	static const char *const raisers[] = {"runtime.raise", "runtime.raiseproc", "runtime.tgkill"};
	const struct go_runtime *runtime = analysis->runtime;
	const struct context *stopped = &analysis->walks[sent->thread].stopped;
	const struct pc_info *info = stopped->known ? go_pc(analysis->runtime, stopped->pc, true) : NULL;

	if (sent->untold)
		return false;
	if (!info || !runtime->modules.count || !runtime->modules.items[0].pclntab.nfunc || place_is_no_code(analysis->runtime, stopped->pc))
		return true;
	for (size_t i = 0; info->func && i < sizeof raisers / sizeof *raisers; i++)
		if (!strcmp(go_func_name(info), raisers[i]))
			return true;
	return false;
}

/* Of all threads that were passed a SIGQUIT the first is the one that the runtime marks. */
static bool is_marked_dying(const struct analysis *analysis, size_t thread)
{
	int32_t machine = analysis->thread_machine[thread];

	return machine >= 0 && analysis->runtime->machines.items[machine].dying > 0;
}

/* By the process's number, or by a thread's: the first has it, too, and one of both may be damaged. */
static bool is_own(const struct image *image, int64_t sender)
{
	bool own = sender == image->pid;

	for (size_t i = 0; !own && i < image->threads.count; i++)
		own = sender == image->threads.items[i].id;
	return sender && own;
}

/* A log names no sender. tgkill(2) aims at one thread: raise(3), abort(3) and the runtime use it, of the own process; who sends from outside
 * means the process, by kill(2). */
static bool is_raised(const struct sent_signal *sent)
{
	return sent->untold && sent->code == SIGNAL_CODE_TKILL;
}

/* By a code that the kernel gives, and no instruction's. */
static bool may_be_sent(const struct sent_signal *sent)
{
	if (sent->code != SIGNAL_CODE_UNTOLD && !signal_code(sent->signal->number, sent->code))
		return false;
	return sent->code <= 0 || (sent->code == SIGNAL_CODE_KERNEL && !sent->signal->fault);
}

static bool ends_process(const struct analysis *analysis, struct sent_signal *sent)
{
	if (sent->code <= 0 && signal_code_source(sent->code))
		sent->sender = 0;
	if (!sent->signal || !sent->signal->dumps || !may_be_sent(sent) || sent->sender < 0 || sent->sender > PID_LIMIT)
		return false;
	if (sent->code == SIGNAL_CODE_KERNEL)
		sent->sender = 0;
	sent->own = is_own(analysis->image, sent->sender) || is_raised(sent);
	return !sent->own || (!may_be_runtimes(analysis, sent) &&
			      (sent->signal->number != SIGNAL_QUIT || is_marked_dying(analysis, sent->thread)));
}

static bool from_frame(const struct analysis *analysis, size_t thread, struct sent_signal *ret)
{
	const struct thread_walk *walk = &analysis->walks[thread];
	struct image *image = analysis->image;
	uint32_t number, code, sender;

	if (!walk->signalled || !walk->siginfo || !image_u32(image, walk->siginfo, &number) ||
	    !image_u32(image, walk->siginfo + SIGINFO_CODE, &code) ||
	    !image_u32(image, walk->siginfo + SIGINFO_SENDER, &sender) ||
	    !image_u32(image, walk->siginfo + SIGINFO_UID, &ret->user))
		return false;
	ret->thread = thread;
	ret->signal = signal_by_number((int)number);
	ret->code = (int32_t)code;
	ret->sender = (int32_t)sender;
	ret->untold = false;
	ret->siginfo = walk->siginfo;
	return ends_process(analysis, ret);
}

static bool from_stop(const struct analysis *analysis, struct sent_signal *ret)
{
	const struct stop *stop = &analysis->image->stop;

	/* What releases before Go 1.10 print has no code; SIGQUIT is none that an instruction or C raises. */
	const bool untold = stop->known && !stop->has_code && analysis->image->record && stop->number == SIGNAL_QUIT;

	if (analysis->walks[analysis->dying_thread].signalled || !stop->known || (!stop->has_code && !untold))
		return false;
	ret->thread = (size_t)analysis->dying_thread;
	ret->signal = signal_by_number(stop->number);
	ret->code = untold ? SIGNAL_CODE_UNTOLD : stop->code;
	ret->sender = stop->sender_pid;
	ret->user = stop->sender_uid;
	ret->untold = analysis->image->record != NULL;
	ret->siginfo = 0;
	return ends_process(analysis, ret);
}

/* The thread that dies need not be the one that was hit first; on others only what came from outside counts. */
bool sent_signal_find(const struct analysis *analysis, struct sent_signal *ret)
{
	if (analysis->dying_thread < 0 || analysis->image->os != OS_LINUX)
		return false;
	if (from_frame(analysis, (size_t)analysis->dying_thread, ret))
		return true;
	for (size_t i = 0; i < analysis->image->threads.count; i++)
		if (from_frame(analysis, i, ret) && !ret->own)
			return true;
	return from_stop(analysis, ret);
}
