/* deadlock.c: the runtime found that no goroutine of the program can ever run again (checkdead, runtime/proc.go; Go 1.18 to
 * 1.27), and ended the process. What each of them waits for is in memory. */
#include "analyzer/waits/graph.h"

#include "base/count.h"
#include "heuristics/ends/ordinary_ends.h"

#include <inttypes.h>
#include <string.h>

extern const struct detector detector_deadlock;

enum { WAITS_SHOWN = 8, STACK_BYTES = 1 << 30, WORD = 8 };

static const char asleep[] = "fatal error: all goroutines are asleep - deadlock!";
static const char none_left[] = "fatal error: no goroutines (main called runtime.Goexit) - deadlock!";

static void stack_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	struct stack stack = {0};

	thread_stack(diagnosis->analysis, (size_t)finding->thread, &stack);
	if (find_role(&stack, ROLE_CHECKDEAD) != SIZE_MAX)
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
			     "the stack of %s passes runtime.checkdead, which looks whether "
			     "any goroutine can still run",
			     dead_thread_text(diagnosis->analysis, finding->thread));
}

/* Without the names of functions the runtime's own goroutines cannot be told from the program's. */
static const char *of_program(const struct go_runtime *runtime)
{
	return runtime->functions[ROLE_GOEXIT] ? " of the program" : "";
}

/* checkdead itself counts the goroutines of the program that wait, and throws something else when one does not. */
static void status_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct wait_graph *graph,
			    bool ended)
{
	const struct go_runtime *runtime = diagnosis->analysis->runtime;

	if (graph->others) {
		const struct goroutine *g = &runtime->goroutines.items[graph->other];

		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_STRONG, true,
			     "goroutine %" PRIu64 " does not wait: it is %s", g->id, goroutine_status_name(g));
	} else if (graph->waiting && !ended) {
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_STRONG, false,
			     graph->waiting == 1 ? "%s%s is waiting, none is runnable, running or in a system call"
						 : "all %s%s are waiting, none is runnable, running or in a system call",
			     counted_text(diagnosis->arena, graph->waiting, "goroutine"), of_program(runtime));
	} else if (!graph->waiting && ended && runtime->goroutines.count) {
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_STRONG, false,
			     "of %zu goroutines none is the program's own: all were started by the Go runtime for itself",
			     runtime->goroutines.count);
	}
}

/* The words that say so: the queue entry names goroutine and channel; the lock has its state. */
static void wait_words(struct diagnosis *diagnosis, struct finding *finding, const struct wait_node *node)
{
	const struct layout *layout = diagnosis->analysis->runtime->layout;
	const struct goroutine *g = &diagnosis->analysis->runtime->goroutines.items[node->goroutine];
	const struct wait *wait = &node->wait;
	const uint64_t sudog = wait->channel_count ? wait->channels[0].sudog : wait->sudog;
	uint64_t address;
	const char *what;

	if (sudog)
		evidence_word(diagnosis, finding, WEIGHT_FAIR, false, sudog + layout->offset[LAYOUT_sudog_g],
			      hex_text(diagnosis->arena, g->address),
			      "sudog.g of the queue entry is goroutine %" PRIu64, g->id);
	if (sudog && wait->channel_count)
		evidence_word(diagnosis, finding, WEIGHT_FAIR, false, sudog + layout->offset[LAYOUT_sudog_size] - WORD,
			      hex_text(diagnosis->arena, wait->channels[0].address),
			      "sudog.c of that entry is the channel that goroutine %" PRIu64 " waits for", g->id);
	if (wait_state_word(diagnosis->analysis, wait, &address, &what))
		evidence_word(diagnosis, finding, WEIGHT_FAIR, false, address, NULL,
			      "%s that goroutine %" PRIu64 " waits for",
			      what, g->id);
}

static void wait_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct wait_graph *graph,
			  const struct wait_node *node)
{
	const struct goroutine *g = &diagnosis->analysis->runtime->goroutines.items[node->goroutine];
	const char *peers = wait_peers_text(diagnosis->analysis, graph, node);
	const char *more = "";

	if (node->group_count > 1)
		more = arena_printf(diagnosis->arena, ", one of %zu with an equal stack,", node->group_count);
	evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false,
		     "goroutine %" PRIu64 "%s waits%s%s %s%s%s", g->id,
		     more, node->function ? " in " : "", node->function ? node->function : "",
		     wait_text(diagnosis->analysis, &node->wait), peers ? "; " : "", peers ? peers : "");
	wait_words(diagnosis, finding, node);
}

