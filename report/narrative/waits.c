/* waits.c: tells who waits for what in a process that ended because everybody waited. */
#include "analyzer/waits/graph.h"
#include "report/narrative/telling.h"

#include <inttypes.h>
#include <string.h>

enum { WAITS_TOLD = 4 };

/* What is wrong with some waits by themselves, whoever else waits. */
static const char *remark(const struct telling *telling, const struct wait *wait)
{
	struct channel channel;

	switch (wait->kind) {
	case WAIT_NIL_CHANNEL:
		return "The channel was never made: it is nil.";
	case WAIT_FOREVER:
		return "That is meant to last for ever, so something else has to keep the program alive.";
	case WAIT_GROUP:
		return "A WaitGroup goes on when Done was called as often as Add announced.";
	case WAIT_RECEIVE:
	case WAIT_SEND:
		if (!channel_read(telling->diagnosis->analysis->runtime, wait->channels[0].address, &channel))
			return NULL;
		if (wait->kind == WAIT_RECEIVE && channel.receivers && !channel.senders && !channel.count)
			return "Nobody waits to send on it, and its buffer holds nothing.";
		if (wait->kind == WAIT_SEND && channel.senders && !channel.receivers)
			return "Nobody waits to receive from it.";
		return NULL;
	default:
		return NULL;
	}
}

static void tell_wait(struct telling *telling, const struct wait_graph *graph, const struct wait_node *node)
{
	struct analysis *analysis = telling->diagnosis->analysis;
	const char *who = arena_printf(telling->arena, "Goroutine %" PRIu64,
				       analysis->runtime->goroutines.items[node->goroutine].id);
	const char *what = wait_text(analysis, &node->wait);
	const char *peers = wait_peers_text(analysis, graph, node);
	const char *more = remark(telling, &node->wait);

	tell_paragraph(telling, EXHIBIT_NONE);
	if (node->group_count > 1)
		who = arena_printf(telling->arena, "%s, one of %zu with an equal stack,", who, node->group_count);
	if (!node->function || !tell(telling, "%s waits in %s %s.", who, node->function, what))
		tell(telling, "%s waits %s.", who, what);
	if (more)
		tell(telling, "%s", more);
	if (peers)
		tell(telling, "%s.", capital(telling->arena, peers));
}

static bool any_lock(const struct wait_graph *graph)
{
	for (size_t i = 0; i < graph->nodes.count; i++)
		if (wait_is_for_lock(graph->nodes.items[i].wait.kind))
			return true;
	return false;
}

static void tell_waits(struct telling *telling, const struct wait_graph *graph)
{
	const char *cycle = wait_cycle_text(telling->diagnosis->analysis, graph);
	size_t told = 0;

	for (size_t i = 0; i < graph->nodes.count && told < WAITS_TOLD; i++)
		if (graph->nodes.items[i].first_of_group) {
			tell_wait(telling, graph, &graph->nodes.items[i]);
			told++;
		}
	tell_paragraph(telling, EXHIBIT_NONE);
	if (cycle)
		tell(telling, "As far as the stacks show, this is a circle: %s.", cycle);
	if (cycle && any_lock(graph))
		tell(telling, "That a stack holds the address of a lock does not prove that its goroutine owns the "
			      "lock; which one does is not in memory.");
}

void tell_deadlock(struct telling *telling)
{
	const struct wait_graph *graph = telling->finding->waits;
	const char *line = telling->diagnosis->analysis->messages.line;

	tell_headline(telling, "%s.", telling->finding->title);
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	tell(telling, "%s.", capital(telling->arena, telling->finding->title));
	tell(telling, "The Go runtime noticed that nothing can ever run again, and ended the process; the thread "
		      "that died did nothing but look.");
	if (line && strstr(line, "runtime.Goexit")) {
		tell_paragraph(telling, EXHIBIT_NONE);
		tell(telling, "The goroutine of main has ended by runtime.Goexit, not by returning from main, and "
			      "every other has ended too.");
		tell_action(telling, "Look for runtime.Goexit in what main calls: FailNow, Fatal and Skip of package "
				     "testing call it too.");
		tell_for_good(telling, "Let main return, or call os.Exit, when the work is done.");
		return;
	}
	tell_waits(telling, graph);
	tell_action(telling, "Restart the process: nothing in it can go on. Then read the lines at which the "
			     "goroutines wait, and find for each who was to send, receive, unlock or call Done.");
	tell_action(telling, "`tornstack goroutines` prints the stack of every one, and who created it.");
	tell_confirm(telling, "On a path that a goroutine named here should have taken to bring what another waits "
			      "for, an early return, a panic that was recovered or another wait comes first.");
	if (any_lock(graph))
		tell_for_good(telling, "Take locks in the same order everywhere, and call nothing unknown while "
				       "holding one.");
	tell_for_good(telling, "Give each wait a way out: a context that is cancelled, a channel that is closed when "
			       "its sender ends, Done in a deferred call.");
}
