/* external_signal.c: a signal that was sent ended the process (SIGQUIT to get its stacks, SIGABRT from a watchdog), by
 * another process, by the kernel, or by the process itself. */
#include "heuristics/ends/crowds.h"
#include "heuristics/ends/go_caller.h"
#include "heuristics/ends/recorded_end.h"
#include "heuristics/ends/sent_signal.h"

#include "analyzer/last_words/fault_operand.h"
#include "analyzer/unwind/saved_place.h"
#include "analyzer/unwind/unwind.h"

#include <inttypes.h>

extern const struct detector detector_external_signal;

/* By which call a process sent it; NULL: not known. */
static const char *call_of(int code)
{
	switch (code) {
	case 0:
		return "kill";
	case -1:
		return "sigqueue";
	case -6:
		return "tgkill";
	default:
		return NULL;
	}
}

static const char *sender_text(struct diagnosis *diagnosis, const struct sent_signal *sent)
{
	if (sent->own)
		return "the process itself";
	if (signal_code_source(sent->code))
		return signal_code_source(sent->code);
	if (sent->untold)
		return "somebody";
	if (!sent->sender)
		return "a process outside of its PID namespace";
	return arena_printf(diagnosis->arena, "process %" PRId64, sent->sender);
}

static void sender_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct sent_signal *sent)
{
	const struct image *image = diagnosis->analysis->image;
	const char *call = call_of(sent->code);
	const bool by_process = sent->code <= 0 && !signal_code_source(sent->code);
	const char *user = by_process && !sent->untold ? arena_printf(diagnosis->arena, " (user %" PRIu32 ")", sent->user) : "";

	evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false,
		     "%s on %s was sent by %s%s%s%s, not raised by a fault", sent->signal->name,
		     thread_text(diagnosis->analysis, (int32_t)sent->thread), sender_text(diagnosis, sent), user, call ? ", by " : "",
		     call ? call : "");
	if (sent->siginfo)
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false, sent->siginfo, NULL,
			      "the siginfo that the kernel delivered: its first four bytes are the signal's number");
	if (sent->siginfo && by_process)
		evidence_word(diagnosis, finding, WEIGHT_FAIR, false, sent->siginfo + SIGINFO_SENDER, NULL,
			      "… and here the sender: process %" PRId64 ", user %" PRIu32, sent->sender, sent->user);
	if (sent->sender && !sent->own && sent->sender == image->parent_pid)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false,
			     "process %" PRId64 " is its parent process", sent->sender);
}

static void handler_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct sent_signal *sent)
{
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, sent->siginfo ? WEIGHT_STRONG : WEIGHT_FAIR, false,
		     sent->siginfo ? "the stack of %s passes the signal handler that ended the process"
				   : "no Go signal handler is on the stack of %s",
		     thread_text(diagnosis->analysis, (int32_t)sent->thread));
}

/* A signal of faults that was sent to a thread which was at a fault itself: then its siginfo is not what it was. */
static void fault_doubt(struct diagnosis *diagnosis, struct finding *finding, const struct sent_signal *sent)
{
	struct analysis *analysis = diagnosis->analysis;
	uint64_t address;

	if (sent->signal->memory && stop_is_closed_access(analysis, sent->thread, &address))
		evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, WEIGHT_STRONG, true,
			     "the instruction at which it was stopped accesses 0x%" PRIx64 ", which it may not: that raises %s by itself", address,
			     sent->signal->name)->address = analysis->walks[sent->thread].stopped.pc;
}

/* A signal arrives where the thread runs code; what a thread sends itself by tgkill(2), as raise(3) and abort(3) do, within that call. */
static void place_doubt(struct diagnosis *diagnosis, struct finding *finding, const struct sent_signal *sent)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct context *stopped = &analysis->walks[sent->thread].stopped;

	if (sent->untold || !stopped->known)
		return;
	if (place_is_no_code(analysis->runtime, stopped->pc))
		evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, WEIGHT_STRONG, true,
			     "%s was hit at 0x%" PRIx64 ", where no code is: what the signal left on its stack is not what it was",
			     thread_text(analysis, (int32_t)sent->thread), stopped->pc)->address = stopped->pc;
	else if (sent->own && sent->code == SIGNAL_CODE_TKILL && !place_is_behind_trap(analysis->image, stopped->pc))
		evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, WEIGHT_STRONG, true,
			     "%s was hit at 0x%" PRIx64 ", where %s: another thread sent it, or that address is not what it was",
			     thread_text(analysis, (int32_t)sent->thread), stopped->pc,
			     place_is_readable(analysis->runtime, stopped->pc) ? "no call of the kernel is" : "the dump has no code")->address =
			stopped->pc;
}

