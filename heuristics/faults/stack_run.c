/* stack_run.c: see stack_run.h. A RET leaves SP just above the word that it took; arm64's took it from the bottom of a frame that
 * lies below SP then, and of such an address the CPU reports no tag. On amd64 a RET faults itself, with SP at the word, if that is no
 * address that can be formed (Intel SDM 1, 3.3.7.1). */
#include "heuristics/faults/stack_run.h"

#include "analyzer/unwind/unwind.h"
#include "analyzer/unwind/word_run.h"
#include "formats/dump/signals.h"
#include "analyzer/last_words/fault_operand.h"

#include <inttypes.h>

enum {
	WORD = 8,
	BELOW = 2048,      /* words below SP that are searched on arm64 for the one that was taken */
	RUN_WORDS = 4,
	ADDRESS_BITS = 48, /* of amd64's four-level page tables; what is formed with five is none with four */
	TAG_BITS = 8,
};

/* SP when the CPU stopped: of the fault's registers, or of the frame that the walk has there. */
static bool fault_sp(struct analysis *analysis, uint64_t *sp)
{
	const struct fault *fault = &analysis->fault;
	struct stack stack = {0};

	if (register_at_fault(analysis, analysis->image->arch->sp, sp))
		return true;
	goroutine_stack(analysis, (size_t)fault->goroutine, &stack);
	for (size_t i = 0; i < stack.frames.count; i++)
		if (stack.frames.items[i].pc == fault->pc) {
			*sp = stack.frames.items[i].sp;
			return true;
		}
	return false;
}

static bool is_address(uint64_t word)
{
	const uint64_t upper = word >> (ADDRESS_BITS - 1);

	return !upper || upper == UINT64_MAX >> (ADDRESS_BITS - 1);
}

static bool find_run(struct analysis *analysis, const struct run_place *place, struct run *ret)
{
	run_find(analysis, place, ret);
	return ret->shape != RUN_NONE && ret->sure && ret->words >= RUN_WORDS;
}

/* The word that the CPU jumped to, on amd64 just below SP, and a run that it is of. The runtime writes it down too, alone. */
static bool find_taken(struct analysis *analysis, uint64_t sp, struct run_place *place, struct run *run)
{
	const bool link = analysis->image->arch->link_register;
	const unsigned ignored = link ? TAG_BITS : 0;
	const uint64_t pc = analysis->fault.pc, reach = (link ? BELOW : 1) * WORD;

	for (place->slot = sp - WORD; place->slot >= place->lo && sp - place->slot <= reach; place->slot -= WORD)
		if (image_u64(analysis->image, place->slot, &place->observed) && !((place->observed ^ pc) << ignored) &&
		    find_run(analysis, place, run))
			return true;
	return false;
}

/* Whether the CPU says of a fault only that an address could not be formed. */
static bool is_unformed(const struct analysis *analysis)
{
	const struct fault *fault = &analysis->fault;

	if (analysis->image->arch->link_register)
		return false;
	return analysis->image->os == OS_WINDOWS ? fault->has_address && fault->address == UINT64_MAX
						  : fault->has_code && fault->code == SIGNAL_CODE_KERNEL;
}

const char *stack_run_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;
	const struct goroutine *g = fault->goroutine < 0 ? NULL : &analysis->runtime->goroutines.items[fault->goroutine];
	struct run_place place = {.live = UINT64_MAX};
	struct run run;
	uint64_t sp;

	if (!g || !fault->has_pc || finding->function || !fault_sp(analysis, &sp) || sp % WORD || sp < g->stack_lo || sp >= g->stack_hi)
		return NULL;
	place.lo = g->stack_lo;
	place.hi = g->stack_hi;
	if (fault->access == ACCESS_EXECUTE && find_taken(analysis, sp, &place, &run)) {
		evidence_word(diagnosis, finding, WEIGHT_FAIR, false, place.slot, NULL,
			      "just below SP is the word that the CPU jumped to, one of a run of %" PRIu32 " words %s, from 0x%" PRIx64
			      " to 0x%" PRIx64 ": a return address was overwritten", run.words, run_shape_text(run.shape), run.start, run.end);
		return arena_printf(diagnosis->arena, "one of a run of %" PRIu32 " words %s on its stack", run.words,
				    run_shape_text(run.shape));
	}
	place.slot = sp;
	if (is_unformed(analysis) && image_u64(analysis->image, sp, &place.observed) && !is_address(place.observed) &&
	    find_run(analysis, &place, &run))
		evidence_word(diagnosis, finding, WEIGHT_FAIR, false, sp, NULL,
			      "at SP is one of a run of %" PRIu32 " words %s, from 0x%" PRIx64 " to 0x%" PRIx64 ": if the instruction, which "
			      "is not here, is a RET, the return address was overwritten", run.words, run_shape_text(run.shape), run.start,
			      run.end);
	return NULL;
}
