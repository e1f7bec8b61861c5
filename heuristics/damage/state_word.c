/* state_word.c: see state_word.h. Two words that contradict each other are one witness, whichever of them is right; that the stack
 * goes on to the goroutine's entry from one value and not from the other is another. */
#include "heuristics/damage/state_word.h"

#include "heuristics/damage/word_shape.h"

#include <inttypes.h>

enum { WORD = 8 };

enum state_kind state_word_kind(const struct state_word *word)
{
	if (word->has_expected && __builtin_popcountll(word->observed ^ word->expected) == 1)
		return STATE_KIND_FLIP;
	return word->outside ? STATE_KIND_OUTSIDE : STATE_KIND_OTHER;
}

/* "goroutine 7", "M 3 (thread 4711)", "a goroutine of the list". */
static const char *owner(const struct diagnosis *diagnosis, const struct state_word *word)
{
	const struct analysis *analysis = diagnosis->analysis;
	const struct machine *m = word->machine >= 0 ? &analysis->runtime->machines.items[word->machine] : NULL;

	if (m && m->thread >= 0)
		return arena_printf(diagnosis->arena, "thread %" PRId64, analysis->image->threads.items[m->thread].id);
	if (m)
		return arena_printf(diagnosis->arena, "the M with the number %" PRId64, m->id);
	if (word->goroutine < 0)
		return "an entry of runtime.allgs";
	return arena_printf(diagnosis->arena, "goroutine %" PRIu64, analysis->runtime->goroutines.items[word->goroutine].id);
}

static void word_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct state_word *word)
{
	const char *expected = word->has_expected ? hex_text(diagnosis->arena, word->expected) : NULL;
	const char *shape = word_shape(diagnosis, word->observed, WORD);

	evidence_word(diagnosis, finding, WEIGHT_STRONG, false, word->address, expected, "%s of %s %s", state_word_name(word),
		      owner(diagnosis, word), state_word_text(word));
	if (word->witness)
		evidence_word(diagnosis, finding, WEIGHT_FAIR, false, word->witness, NULL, "the word that it contradicts");
	if (state_word_kind(word) == STATE_KIND_FLIP)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_WEAK, false,
			     "it differs from what it must be in bit %d alone", __builtin_ctzll(word->observed ^ word->expected));
	else if (shape)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_WEAK, false, "what it holds, 0x%" PRIx64 ", is %s",
			     word->observed, shape);
}

static void bounds_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct state_word *word)
{
	const struct goroutine *g;

	if (!word->outside || word->goroutine < 0)
		return;
	g = &diagnosis->analysis->runtime->goroutines.items[word->goroutine];
	evidence_add(diagnosis, finding, EVIDENCE_STACK_BOUNDS, WEIGHT_FAIR, false,
		     "the goroutine's stack is [0x%" PRIx64 ", 0x%" PRIx64 ")", g->stack_lo, g->stack_hi);
}

static void walk_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct state_word *word)
{
	if (word->walked && word->has_expected)
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
			     "with 0x%" PRIx64 " in its place the frame tables lead through %" PRIu32
			     " frames to the goroutine's entry", word->expected, word->callers);
	else if (word->goroutine >= 0 && !word->has_expected)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, true, "what it was before is not known");
}

struct finding *state_word_finding(struct diagnosis *diagnosis, const struct detector *detector, const struct state_word *word)
{
	struct finding *finding = finding_add(diagnosis, detector);

	finding->title = arena_printf(diagnosis->arena, "%s of %s %s: 0x%" PRIx64, state_word_name(word), owner(diagnosis, word),
				      state_word_text(word), word->observed);
	finding->goroutine = word->goroutine;
	finding->thread = word->machine >= 0 ? diagnosis->analysis->runtime->machines.items[word->machine].thread : -1;
	finding->has_slot = finding->has_observed = true;
	finding->slot = word->address;
	finding->observed = word->observed;
	finding->has_repaired = word->has_expected;
	finding->repaired = word->expected;
	finding->state = word;
	word_evidence(diagnosis, finding, word);
	bounds_evidence(diagnosis, finding, word);
	walk_evidence(diagnosis, finding, word);
	return finding;
}