/* An unrecovered panic ends the process by SIGABRT as well (runtime.crash), and then the siginfo or the place is not what it was. */
static void panic_doubt(struct diagnosis *diagnosis, struct finding *finding, const struct sent_signal *sent)
{
	struct go_runtime *runtime = diagnosis->analysis->runtime;
	const struct goroutine *g = finding->goroutine < 0 ? NULL : &runtime->goroutines.items[finding->goroutine];
	uint64_t panic;

	if (sent->untold || sent->signal->number != SIGNAL_ABORT || !g || !go_field(runtime, g->address, LAYOUT_g_panic, &panic) || !panic)
		return;
	evidence_word(diagnosis, finding, WEIGHT_STRONG, true, g->address + runtime->layout->offset[LAYOUT_g_panic], NULL,
		      "goroutine %" PRIu64 ", which ran there, was in a panic (g._panic): that ends the process by SIGABRT, too", g->id);
}

/* Whether the thread that it hit was in C: where C's frames cannot be walked, cgo-fault does not know whether C sent it. */
static bool hit_in_c(struct analysis *analysis, const struct sent_signal *sent, struct go_caller *ret)
{
	const int32_t goroutine = analysis->thread_goroutine[sent->thread];

	return sent->own && !analysis->runtime->recorded && goroutine >= 0 && go_caller_find(analysis, (size_t)goroutine, ret) &&
	       ret->function;
}

static const char *title(struct diagnosis *diagnosis, const struct sent_signal *sent, const struct go_caller *in_c)
{
	const char *name = sent->signal->name;

	if (!sent->own)
		return arena_printf(diagnosis->arena, "%s sent %s", sender_text(diagnosis, sent), name);
	if (!in_c)
		return arena_printf(diagnosis->arena, "the process sent itself %s", name);
	return arena_printf(diagnosis->arena, "the process sent itself %s while %s was in C called by Go's %s", name,
			    thread_text(diagnosis->analysis, (int32_t)sent->thread), in_c->function);
}

static void run(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	struct finding *finding;
	struct sent_signal sent;
	struct go_caller caller;
	const char *crowds;
	bool in_c;

	if (analysis->messages.line || !sent_signal_find(analysis, &sent))
		return;
	crowds = crowds_text(diagnosis);
	finding = finding_add(diagnosis, &detector_external_signal);
	finding->thread = (int32_t)sent.thread;
	finding->goroutine = analysis->thread_goroutine[sent.thread];
	in_c = hit_in_c(analysis, &sent, &caller);
	finding->title = title(diagnosis, &sent, in_c ? &caller : NULL);
	sender_evidence(diagnosis, finding, &sent);
	fault_doubt(diagnosis, finding, &sent);
	place_doubt(diagnosis, finding, &sent);
	panic_doubt(diagnosis, finding, &sent);
	if (in_c)
		go_caller_evidence(diagnosis, finding, WEIGHT_FAIR, &caller);
	if (analysis->runtime->recorded)
		recorded_stop_evidence(diagnosis, finding);
	else
		handler_evidence(diagnosis, finding, &sent);
	if (crowds)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false, "meanwhile: %s", crowds);
}

const struct detector detector_external_signal = {
	.id = "external-signal",
	.title = "a signal that was sent ended the process",
	.explanation = "Somebody sent the process a signal that ends it: a person or a supervisor asking for stacks "
		       "(SIGQUIT), a watchdog (SIGABRT), a shell; or the kernel, or the process itself. No "
		       "instruction faulted. Evidence: the kernel's siginfo in the signal frame, or in the dump's "
		       "own record, which names the sender by its pid. A pid of 0 is a process that this one cannot "
		       "see, outside of its container.\n"
		       "What to do: find out what the sending process is and why it sent the signal; if it is a "
		       "watchdog, look at what the goroutines were waiting for.",
	.rank = 35,
	.run = run,
};
