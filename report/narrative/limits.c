/* limits.c: tells of a process that ran into a limit, or was refused what its runtime needs: stack-overflow, out-of-memory, resource-limit,
 * refused-call. */
#include "report/narrative/advice.h"
#include "report/narrative/telling.h"

#include "analyzer/unwind/recursion.h"
#include "base/size.h"
#include "heuristics/ends/large_request.h"
#include "heuristics/limits/resource_limit.h"

#include <inttypes.h>
#include <string.h>

/* The recursion of a goroutine that overflowed, and its stack in numbers. */
static void tell_turns(struct telling *telling, const char *who)
{
	struct analysis *analysis = telling->diagnosis->analysis;
	const struct goroutine *g = &analysis->runtime->goroutines.items[telling->finding->goroutine];
	struct recursion recursion;
	struct stack stack = {0};

	goroutine_stack(analysis, (size_t)telling->finding->goroutine, &stack);
	if (recursion_find(telling->arena, &stack, &recursion))
		tell(telling, "Its stack holds %" PRIu64 " turns of that, of %" PRIu64 " bytes each.",
		     recursion.frames / recursion.period, recursion.bytes * recursion.period / recursion.frames);
	tell(telling, "%s has a stack of %" PRIu64 " bytes, and what is left of it would not hold one more call.",
	     capital(telling->arena, who), g->stack_hi - g->stack_lo);
}

static void tell_goroutine_stack(struct telling *telling)
{
	const struct finding *finding = telling->finding;
	const char *who = finding_goroutine(telling, finding);

	tell_headline(telling, "%s.", finding->title);
	tell_headline(telling, "%s overflowed its stack in %s.", who, finding->function);
	tell_headline(telling, "%s overflowed its stack.", who);
	tell_paragraph(telling, EXHIBIT_NONE);
	tell(telling, "%s.", capital(telling->arena, finding->title));
	tell_turns(telling, who);
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	tell(telling, "The runtime gives a goroutine whose stack is full one twice as large, up to a limit, so that a recursion "
		      "without end does not take all memory.");
	tell(telling, "Here the next one would have been beyond the limit, and the runtime ended the process.");
	tell(telling, "That is no panic: no deferred function runs, and recover cannot catch it.");
	tell_action(telling, "Look at the functions that repeat in the stack below, for what should have ended their recursion: data "
			     "that refers to itself, a missing base case, a String, Error or Marshal method that formats its own "
			     "receiver.");
	tell_action(telling, "The first frames above the recursion, near the end of the stack, show which request or data it was "
			     "entered with; keep that one away from the service.");
	tell_action(telling, "Do not raise the limit (debug.SetMaxStack): it only takes longer, and more memory.");
	tell_confirm(telling, "In a debugger, compare the arguments of two turns: if they are equal, nothing would ever have ended "
			      "it; if they change, the data may just be deeper than the stack allows.");
	tell_for_good(telling, "Bound the depth where data comes from outside, or walk it with a loop and a list of your own; add a "
			       "test with data that refers to itself.");
}

static void tell_thread_stack(struct telling *telling)
{
	const struct finding *finding = telling->finding;
	const char *who = finding_thread(telling, finding);

	tell_headline(telling, "%s.", finding->title);
	tell_headline(telling, "C code filled the stack of %s.", who);
	tell_paragraph(telling, EXHIBIT_NONE);
	tell(telling, "%s.", capital(telling->arena, finding->title));
	tell_paragraph(telling, EXHIBIT_INSTRUCTIONS);
	tell(telling, "C runs on the stack of its thread, which does not grow as those of goroutines do; below it is a guard page, "
		      "and the next call touched that.");
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	tell(telling, "Go code is at fault only as far as it called C: see the stack of the goroutine.");
	tell_action(telling, "Look at the C functions that repeat in the stack of %s, and at what they were called with.", who);
	tell_action(telling, "If the recursion has an end, give threads a larger stack: ulimit -s, before the process starts.");
	tell_confirm(telling, "In gdb, `bt -20` on %s shows where the recursion was entered.", who);
	tell_for_good(telling, "Bound the depth in C, or large arrays there on the heap instead of the stack.");
}

void tell_stack_overflow(struct telling *telling)
{
	const struct fault *fault = &telling->diagnosis->analysis->fault;

	if (fault->known && fault->thread == telling->finding->thread && !telling->diagnosis->analysis->messages.line)
		tell_thread_stack(telling);
	else if (telling->finding->goroutine >= 0)
		tell_goroutine_stack(telling);
}

/* The finding's own sentences about sizes: each is a piece of its evidence. */
static void tell_sizes(struct telling *telling)
{
	for (size_t i = 0; i < telling->finding->evidence.count; i++) {
		const struct evidence *evidence = &telling->finding->evidence.items[i];

		if (evidence->weight == WEIGHT_FAIR && !evidence->against)
			tell(telling, "%s.", capital(telling->arena, evidence->text));
	}
}

