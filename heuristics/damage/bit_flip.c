/* bit_flip.c: a word that is one bit away from the only value that it can have: a return address, of which one bit of the lower
 * half changed (one of the upper half is torn-return: a small number over a zero is one bit, too), or a word of the scheduler's
 * state. */
#include "heuristics/damage/damaged_word.h"
#include "heuristics/damage/state_word.h"

#include <inttypes.h>

extern const struct detector detector_bit_flip;

static const char *const explained_crash[] = {"unwinder-crash", "unknown-fault", "go-fatal", "go-panic", "nil-deref",
					      NULL};

static void report_return(struct diagnosis *diagnosis, const struct damage *damage)
{
	struct finding *finding = damage_finding(diagnosis, &detector_bit_flip, damage);
	const int bit = __builtin_ctzll(damage->observed ^ damage->repaired);

	if (damage->returned) {
		finding->title = arena_printf(diagnosis->arena, "%s returned to 0x%" PRIx64 ": one bit (%d) of its return address "
					      "to %s was another", damage_owner(diagnosis, damage), damage->observed, bit,
					      damage_caller(damage));
		landing_evidence(diagnosis, finding);
		finding->supersedes = explained_crash;
		return;
	}
	finding->title = arena_printf(diagnosis->arena, "on the stack of %s one bit (%d) of the return address of %s to %s is "
				      "another", damage_owner(diagnosis, damage), bit, damage_callee(damage),
				      damage_caller(damage));
}

static void run(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;

	for (size_t i = 0; i < analysis->damages.count; i++)
		if (analysis->damages.items[i].kind == DAMAGE_FLIPPED)
			report_return(diagnosis, &analysis->damages.items[i]);
	for (size_t i = 0; i < analysis->state_words.count; i++)
		if (state_word_kind(&analysis->state_words.items[i]) == STATE_KIND_FLIP)
			state_word_finding(diagnosis, &detector_bit_flip, &analysis->state_words.items[i]);
}

static const char *const supersedes[] = {"unwinder-crash", "heap-damage", NULL};

const struct detector detector_bit_flip = {
	.id = "bit-flip",
	.title = "a word is one bit away from the only value that it can have",
	.explanation =
		"A return address, or a word in which the runtime's scheduler keeps its state, cannot be right as it is, and with one "
		"bit changed back it is. Of a return address: the word lies where no code is, or in code but just behind no call that "
		"can lead here; of the words that differ from it by one bit, just one is behind such a call and leads, call by call, "
		"to the goroutine's entry. One bit of a return address' upper half is torn-return, since a small number written over "
		"zero is one bit as well.\n"
		"Evidence: the word; the call before the repaired address; the frame pointer beside it; the frames above. Where the "
		"word as found is behind some other call, that weighs less.\n"
		"One bit is what failing memory changes, and what a program changes that sets or clears a flag through a wrong "
		"pointer: the dump cannot tell them apart. What to do: look for errors that the machine has logged (EDAC, mcelog, "
		"rasdaemon), for other dumps of the same host with single bits changed at other places, and for dumps of other hosts "
		"with the same bit at the same place. The first two speak for the memory, the last for the program: C code, package "
		"unsafe, a data race.",
	.corruption = true,
	.rank = 107,
	.supersedes = supersedes,
	.run = run,
};
