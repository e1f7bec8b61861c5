/* bp_chain.c: a saved frame pointer whose upper half was overwritten. A chain that leaves the goroutine's stack where C called
 * back into Go is no damage: analyzer/frame_chain.c notes it. */
#include "heuristics/detector.h"

#include <inttypes.h>

extern const struct detector detector_bp_chain;

static void report(struct diagnosis *diagnosis, const struct torn_pointer *torn)
{
	struct finding *finding = finding_add(diagnosis, &detector_bp_chain);
	const char *function = go_func_name(torn->at);
	uint64_t id = diagnosis->analysis->runtime->goroutines.items[torn->goroutine].id;

	finding->title = arena_printf(diagnosis->arena, "on the stack of goroutine %" PRIu64 " the upper half of the frame pointer "
				      "that %s saved was overwritten", id, function);
	finding->goroutine = torn->goroutine;
	finding->frame = torn->frame;
	finding->function = function;
	finding->pc = torn->at->pc;
	finding->slot = torn->slot;
	finding->observed = torn->observed;
	finding->repaired = torn->expected;
	finding->has_pc = finding->has_slot = finding->has_observed = finding->has_repaired = true;
	evidence_word(diagnosis, finding, WEIGHT_STRONG, false, torn->slot, hex_text(diagnosis->arena, torn->expected),
		      "the frame pointer that %s saved has the lower half of where the frame above saved its own, and another "
		      "upper half", function);
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, torn->complete ? WEIGHT_STRONG : WEIGHT_FAIR, false,
		     torn->complete ? "the return addresses lead on through that frame, to the start of the goroutine"
				    : "the return addresses lead on through that frame");
}

static void run(struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->analysis->torn_pointers.count; i++)
		report(diagnosis, &diagnosis->analysis->torn_pointers.items[i]);
}

const struct detector detector_bp_chain = {
	.id = "bp-chain",
	.title = "a saved frame pointer on a goroutine's stack has its upper 32 bits overwritten",
	.explanation =
		"Functions that have a frame save the frame pointer of their caller in it, so that these words form a chain up the "
		"stack. One of them does not lead to the frame above, but its lower 32 bits do: somebody wrote 4 bytes into a stack "
		"that was not his, or no longer. Go returns by return addresses and does not need the chain: this alone ends no "
		"process. Profilers, tracers and debuggers that follow it go astray; and what was written here may next time be "
		"written over a return address (torn-return).\n"
		"A chain that leaves the stack altogether where C called back into Go (runtime.cgocallback) is how the runtime "
		"works, and harmless: it is noted, and is no finding.\n"
		"Evidence: the word, beside the place that it must point to; and the return addresses, which lead through the frame "
		"in question. It is never certain: nothing that the CPU did depends on it yet.\n"
		"What to do: as for torn-return: look for whoever keeps the address of a Go variable after the call that it was "
		"passed to. golang/go#77975 writes such words as well.",
	.rank = 5,
	.run = run,
};