/* Who is to be looked at: of one request that nothing could have met, whoever made its size. */
static void tell_asker(struct telling *telling, const char *who)
{
	struct analysis *analysis = telling->diagnosis->analysis;
	struct large_request request = {0};
	const bool large = large_request_find(analysis, telling->finding->goroutine, &request);
	const bool exceeds = large && large_request_exceeds(analysis, &request);

	if (exceeds)
		tell(telling, "%s at once is more than the process had altogether: most likely a length is wrong.", size_text(telling->arena, request.size));
	else if (large)
		tell(telling, "If %s at once is far more than was meant, a length is wrong; else who holds the memory need not be who asked last.",
		     size_text(telling->arena, request.size));
	else
		tell(telling, "%s only met the end: who holds the memory need not be who asked last.", capital(telling->arena, who));
	if (large)
		tell_action(telling, "Look at the frame that the stack of %s points at, and see where the length comes from: one that was read "
				     "from a file or a peer and not checked, or a string or slice whose header was overwritten.", who);
	if (exceeds)
		return;
	tell_action(telling, "Compare what was mapped with the limits of the process: container, job, ulimit -v. If the limit is far "
			     "above it, the machine itself had no memory left.");
	tell_action(telling, "If many goroutines have equal stacks, in the list below, see what they wait for: each holds what it "
			     "refers to.");
}

void tell_out_of_memory(struct telling *telling)
{
	const struct finding *finding = telling->finding;
	const char *who = finding_goroutine(telling, finding);

	tell_headline(telling, "%s.", finding->title);
	tell_headline(telling, "the Go runtime got no memory.");
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	tell(telling, "%s.", capital(telling->arena, finding->title));
	tell(telling, "The system refused more memory, or none could hold what was asked for, and the runtime ended the process: no "
		      "deferred function runs, and recover cannot catch it.");
	tell_paragraph(telling, EXHIBIT_NONE);
	tell_sizes(telling);
	tell_paragraph(telling, EXHIBIT_NONE);
	tell_asker(telling, who);
	tell_confirm(telling, "A heap profile of the running service (net/http/pprof, heap) shows what grows; this dump shows how much "
			      "was mapped, not by what.");
	tell_for_good(telling, "Set GOMEMLIMIT a little below the limit of the process, so that garbage is collected before the end; "
			       "and bound caches, queues and the size of requests.");
}

/* Whether the finding says who uses the resource up. */
static bool has_users(const struct finding *finding)
{
	for (size_t i = 0; i < finding->evidence.count; i++)
		if (finding->evidence.items[i].kind == EVIDENCE_RUNTIME_STATE && !finding->evidence.items[i].address)
			return true;
	return false;
}

void tell_resource_limit(struct telling *telling)
{
	const struct resource *resource = telling->finding->resource;

	tell_headline(telling, "%s.", telling->finding->title);
	tell_headline(telling, "%s.", resource->refused);
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	tell(telling, "%s.", capital(telling->arena, telling->finding->title));
	tell(telling, "The code that met the limit is not at fault, and neither is the release of Go.");
	tell_paragraph(telling, EXHIBIT_NONE);
	tell_sizes(telling);
	tell_action(telling, "%s", resource->raise);
	if (resource->users == USERS_THREADS && threads_are_locked(telling->diagnosis->analysis->runtime))
		tell_action(telling, "Find out why so many goroutines are locked to their threads: `tornstack goroutines` shows which they "
				     "are. Each that called runtime.LockOSThread keeps a thread until it unlocks it or ends.");
	else if (resource->users == USERS_THREADS && has_users(telling->finding))
		tell_action(telling, "Find out why these calls do not return: `tornstack goroutines --state=syscall` shows which they "
				     "are. A disk, a network file system, a pipe or a lock of C that hangs fills any limit.");
	tell_confirm(telling, "/proc/PID/limits and /proc/PID/status of the successor, and pids.current beside pids.max, or the like, of "
			      "its cgroup, show the limit and how near it is.");
	tell_for_good(telling, "%s", resource->bound);
}

void tell_refused_call(struct telling *telling)
{
	const struct finding *finding = telling->finding;

	tell_headline(telling, "%s.", finding->title);
	tell_paragraph(telling, finding->has_pc ? EXHIBIT_INSTRUCTIONS : EXHIBIT_LAST_WORDS);
	tell(telling, "%s.", capital(telling->arena, finding->title));
	if (finding->has_pc)
		tell(telling, "The address of the fault is no bad pointer: %s writes there on purpose, to end the process when that call "
			      "fails.", finding->function);
	tell(telling, "The runtime cannot go on without that call: no deferred function runs, and recover cannot catch it.");
	tell_known_bugs(telling);
	advise(telling, finding->title);
}
