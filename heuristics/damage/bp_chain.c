/* bp_chain.c: a saved frame pointer that does not lead to the frame above, and it is known why: its upper half was overwritten, or
 * assembly that was called before clobbers the register. A chain that leaves the goroutine's stack where C called back into Go is
 * no damage: analyzer/unwind/frame_chain.c notes it. */
#include "heuristics/detector.h"

#include "analyzer/unwind/frame_chain.h"

#include <inttypes.h>

enum { WORD = 8 };

extern const struct detector detector_bp_chain;

static const char *const supersedes_walk[] = {"unwinder-crash", NULL};

static void fill(struct finding *finding, const struct wrong_pointer *wrong)
{
	finding->pointer = wrong;
	finding->goroutine = wrong->goroutine;
	finding->frame = wrong->frame;
	finding->function = go_func_name(wrong->at);
	finding->pc = wrong->at->pc;
	finding->slot = wrong->slot;
	finding->observed = wrong->observed;
	finding->repaired = wrong->expected;
	finding->has_pc = finding->has_slot = finding->has_observed = finding->has_repaired = true;
}

static void torn_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct wrong_pointer *wrong, uint64_t id)
{
	finding->title = arena_printf(diagnosis->arena, "on the stack of goroutine %" PRIu64 " the upper half of the frame pointer "
				      "that %s saved was overwritten", id, finding->function);
	evidence_word(diagnosis, finding, WEIGHT_STRONG, false, wrong->slot, hex_text(diagnosis->arena, wrong->expected),
		      "the frame pointer that %s saved has the lower half of where the frame above saved its own, and another "
		      "upper half", finding->function);
}

/* What the assembly leaves in the register proves it when it is known; otherwise any value would do. */
static void clobber_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct wrong_pointer *wrong, uint64_t id)
{
	const struct clobber *clobber = &wrong->clobber;
	const char *culprit = go_func_name(clobber->write), *caller = go_func_name(clobber->call);
	struct evidence *evidence;

	finding->title = arena_printf(diagnosis->arena, "%s, which is assembly, clobbers the frame pointer: %s called it and then, on "
				      "goroutine %" PRIu64 ", %s with a wrong one", culprit, caller, id, finding->function);
	evidence_word(diagnosis, finding, clobber->known ? WEIGHT_STRONG : WEIGHT_FAIR, false, wrong->slot,
		      hex_text(diagnosis->arena, wrong->expected),
		      clobber->known ? "the frame pointer that %s saved is not where %s saved its own, but the constant that %s leaves"
				     : "the frame pointer that %s saved is not where %s saved its own; %s leaves something else there",
		      finding->function, caller, culprit);
	evidence = evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, WEIGHT_STRONG, false,
				"the instruction at 0x%" PRIx64 " of %s changes the frame pointer, and none of it keeps what was there",
				clobber->write->pc, culprit);
	evidence->address = clobber->write->pc;
	evidence = evidence_add(diagnosis, finding, EVIDENCE_CALL_SITE, WEIGHT_FAIR, false,
				"%s calls %s, to return to 0x%" PRIx64, caller, culprit, clobber->call->pc);
	evidence->address = clobber->call->pc;
}

/* The walker reads the return address in the word above where it believes a frame pointer to point (fpTracebackPCs). */
static void death_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct wrong_pointer *wrong)
{
	const struct fault *fault = &diagnosis->analysis->fault;
	const char *walker = frame_chain_walker(diagnosis->analysis);
	struct evidence *evidence;

	if (!walker ||
	    (fault->has_address && fault->address && fault->address != wrong->observed + WORD && fault->address != wrong->observed))
		return;
	finding->supersedes = supersedes_walk;
	evidence = evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false,
				"%s at pc 0x%" PRIx64 " in %s, which follows frame pointers%s%s", fault->name, fault->pc, walker,
				fault->address ? ": it accessed " : "",
				fault->address ? hex_text(diagnosis->arena, fault->address) : "");
	evidence->address = fault->pc;
}

static void report(struct diagnosis *diagnosis, const struct wrong_pointer *wrong)
{
	struct finding *finding = finding_add(diagnosis, &detector_bp_chain);
	const uint64_t id = diagnosis->analysis->runtime->goroutines.items[wrong->goroutine].id;

	fill(finding, wrong);
	if (wrong->torn)
		torn_evidence(diagnosis, finding, wrong, id);
	else
		clobber_evidence(diagnosis, finding, wrong, id);
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, wrong->complete ? WEIGHT_STRONG : WEIGHT_FAIR, false,
		     wrong->complete ? "the return addresses lead on through that frame, to the start of the goroutine"
				     : "the return addresses lead on through that frame");
	death_evidence(diagnosis, finding, wrong);
}

static void run(struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->analysis->wrong_pointers.count; i++)
		report(diagnosis, &diagnosis->analysis->wrong_pointers.items[i]);
}

const struct detector detector_bp_chain = {
	.id = "bp-chain",
	.title = "a saved frame pointer on a goroutine's stack does not lead to the frame above",
	.explanation =
		"Functions that have a frame save the frame pointer of their caller in it, so that these words form a chain up the "
		"stack. One of them does not lead to the frame above. Either its lower 32 bits do: somebody wrote 4 bytes into a stack "
		"that was not his, or no longer, and may next time write them over a return address (torn-return). Or the function "
		"of that frame had called a function in assembly that uses the register and does not put back what was in it.\n"
		"Go returns by return addresses and does not need the chain: this alone ends no process. Profilers, debuggers and "
		"the runtime's own execution tracer, which follow it, go astray or die of it (unwinder-crash, in "
		"runtime.fpTracebackPCs).\n"
		"A chain that leaves the stack altogether where C called back into Go (runtime.cgocallback) is how the runtime "
		"works, and harmless: it is noted, and is no finding.\n"
		"Evidence: the word, beside the place that it must point to; the return addresses, which lead through the frame in "
		"question; the code of the assembly, and the constant that it leaves, if it is one. A word that was overwritten is "
		"never certain unless the process died of it: nothing that the CPU did depends on it yet.\n"
		"What to do: of assembly, save the frame pointer (BP, R29) and restore it, or give the function a frame, and have `go "
		"vet` check it (framepointer). Else as for torn-return: look for whoever keeps the address of a Go variable after the call that it was "
		"passed to. golang/go#77975 writes such words as well.",
	.rank = 5,
	.run = run,
};
