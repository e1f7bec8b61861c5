/* external_signal.c: another process ended this one by a signal (SIGQUIT to get its stacks, SIGABRT from a watchdog). The
 * oldest signal frame of the dying thread holds the siginfo that the kernel delivered, with the sender. */
#include "heuristics/ordinary_ends.h"

#include "analyzer/unwind.h"
#include "formats/signals.h"

#include <inttypes.h>

extern const struct detector detector_external_signal;

enum { SI_CODE = 8, SI_PID = 16 }; /* siginfo_t, asm-generic/siginfo.h, 64 bit */

struct sent {
	size_t thread;
	const struct signal_name *signal;
	int64_t sender;
	uint64_t siginfo; /* address, 0: from the dump's own record */
};

/* What the oldest signal frame says; a signal that the process sent itself is its own way to die. */
static bool from_frame(const struct analysis *analysis, size_t thread, struct sent *ret)
{
	const struct thread_walk *walk = &analysis->walks[thread];
	uint32_t number, code, sender;

	if (!walk->signalled || !image_u32(analysis->image, walk->siginfo, &number) ||
	    !image_u32(analysis->image, walk->siginfo + SI_CODE, &code) ||
	    !image_u32(analysis->image, walk->siginfo + SI_PID, &sender))
		return false;
	ret->thread = thread;
	ret->signal = signal_by_number((int)number);
	ret->sender = sender;
	ret->siginfo = walk->siginfo;
	return (int32_t)code <= 0 && ret->signal && (int64_t)sender != analysis->image->pid;
}

/* The runtime passes a SIGQUIT on to its other threads, so the thread that dies need not be the one that was hit first. */
static bool from_any_frame(const struct analysis *analysis, struct sent *ret)
{
	if (from_frame(analysis, (size_t)analysis->dying_thread, ret))
		return true;
	for (size_t i = 0; i < analysis->image->threads.count; i++)
		if (from_frame(analysis, i, ret))
			return true;
	return false;
}

static bool from_stop(const struct analysis *analysis, struct sent *ret)
{
	const struct stop *stop = &analysis->image->stop;

	if (analysis->walks[analysis->dying_thread].signalled || !stop->known || !stop->sender_pid ||
	    stop->sender_pid == analysis->image->pid)
		return false;
	ret->thread = (size_t)analysis->dying_thread;
	ret->signal = signal_by_number(stop->number);
	ret->sender = stop->sender_pid;
	ret->siginfo = 0;
	return ret->signal != NULL;
}

static void run(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	struct finding *finding;
	struct sent sent;
	int64_t thread;

	if (analysis->dying_thread < 0 || analysis->image->os != OS_LINUX || analysis->messages.line ||
	    (!from_any_frame(analysis, &sent) && !from_stop(analysis, &sent)))
		return;
	thread = analysis->image->threads.items[sent.thread].id;
	finding = finding_add(diagnosis, &detector_external_signal);
	finding->thread = (int32_t)sent.thread;
	finding->goroutine = analysis->thread_goroutine[sent.thread];
	finding->title = arena_printf(diagnosis->arena, "process %" PRId64 " sent %s", sent.sender, sent.signal->name);
	evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false,
		     "%s on thread %" PRId64 " was sent by process %" PRId64 ", not raised by a fault", sent.signal->name, thread,
		     sent.sender);
	if (sent.siginfo)
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false, sent.siginfo, NULL,
			      "the siginfo that the kernel delivered: its first four bytes are the signal's number");
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, sent.siginfo ? WEIGHT_STRONG : WEIGHT_FAIR, false,
		     sent.siginfo ? "the stack of thread %" PRId64 " passes the signal handler that ended the process"
				  : "no Go signal handler is on the stack of thread %" PRId64, thread);
}

const struct detector detector_external_signal = {
	.id = "external-signal",
	.title = "another process ended this one by a signal",
	.explanation = "Somebody sent the process a signal that ends it: a person or a supervisor asking for stacks (SIGQUIT), a "
		       "watchdog (SIGABRT), a shell. The process itself did nothing wrong that this dump shows. Evidence: the "
		       "kernel's siginfo in the signal frame, which names the sender.\n"
		       "What to do: find out what the sending process is and why it sent the signal; if it is a watchdog, look at "
		       "what the goroutines were waiting for.",
	.rank = 35,
	.run = run,
};
