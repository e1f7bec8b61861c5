/* judge.c: see judge.h. */
#include "tests/accuracy/judge.h"

#include "heuristics/detector.h"
#include "heuristics/hangs/dead_end.h"
#include "heuristics/hangs/stuck.h"

static const char *const state_rules[] = {"g-state", "sp-out-of-bounds", "bit-flip", NULL};

static bool names(const struct finding *finding, const char *const *rules)
{
	for (; *rules; rules++)
		if (!strcmp(finding->detector->id, *rules))
			return true;
	return false;
}

/* Whether a rule is one for what was done to a word. */
static bool rule_fits(const struct finding *finding, const struct mutation *mutation)
{
	static const char *const upper[] = {"torn-return", "torn-pc", "late-kernel-write", NULL};
	static const char *const lower[] = {"smashed-return", NULL};
	static const char *const one_bit[] = {"bit-flip", NULL};
	const uint64_t change = mutation->from ^ mutation->to;

	if (class_is_of_fields(mutation->class))
		return names(finding, state_rules);
	if (mutation->class != UPPER_HALF && __builtin_popcountll(change) == 1 && names(finding, one_bit))
		return true;
	return names(finding, change & UINT32_MAX ? lower : upper);
}

/* A word of a run: what the finding says of it must be so. Which of several damaged words is found first is not held against it. */
static bool is_right_of_run(const struct finding *finding, const struct mutation *mutation)
{
	static const char *const rules[] = {"smashed-return", "bit-flip", "torn-return", "torn-pc", "bp-chain", NULL};
	const uint64_t index = (finding->slot - mutation->start) / 8;

	return names(finding, rules) && finding->has_slot && finding->slot >= mutation->start && index < mutation->count &&
	       (!finding->has_repaired || finding->repaired == mutation->words[index]);
}

/* Whether the finding rests on a word of memory as it now is. */
static bool cites(const struct finding *finding, uint64_t address)
{
	for (size_t i = 0; i < finding->evidence.count; i++)
		if (finding->evidence.items[i].kind == EVIDENCE_MEMORY && !finding->evidence.items[i].against &&
		    finding->evidence.items[i].address == address)
			return true;
	return false;
}

/* No fault in these dumps came of the change. But where what was changed is a word that the code at the fault used, a finding may
 * say so of it; and a word of a g or an m may look like one of a header. */
static bool is_right_of_value(const struct finding *finding, const struct mutation *mutation)
{
	static const char *const rules[] = {"torn-value", "bad-pointer", NULL};

	if (mutation->class == SPAN_FIELD || mutation->class == WAKER_WORD)
		return false;
	return (names(finding, rules) && cites(finding, mutation->address)) ||
	       (names(finding, state_rules) && finding->has_slot && finding->slot == mutation->address);
}

static bool is_right(const struct finding *finding, const struct mutation *mutation)
{
	if (mutation->class == SMASHED_RUN || mutation->class == PRINTED_WORDS)
		return is_right_of_run(finding, mutation);
	if (class_is_of_values(mutation->class))
		return is_right_of_value(finding, mutation);
	if (mutation->class == OTHER_WORD || !rule_fits(finding, mutation))
		return false;
	if (finding->has_slot && finding->slot == mutation->address)
		return !finding->has_repaired || finding->repaired == mutation->from;
	return class_is_of_fields(mutation->class) && finding->goroutine == mutation->goroutine && !finding->has_repaired;
}

/* What is wrong with a pointer by its own bits, or by mappings, is so whatever else is in the dump. */
static bool rests_on_heap(const struct finding *finding)
{
	static const struct {
		const char *name, *advice;
	} kinds[] = {
#define POINTER_KIND(name, ...) {#name, __VA_ARGS__},
#include "heuristics/faults/pointer_kinds.def"
#undef POINTER_KIND
	};
	static const char *const of_heap[] = {"stale", "halves", "heap"};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		for (size_t k = 0; k < sizeof of_heap / sizeof *of_heap; k++)
			if (!strcmp(kinds[i].name, of_heap[k]) && finding->advice && !strcmp(kinds[i].advice, *finding->advice))
				return true;
	return false;
}

static bool has_word(const struct finding *finding, const char *observed)
{
	for (size_t i = 0; i < finding->evidence.count; i++)
		if (finding->evidence.items[i].kind == EVIDENCE_MEMORY && observed && finding->evidence.items[i].observed &&
		    !strcmp(finding->evidence.items[i].observed, observed))
			return true;
	return false;
}