/* That one goroutine's stack holds what another waits for does not say that it will ever give it. */
static void cycle_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct wait_graph *graph)
{
	const char *cycle = wait_cycle_text(diagnosis->analysis, graph);

	if (cycle)
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_WEAK, false,
			     "as far as the stacks show, %s", cycle);
}

static void point_at_waiter(struct diagnosis *diagnosis, struct finding *finding, const struct wait_node *node)
{
	struct stack stack = {0};

	finding->goroutine = (int32_t)node->goroutine;
	goroutine_stack(diagnosis->analysis, node->goroutine, &stack);
	point_at(diagnosis->analysis, finding, &stack, node->wait.frame);
}

static const char *what_holds(struct diagnosis *diagnosis, const struct wait_graph *graph, bool ended)
{
	if (ended)
		return "no goroutine of the program is left, so nothing can go on";
	if (graph->others || !graph->waiting)
		return "the Go runtime found that all goroutines of the program wait";
	if (graph->waiting == 1)
		return "the program's only goroutine waits for something that no other can bring";
	return arena_printf(diagnosis->arena, "all %s%s wait, and none is left to wake another",
			    counted_text(diagnosis->arena, graph->waiting, "goroutine"), of_program(diagnosis->analysis->runtime));
}

/* With the goroutine to look at first, and where that waits. */
static const char *title(struct diagnosis *diagnosis, const struct finding *finding, const struct wait_node *root, const char *what)
{
	if (!root || !finding->function)
		return what;
	return arena_printf(diagnosis->arena, "%s; goroutine %" PRIu64 " waits in %s %s", what,
			    diagnosis->analysis->runtime->goroutines.items[finding->goroutine].id, finding->function,
			    wait_kind_text(root->wait.kind));
}

static void run(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	const char *line = analysis->messages.line;
	const struct wait_graph *graph;
	const struct wait_node *root;
	struct finding *finding;
	bool ended;

	if (analysis->dying_thread < 0 || !line || (strcmp(line, asleep) != 0 && strcmp(line, none_left) != 0))
		return;
	ended = !strcmp(line, none_left);
	graph = wait_graph_make(analysis, STACK_BYTES, false);
	finding = finding_add(diagnosis, &detector_deadlock);
	finding->thread = analysis->dying_thread;
	finding->waits = graph;
	evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_STRONG, false, "the runtime's last words: \"%s\"",
		     line);
	stack_evidence(diagnosis, finding);
	status_evidence(diagnosis, finding, graph, ended);
	for (size_t i = 0, shown = 0; i < graph->nodes.count && shown < WAITS_SHOWN; i++)
		if (graph->nodes.items[i].first_of_group) {
			wait_evidence(diagnosis, finding, graph, &graph->nodes.items[i]);
			shown++;
		}
	cycle_evidence(diagnosis, finding, graph);
	root = graph->nodes.count ? &graph->nodes.items[wait_root(graph)] : NULL;
	if (root)
		point_at_waiter(diagnosis, finding, root);
	finding->title = title(diagnosis, finding, root, what_holds(diagnosis, graph, ended));
}

static const char *const supersedes[] = {"go-fatal", NULL};

const struct detector detector_deadlock = {
	.id = "deadlock",
	.title = "all goroutines wait for each other",
	.explanation =
		"Every goroutine of the program waits for something that only another goroutine could bring: a value "
		"on a channel, a lock, a WaitGroup. The runtime notices when no thread has anything left to run, and "
		"ends the process. It cannot notice while anything else may still happen: one goroutine asleep or "
		"waiting for the network is enough, and with cgo it never does. Evidence: the runtime's message, "
		"runtime.checkdead on the stack that died, the status of every goroutine, and the queue entries "
		"(runtime.sudog) that say who waits for which channel or lock.\n"
		"What to do: the report names what each goroutine waits for, and whose stacks hold it. A channel needs "
		"a goroutine that will still send or receive on it, or close it; locks must be taken in the same order "
		"everywhere; a WaitGroup needs one Done for each Add. A stack that holds the address of a lock does "
		"not prove that its goroutine owns it.",
	.rank = 40,
	.supersedes = supersedes,
	.run = run,
};
