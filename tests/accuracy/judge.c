/* judge.c: see judge.h. */
#include "tests/accuracy/judge.h"

#include "heuristics/detector.h"

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
	static const char *const state[] = {"g-state", "sp-out-of-bounds", "bit-flip", NULL};
	const uint64_t change = mutation->from ^ mutation->to;

	if (mutation->class == RUNTIME_FIELD)
		return names(finding, state);
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

static bool is_right(const struct finding *finding, const struct mutation *mutation)
{
	if (mutation->class == SMASHED_RUN)
		return is_right_of_run(finding, mutation);
	if (mutation->class == OTHER_WORD || !rule_fits(finding, mutation))
		return false;
	if (finding->has_slot && finding->slot == mutation->address)
		return !finding->has_repaired || finding->repaired == mutation->from;
	return mutation->class == RUNTIME_FIELD && finding->goroutine == mutation->goroutine && !finding->has_repaired;
}

static bool is_new(const struct diagnosis *before, const struct finding *finding)
{
	for (size_t i = 0; i < before->findings.count; i++) {
		const struct finding *old = &before->findings.items[i];

		if (old->detector == finding->detector && old->goroutine == finding->goroutine && old->slot == finding->slot &&
		    old->repaired == finding->repaired)
			return false;
	}
	return true;
}

static uint8_t rule_index(const struct finding *finding)
{
	uint8_t index = 0;

	while (detectors[index] && detectors[index] != finding->detector)
		index++;
	return index;
}

struct outcome outcome_of(const struct target *target, const struct diagnosis *diagnosis, const struct mutation *mutation)
{
	struct outcome outcome = {.done = true, .rule = NO_RULE};

	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		const struct finding *finding = &diagnosis->findings.items[i];
		const bool right = is_right(finding, mutation);

		/* A changed field may well change how the process seems to have ended; that is not what is measured here. */
		if (!finding->detector->corruption || !is_new(target->diagnosis, finding))
			continue;
		if (outcome.rule == NO_RULE) {
			outcome.rule = rule_index(finding);
			outcome.certainty = (uint8_t)finding->certainty;
		}
		outcome.found |= right;
		outcome.repaired |= right && finding->has_repaired && finding->has_slot;
		(right ? outcome.right : outcome.wrong)[finding->certainty]++;
	}
	return outcome;
}
