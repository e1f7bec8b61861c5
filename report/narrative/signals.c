/* signals.c: tells of a process that a signal ended, which somebody sent. */
#include "report/narrative/telling.h"

#include "heuristics/ends/crowds.h"
#include "heuristics/ends/sent_signal.h"

#include <inttypes.h>
#include <string.h>

static const struct {
	const char *name, *text;
} uses[] = {
#define SIGNAL_USE(name, text) {name, text},
#include "report/narrative/signal_uses.def"
#undef SIGNAL_USE
};

static const char *use_of(const struct sent_signal *sent)
{
	for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
		if (!strcmp(uses[i].name, sent->signal->name))
			return uses[i].text;
	return NULL;
}

static void tell_sender(struct telling *telling, const struct sent_signal *sent)
{
	const int64_t parent = telling->diagnosis->analysis->image->parent_pid;

	if (sent->own)
		tell(telling, "No other process had a hand in it.");
	else if (sent->sender && sent->sender == parent)
		tell(telling, "That is its parent process: what started it, such as a shell, a supervisor or a test.");
	else if (sent->sender == 1)
		tell(telling, "Process 1 is systemd or another init, or, in a container, what was started first "
		     "there.");
	else if (sent->untold)
		tell(telling, "A log does not say who.");
	else if (!sent->sender && sent->code <= 0)
		tell(telling, "Its pid is told as 0: the process that was hit runs in a container, and the sender "
		     "outside of it.");
}

static void advise_sender(struct telling *telling, const struct sent_signal *sent)
{
	if (sent->own) {
		tell_action(telling, "Search the program and its libraries for what sends it: syscall.Kill, "
			    "os.Process.Signal, and in C "
				     "abort, raise and kill. The stack of the thread shows where one signal arrived, "
				     "not always who sent it.");
	} else if (sent->code == SIGNAL_CODE_KERNEL) {
		tell_action(telling, "Ask who was at its terminal, and which limits it had (ulimit -a; /proc/PID/limits "
			    "of its successor).");
	} else if (sent->sender) {
		tell_action(telling, "Find out what process %" PRId64 " was, of user %" PRIu32 ": `ps -p %" PRId64 "` "
			    "while it lives, else the "
				     "logs of the supervisor, of auditd, or of the shell at that time.",
			    sent->sender, sent->user, sent->sender);
	} else {
		tell_action(telling, "Look at the logs of the container runtime, of the orchestrator and of the host at "
			    "that time: a failed "
				     "liveness probe, a stop that took too long, an operator.");
	}
	if (sent->signal->number == SIGNAL_ABORT && !sent->own && sent->sender <= 1)
		tell_action(telling, "If systemd runs the service, `journalctl -u SERVICE` says \"Watchdog timeout\" "
			    "when it was its watchdog: "
				     "then the service was stuck, and the goroutines show in what.");
}

void tell_external_signal(struct telling *telling)
{
	const char *title = telling->finding->title;
	const char *crowds = crowds_text(telling->diagnosis);
	struct sent_signal sent;

	if (!sent_signal_find(telling->diagnosis->analysis, &sent))
		return;
	if (sent.own)
		tell_headline(telling, "%s, and ended of it.", title);
	tell_headline(telling, "%s: the process was ended from outside, it did not crash by itself.", title);
	tell_paragraph(telling, EXHIBIT_NONE);
	tell(telling, "%s, and the process ended.", capital(telling->arena, title));
	tell_sender(telling, &sent);
	if (!sent.own && use_of(&sent))
		tell(telling, "%s.", use_of(&sent));
	tell_paragraph(telling, EXHIBIT_NONE);
	tell(telling, "No instruction faulted, and Go's runtime had nothing to complain of%s.",
	     telling->diagnosis->analysis->tears.count ? "" : "; no stack in this dump is torn");
	if (crowds)
		tell(telling, "What goroutines of the program were doing: %s.", crowds);
	advise_sender(telling, &sent);
	tell_action(telling, "If the service hung before, see what its goroutines wait for: `tornstack goroutines` "
		    "groups all of them.");
	if (!sent.untold)
		tell_confirm(telling, "In gdb, `p $_siginfo` on the thread, or the words at the addresses above, name the same "
			     "sender.");
	tell_for_good(telling, "%s", sent.own ? "Let the program log why before it sends itself a signal."
					    : "Let whatever stops the service log why, and let the service answer its "
					    "health checks by what "
					      "its goroutines really do, so that a hang is seen before it is ended.");
}