/* The value of the same instruction is blamed, less surely: what leads to its words has changed. */
static bool is_doubted(const struct finding *old, const struct finding *finding)
{
	return finding->certainty < old->certainty;
}

/* The same finding, resting on copies of the same words that lie elsewhere: in the frame, where the variable has changed. */
static bool is_of_copies(const struct finding *old, const struct finding *finding)
{
	for (size_t i = 0; i < finding->evidence.count; i++)
		if (finding->evidence.items[i].kind == EVIDENCE_MEMORY && finding->evidence.items[i].weight >= WEIGHT_STRONG &&
		    !has_word(old, finding->evidence.items[i].observed))
			return false;
	return true;
}

static bool is_same(const struct finding *old, const struct finding *finding)
{
	if (old->detector != finding->detector || old->goroutine != finding->goroutine)
		return false;
	if (old->slot != finding->slot || old->repaired != finding->repaired)
		return !strcmp(finding->detector->id, "torn-value") && old->pc == finding->pc &&
		       (is_doubted(old, finding) || is_of_copies(old, finding));
	return old->heap_part == finding->heap_part && (old->advice == finding->advice || !rests_on_heap(finding));
}

static bool is_new(const struct diagnosis *before, const struct finding *finding)
{
	for (size_t i = 0; i < before->findings.count; i++)
		if (is_same(&before->findings.items[i], finding))
			return false;
	return true;
}

/* Why the process ended is so, whatever was cut off: who finds that again by a changed word is right, if no surer. */
static bool is_of_whole(const struct diagnosis *whole, const struct finding *finding)
{
	for (size_t i = 0; whole && i < whole->findings.count; i++) {
		const struct finding *known = &whole->findings.items[i];

		if (known->detector == finding->detector && known->has_pc && finding->has_pc && known->pc == finding->pc &&
		    finding->certainty <= known->certainty)
			return true;
	}
	return false;
}

static uint8_t rule_index(const struct finding *finding)
{
	uint8_t index = 0;

	while (detectors[index] && detectors[index] != finding->detector)
		index++;
	return index;
}

/* Whether a goroutine is still said to be stuck for ever; if so, by which finding. */
static const struct finding *still_stuck(const struct diagnosis *diagnosis, int32_t goroutine)
{
	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		const struct stuck *stuck = diagnosis->findings.items[i].stuck;
		const struct dead_end *end = stuck ? stuck->end : NULL;

		for (size_t k = 0; end && k < end->member_count; k++)
			if (end->among->items.items[end->members[k]]->goroutine == (size_t)goroutine)
				return &diagnosis->findings.items[i];
	}
	return NULL;
}

static void judge_waker(const struct diagnosis *diagnosis, const struct mutation *mutation, struct outcome *outcome)
{
	const struct finding *finding = still_stuck(diagnosis, mutation->goroutine);

	outcome->found = !finding == mutation->leads;
	if (!finding)
		return;
	if (mutation->leads)
		outcome->wrong_rule = rule_index(finding);
	(mutation->leads ? outcome->wrong : outcome->right)[finding->certainty]++;
}

struct outcome outcome_of(const struct target *target, const struct diagnosis *diagnosis, const struct mutation *mutation)
{
	struct outcome outcome = {.done = true, .rule = NO_RULE, .wrong_rule = NO_RULE};

	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		const struct finding *finding = &diagnosis->findings.items[i];
		const bool right = is_right(finding, mutation);

		/* A changed field may well change how the process seems to have ended; that is not what is measured here. */
		if (!(finding->detector->corruption || class_is_of_values(mutation->class)) || !is_new(target->diagnosis, finding) ||
		    is_of_whole(target->whole, finding))
			continue;
		if (outcome.rule == NO_RULE) {
			outcome.rule = rule_index(finding);
			outcome.certainty = (uint8_t)finding->certainty;
		}
		if (!right && outcome.wrong_rule == NO_RULE) {
			outcome.wrong_rule = rule_index(finding);
			outcome.wrong_slot = finding->slot;
			outcome.wrong_value = finding->repaired;
		}
		outcome.found |= right;
		outcome.repaired |= right && finding->has_repaired && finding->has_slot;
		(right ? outcome.right : outcome.wrong)[finding->certainty]++;
	}
	if (mutation->class == WAKER_WORD)
		judge_waker(diagnosis, mutation, &outcome);
	return outcome;
}
