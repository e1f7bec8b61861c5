/* rank.c: turns evidence into certainty, and orders findings by it. The only place that does.
 *
 * Witnesses are counted by class, since two words that one event wrote are one witness: what the code or the machine says
 * (instruction, exception, message), what memory holds (memory, register), and what follows from walking on (unwind, call
 * site). Certain: a strong witness of each class needed and nothing strong against. Likely: two classes. */
#include "heuristics/verdict/rank.h"
#include "heuristics/verdict/told.h"

#include "base/steps.h"

#include <stdlib.h>
#include <string.h>

static const unsigned classes[] = {
	[EVIDENCE_INSTRUCTION] = CLASS_MACHINE,   [EVIDENCE_EXCEPTION] = CLASS_MACHINE,
	[EVIDENCE_MESSAGE] = CLASS_MACHINE,	  [EVIDENCE_MEMORY] = CLASS_MEMORY,
	[EVIDENCE_REGISTER] = CLASS_MEMORY,	  [EVIDENCE_RUNTIME_STATE] = CLASS_MEMORY,
	[EVIDENCE_PREDICTION] = CLASS_MEMORY,	  [EVIDENCE_CALL_SITE] = CLASS_WALK,
	[EVIDENCE_UNWIND] = CLASS_WALK,		  [EVIDENCE_STACK_BOUNDS] = 0,
	[EVIDENCE_VERSION] = 0,
};

const char *evidence_class_source(enum evidence_class one)
{
	switch (one) {
	case CLASS_MACHINE:
		return "the program's code, the CPU's fault or the runtime's words";
	case CLASS_MEMORY:
		return "words in memory or in registers";
	case CLASS_WALK:
		return "the frames of the stack";
	default:
		return "nothing";
	}
}

static bool is_strong(const struct evidence *evidence)
{
	return evidence->weight >= WEIGHT_STRONG;
}

unsigned strong_classes(const struct finding *finding)
{
	unsigned strong = 0;

	for (size_t i = 0; i < finding->evidence.count; i++)
		if (is_strong(&finding->evidence.items[i]) && !finding->evidence.items[i].against)
			strong |= classes[finding->evidence.items[i].kind];
	return strong;
}

const struct evidence *strong_objection(const struct finding *finding)
{
	for (size_t i = 0; i < finding->evidence.count; i++)
		if (is_strong(&finding->evidence.items[i]) && finding->evidence.items[i].against)
			return &finding->evidence.items[i];
	return NULL;
}

static enum certainty weigh(const struct finding *finding)
{
	int count = __builtin_popcount(strong_classes(finding));
	int against = 0;

	for (size_t i = 0; i < finding->evidence.count; i++)
		against += is_strong(&finding->evidence.items[i]) && finding->evidence.items[i].against;
	if (count == CLASS_COUNT && !against)
		return CERTAINTY_CERTAIN;
	if (count >= 2 && against <= 1)
		return CERTAINTY_LIKELY;
	return CERTAINTY_POSSIBLE;
}

/* Without the only strong witness of its class a finding would not be certain: that one is decisive. */
static void mark_decisive(struct finding *finding)
{
	for (unsigned bit = CLASS_MACHINE; bit <= CLASS_WALK; bit <<= 1) {
		struct evidence *only = NULL;
		int count = 0;

		for (size_t i = 0; i < finding->evidence.count; i++) {
			struct evidence *evidence = &finding->evidence.items[i];

			if (!is_strong(evidence) || evidence->against || classes[evidence->kind] != bit)
				continue;
			only = evidence;
			count++;
		}
		if (count == 1)
			only->weight = WEIGHT_DECISIVE;
	}
}

enum certainty certainty_cap(const struct go_runtime *runtime, const char **why)
{
	*why = "the executable is not the one that ran";
	if (runtime->identity == IDENTITY_MISMATCH)
		return CERTAINTY_POSSIBLE;
	*why = "the analysis was given up before its end: too much work";
	if (steps_used_up())
		return CERTAINTY_POSSIBLE;
	*why = "the program's table of functions is damaged";
	if (runtime->tables_damaged)
		return CERTAINTY_POSSIBLE;
	*why = runtime->identity_because ? arena_printf(runtime->arena, "of the executable, %s", runtime->identity_because)
					 : "this dump has nothing to check the executable against";
	if (runtime->identity == IDENTITY_UNVERIFIED)
		return runtime->named_otherwise ? CERTAINTY_POSSIBLE : CERTAINTY_LIKELY;
	*why = NULL;
	if (runtime->recorded) /* nothing of it rests on layouts */
		return CERTAINTY_CERTAIN;
	*why = "the layout of this Go release's own structures is not known exactly";
	if (runtime->layout_source == LAYOUT_SOURCE_NEAREST || runtime->layout_source == LAYOUT_SOURCE_NONE)
		return CERTAINTY_LIKELY;
	*why = NULL;
	return CERTAINTY_CERTAIN;
}

bool finding_supersedes(const struct finding *cause, const char *id)
{
	const char *const *ids = cause->supersedes ? cause->supersedes : cause->detector->supersedes;

	for (const char *const *other = ids; other && *other; other++)
		if (!strcmp(*other, id))
			return true;
	return false;
}

/* What is only possible explains nothing that is surer. */
static bool may_explain(const struct finding *cause, const struct finding *effect)
{
	return finding_supersedes(cause, effect->detector->id) &&
	       (cause->certainty >= CERTAINTY_LIKELY || cause->certainty >= effect->certainty);
}

/* A cause explains a consequence when its rule says so and both speak of the same goroutine (or thread), or it wrote there. Of two that explain
 * each other, the one holds that says so of this dump, not just by its rule. */
static bool explains(const struct finding *cause, const struct finding *effect)
{
	if (cause == effect || !may_explain(cause, effect) ||
	    (effect->supersedes && !cause->supersedes && may_explain(effect, cause)))
		return false;
	if (effect->has_slot && effect->slot >= cause->overwritten_from && effect->slot < cause->overwritten_to)
		return true;
	return (cause->goroutine >= 0 && cause->goroutine == effect->goroutine) ||
	       (cause->thread >= 0 && cause->thread == effect->thread);
}

static int by_certainty(const void *a, const void *b)
{
	const struct finding *x = a;
	const struct finding *y = b;

	if (x->certainty != y->certainty)
		return x->certainty > y->certainty ? -1 : 1;
	if (x->told != y->told)
		return x->told ? -1 : 1;
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

void rank_findings(struct diagnosis *diagnosis)
{
	const char *why;
	const enum certainty cap = certainty_cap(diagnosis->analysis->runtime, &why);

	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		struct finding *finding = &diagnosis->findings.items[i];

		finding->certainty = weigh(finding);
		if (finding->certainty > cap)
			finding->certainty = cap;
		if (finding->certainty > told_cap(diagnosis->analysis, finding))
			finding->certainty = told_cap(diagnosis->analysis, finding);
	}
	explain_all(diagnosis);
	cap_symptoms(diagnosis);
	sort(diagnosis);
	explain_all(diagnosis); /* indices follow the order */
	for (size_t i = 0; i < diagnosis->findings.count; i++)
		if (diagnosis->findings.items[i].certainty == CERTAINTY_CERTAIN)
			mark_decisive(&diagnosis->findings.items[i]);
}
