/* hangs.c: tells of processes that do not end by themselves: stuck, goroutine-leak. */
#include "report/narrative/telling.h"

#include "heuristics/hangs/dead_end.h"
#include "heuristics/hangs/lonely_wait.h"
#include "heuristics/hangs/stuck.h"

#include <string.h>

/* Each piece of the finding's evidence that is a sentence by itself. */
static void tell_evidence(struct telling *telling)
{
	for (size_t i = 0; i < telling->finding->evidence.count; i++) {
		const struct evidence *evidence = &telling->finding->evidence.items[i];

		if (evidence->kind != EVIDENCE_MEMORY && evidence->kind != EVIDENCE_EXCEPTION && !evidence->against)
			tell(telling, "%s.", capital(telling->arena, evidence->text));
	}
}

static void tell_beginning(struct telling *telling)
{
	tell_headline(telling, "%s.", telling->finding->title);
	tell_paragraph(telling, EXHIBIT_NONE);
	tell(telling, "%s.", capital(telling->arena, telling->finding->title));
	if (telling->finding->thread >= 0)
		tell(telling, "That is what the process was doing when a signal from outside ended it: the signal is no cause.");
	else if (telling->diagnosis->analysis->image->snapshot)
		tell(telling, "The process was alive when this dump was taken.");
	else
		tell(telling, "How the process ended is not known: the dump does not say it, or that part of it is damaged.");
	tell_paragraph(telling, EXHIBIT_NONE);
	tell_evidence(telling);
}

static void tell_stop(struct telling *telling, const struct world_stop *stop)
{
	tell_paragraph(telling, EXHIBIT_INSTRUCTIONS);
	tell(telling, "Go interrupts a goroutine only where its code allows that; until then, whoever waits for it waits.");
	if (stop->preemption == PREEMPTIBLE)
		tell_action(telling, "Run without GODEBUG=asyncpreemptoff=1: then a signal interrupts the loop.");
	tell_action(telling, "Look at that loop: why it does not end, or how long it may take.");
	tell_confirm(telling, "A second dump, some seconds later, shows the same goroutine in the same code. `perf top -p PID` of the "
			      "successor shows it, too.");
	tell_for_good(telling, stop->preemption == PREEMPTIBLE
				       ? "Call something in long loops, or runtime.Gosched."
				       : "Let assembly and generated code do a bounded piece of work at a time, and return to Go between.");
}

static void tell_root(struct telling *telling, const struct hang_root *root)
{
	tell_paragraph(telling, EXHIBIT_NONE);
	tell(telling, "Which goroutine owns a lock is not in memory: it is told by the code between taking and releasing it.");
	tell_action(telling, "%s", root->fact->action);
	tell_action(telling, "`tornstack goroutines` shows all who wait, in groups; a restart helps until it happens again.");
	tell_confirm(telling, "A second dump of the process, some seconds later, shows the same goroutines waiting for the same things; in "
			      "one that is only busy they have changed.");
	tell_for_good(telling, "%s", root->fact->remedy);
}

static void tell_end(struct telling *telling, const struct dead_end *end)
{
	tell_action(telling, "%s", end->action);
	tell_confirm(telling, "A second dump shows the same goroutines waiting for the same things, however much later; from Go 1.26 on the "
			      "goroutineleak profile of the running process lists them, too.");
	tell_for_good(telling, "%s", end->remedy);
}

void tell_stuck(struct telling *telling)
{
	const struct stuck *stuck = telling->finding->stuck;

	tell_beginning(telling);
	if (stuck->stop)
		tell_stop(telling, stuck->stop);
	if (stuck->root)
		tell_root(telling, stuck->root);
	if (stuck->end)
		tell_end(telling, stuck->end);
	if (!stuck->lonely)
		return;
	tell_action(telling, "%s", stuck->lonely->action);
	tell_confirm(telling, "In gdb or Delve, search the heap for the address of what they wait for: who else has it could still wake "
			      "them.");
	tell_for_good(telling, "%s", stuck->lonely->remedy);
}

void tell_goroutine_leak(struct telling *telling)
{
	tell_beginning(telling);
	tell(telling, "Each of them keeps its stack, and all memory that it refers to, until the process ends.");
	tell_action(telling, "Look at that go statement and at its callers: who was to be at the other end of the channel, and on which path it "
			     "leaves before (a timeout, an error, an early return).");
	tell_action(telling, "A restart frees them; how fast they come again is shown by the goroutine profile of the running service "
			     "(net/http/pprof).");
	tell_confirm(telling, "A second dump shows more of them at the same place, and the old ones still there.");
	tell_for_good(telling, "Give the channel room for the one value (make(chan T, 1)), or let the goroutine leave when its caller does: select "
			       "with the context's Done.");
	tell_for_good(telling, "Let a test count goroutines before and after (runtime.NumGoroutine, go.uber.org/goleak; from Go 1.26 on the "
			       "goroutineleak profile).");
}
