/* rank.c: turns evidence into certainty, and findings into one verdict. The only place that does.
 *
 * Witnesses are counted by class, since two words that one event wrote are one witness: what the code or the machine says
 * (instruction, exception, message), what memory holds (memory, register), and what follows from walking on (unwind, call
 * site). Certain: a strong witness of each class needed and nothing strong against. Likely: two classes. */
#include "heuristics/detector.h"
#include "heuristics/rivals.h"

#include <stdlib.h>
#include <string.h>

enum { CLASS_MACHINE = 1, CLASS_MEMORY = 2, CLASS_WALK = 4 };

static const unsigned classes[] = {
	[EVIDENCE_INSTRUCTION] = CLASS_MACHINE,   [EVIDENCE_EXCEPTION] = CLASS_MACHINE,
	[EVIDENCE_MESSAGE] = CLASS_MACHINE,	  [EVIDENCE_MEMORY] = CLASS_MEMORY,
	[EVIDENCE_REGISTER] = CLASS_MEMORY,	  [EVIDENCE_RUNTIME_STATE] = CLASS_MEMORY,
	[EVIDENCE_PREDICTION] = CLASS_MEMORY,	  [EVIDENCE_CALL_SITE] = CLASS_WALK,
	[EVIDENCE_UNWIND] = CLASS_WALK,		  [EVIDENCE_STACK_BOUNDS] = 0,
	[EVIDENCE_VERSION] = 0,
};

static enum certainty weigh(const struct finding *finding)
{
	unsigned strong = 0;
	unsigned count = 0;
	int against = 0;

	for (size_t i = 0; i < finding->evidence.count; i++) {
		const struct evidence *evidence = &finding->evidence.items[i];

		if (evidence->weight < WEIGHT_STRONG)
			continue;
		if (evidence->against)
			against++;
		else
			strong |= classes[evidence->kind];
	}
	for (unsigned bit = CLASS_MACHINE; bit <= CLASS_WALK; bit <<= 1)
		count += (strong & bit) != 0;
	if (count == 3 && !against)
		return CERTAINTY_CERTAIN;
	if (count >= 2 && against <= 1)
		return CERTAINTY_LIKELY;
	return CERTAINTY_POSSIBLE;
}

/* Nothing is surer than what it was read with. */
static enum certainty cap(const struct go_runtime *runtime)
{
	if (runtime->identity == IDENTITY_MISMATCH)
		return CERTAINTY_POSSIBLE;
	if (runtime->identity == IDENTITY_UNVERIFIED || runtime->layout_source == LAYOUT_SOURCE_NEAREST ||
	    runtime->layout_source == LAYOUT_SOURCE_NONE)
		return CERTAINTY_LIKELY;
	return CERTAINTY_CERTAIN;
}

static bool supersedes(const struct finding *cause, const char *id)
{
	const char *const *ids = cause->supersedes ? cause->supersedes : cause->detector->supersedes;

	for (const char *const *other = ids; other && *other; other++)
		if (!strcmp(*other, id))
			return true;
	return false;
}

/* A cause explains a consequence when its rule says so and both speak of the same goroutine (or thread). */
static bool explains(const struct finding *cause, const struct finding *effect)
{
	if (cause == effect || !supersedes(cause, effect->detector->id))
		return false;
	return (cause->goroutine >= 0 && cause->goroutine == effect->goroutine) ||
	       (cause->thread >= 0 && cause->thread == effect->thread);
}

static int by_certainty(const void *a, const void *b)
{
	const struct finding *x = a;
	const struct finding *y = b;

	if (x->certainty != y->certainty)
		return x->certainty > y->certainty ? -1 : 1;
	if (x->detector->rank != y->detector->rank)
		return x->detector->rank > y->detector->rank ? -1 : 1;
	if (x->goroutine != y->goroutine)
		return x->goroutine < y->goroutine ? -1 : 1;
	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

static void explain_all(struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		struct finding *effect = &diagnosis->findings.items[i];

		effect->explained_by = -1;
		for (size_t j = 0; j < diagnosis->findings.count && effect->explained_by < 0; j++)
			if (explains(&diagnosis->findings.items[j], effect))
				effect->explained_by = (int32_t)j;
	}
}

/* That something is a consequence may be sure; as the last word on a dump it is not. */
static void cap_symptoms(struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		struct finding *finding = &diagnosis->findings.items[i];

		if (finding->detector->symptom && finding->explained_by < 0 && finding->certainty > CERTAINTY_LIKELY)
			finding->certainty = CERTAINTY_LIKELY;
	}
}

static void sort(struct diagnosis *diagnosis)
{
	if (diagnosis->findings.count)
		qsort(diagnosis->findings.items, diagnosis->findings.count, sizeof *diagnosis->findings.items, by_certainty);
}

/* Findings that describe how the process ended, as against damage that may have nothing to do with it. */
static bool describes_end(const struct finding *finding)
{
	return finding->damage ? finding->damage->returned : finding->thread >= 0 && !finding->tear;
}

static const char *separation(struct diagnosis *diagnosis, const struct finding *first, const struct finding *other)
{
	if (other->certainty < first->certainty)
		return arena_printf(diagnosis->arena, "it is only %s, the verdict is %s", certainty_name(other->certainty),
				    certainty_name(first->certainty));
	if (first->detector->corruption && !other->detector->corruption)
		return "damage found in memory is a deeper cause than the way the process ended";
	if (first->detector == other->detector)
		return "equally sure; the verdict names the lowest goroutine";
	return arena_printf(diagnosis->arena, "equally sure; %s is the more specific rule", first->detector->id);
}

static void give_verdict(struct diagnosis *diagnosis)
{
	struct verdict *verdict = &diagnosis->verdict;
	bool found = false;

	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		const struct finding *finding = &diagnosis->findings.items[i];

		if (finding->explained_by >= 0)
			continue;
		if (!found) {
			found = true;
			verdict->finding = i;
			continue;
		}
		vec_push(diagnosis->arena, &verdict->runners_up,
			 (struct runner_up){i, separation(diagnosis, &diagnosis->findings.items[verdict->finding], finding)});
		if (describes_end(finding) && !describes_end(&diagnosis->findings.items[verdict->finding]))
			vec_push(diagnosis->arena, &verdict->unexplained, finding->title);
	}
	verdict->kind = found					    ? VERDICT_FOUND
			: diagnosis->analysis->image->stop.known    ? VERDICT_UNKNOWN
			: diagnosis->analysis->runtime->modules.count ? VERDICT_HEALTHY
								      : VERDICT_UNKNOWN;
}

struct diagnosis *diagnose(struct analysis *analysis)
{
	struct diagnosis *diagnosis = arena_alloc(analysis->arena, sizeof *diagnosis);

	diagnosis->arena = analysis->arena;
	diagnosis->analysis = analysis;
	for (size_t i = 0; detectors[i]; i++)
		detectors[i]->run(diagnosis);
	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		struct finding *finding = &diagnosis->findings.items[i];

		finding->certainty = weigh(finding);
		if (finding->certainty > cap(analysis->runtime))
			finding->certainty = cap(analysis->runtime);
	}
	explain_all(diagnosis);
	cap_symptoms(diagnosis);
	sort(diagnosis);
	explain_all(diagnosis); /* indices follow the order */
	give_verdict(diagnosis);
	rivals_find(diagnosis);
	return diagnosis;
}
