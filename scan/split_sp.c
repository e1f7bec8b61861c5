/* split_sp.c: SP is moved in several instructions, and Go's table knows of one (golang/go#73259). */
#include "golang/preempt.h"
#include "scan/places.h"
#include "scan/rule.h"

#include <inttypes.h>

extern const struct scan_rule rule_split_sp;

static const char *reason_of(enum preemption preemption)
{
	static const char *const reasons[] = {
		[PREEMPTIBLE] = "the compiler calls this instruction safe for asynchronous preemption",
		[PREEMPTION_RESUMES_EARLIER] =
			"preempted here, the goroutine goes on at an earlier instruction, with the wrong SP",
		[PREEMPTION_UNSAFE_POINT] = "the compiler marks this instruction as unsafe for asynchronous preemption",
		[PREEMPTION_ASSEMBLY] = "functions in assembly are not preempted",
		[PREEMPTION_RUNTIME] = "functions of the runtime are not preempted",
		[PREEMPTION_NO_FUNCTION] = "it is not in a Go function",
	};

	return reasons[preemption];
}

static const char *fix_of(struct scan *scan, bool leaf, const struct known_bug *bug)
{
	const char *fixes = bug ? known_bug_fixes(scan->results, bug) : NULL;
	const char *smaller =
		"make the frame smaller than 64 KiB (move large local arrays to the heap: new, make), or set "
		"GODEBUG=asyncpreemptoff=1 where it runs";

	if (!leaf && fixes && known_bug_affects(bug, &scan->runtime->version) != 0)
		return arena_printf(scan->results, "build it with a Go release that fixes golang/go#73259 (%s), or %s",
				    fixes, smaller);
	return arena_printf(scan->results, "%s%s", smaller,
			    leaf ? "; no Go release is known that mends functions without calls" : "");
}

static void report(struct scan *scan, const struct place *place)
{
	enum preemption preemption = preemption_at(scan->runtime, place->at);
	bool preemptible = preemption == PREEMPTIBLE || preemption == PREEMPTION_RESUMES_EARLIER;
	struct scan_finding *finding = scan_add(scan, &rule_split_sp, preemptible ? SCAN_ERROR : SCAN_NOTE);

	if (!finding)
		return;
	scan_place(scan, finding, place->at);
	finding->is_place = true;
	finding->error = place->delta - place->distance;
	finding->where = finding->error > 0 ? "epilogue" : "prologue";
	finding->leaf = place->leaf;
	finding->preemptible = preemptible;
	finding->reason = reason_of(preemption);
	finding->message = arena_printf(
		scan->results,
		"a stop at 0x%" PRIx64 " in the %s of %s finds SP %" PRId64 " bytes %s where Go's tables say; %s%s",
		finding->pc, finding->where, finding->function, finding->error < 0 ? -finding->error : finding->error,
		finding->error < 0 ? "below" : "above", finding->reason,
		preemptible ? "" : "; signal-based profilers and debuggers do stop here, and then see a torn stack");
	if (!preemptible)
		return;
	finding->bug = known_bug_by_id(place->leaf ? "golang/go#73259 (leaf functions)" : "golang/go#73259");
	finding->fix = fix_of(scan, place->leaf, finding->bug);
}

static void run(struct scan *scan)
{
	for (size_t i = 0; scan->places && i < scan->places->items.count; i++)
		if (scan->places->items.items[i].sp_torn)
			report(scan, &scan->places->items.items[i]);
}

const struct scan_rule rule_split_sp = {
	.id = "split-sp",
	.title = "SP is adjusted in several instructions; a stop between them tears the stack",
	.explanation =
		"A function whose frame is larger than one instruction can add moves the stack pointer in two. "
		"Between them SP is neither at the frame's bottom nor at its top, and Go's own table (pcsp) does "
		"not say so. A goroutine that is preempted there leaves a stack that the garbage collector, copying "
		"and tracebacks read at wrong places: the program dies of it, later and elsewhere "
		"(golang/go#73259).\n"
		"Each function's instructions are followed along all branches; a place is found where what they "
		"make of SP differs from pcsp. Whether the runtime preempts there is decided as the runtime decides "
		"it (isAsyncSafePoint): not in the runtime, in reflect, in assembly, nor where the compiler forbids "
		"it. Such places are notes: only profilers and debuggers, which stop a thread anywhere, meet them.\n"
		"What to do: build with a release that fixes it; functions without calls (leaves) need smaller "
		"frames in every release known.",
	.run = run,
};
