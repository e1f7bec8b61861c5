/* verdict.c: one process, one verdict: the first of the ranked findings that no other explains. */
#include "base/steps.h"
#include "heuristics/verdict/rank.h"

#include <inttypes.h>
#include <string.h>

/* Whether a finding says how the process ended, as against damage that may have nothing to do with it. */
static bool describes_end(const struct finding *finding)
{
	if (finding->detector->corruption)
		return finding->detector->symptom || finding_supersedes(finding, "unknown-fault");
	return finding->thread >= 0;
}

static bool is_explained_by(const struct diagnosis *diagnosis, const struct finding *finding, size_t cause)
{
	for (size_t steps = 0; steps < diagnosis->findings.count && finding->explained_by >= 0; steps++) {
		if ((size_t)finding->explained_by == cause)
			return true;
		finding = &diagnosis->findings.items[finding->explained_by];
	}
	return false;
}

static const char *less_sure(struct diagnosis *diagnosis, const struct finding *first, const struct finding *other)
{
	const char *rank = arena_printf(diagnosis->arena, "it is only %s, the verdict is %s", certainty_name(other->certainty),
					certainty_name(first->certainty));
	const struct evidence *objection = strong_objection(other);
	const unsigned missing = strong_classes(first) & ~strong_classes(other);

	if (objection)
		return arena_printf(diagnosis->arena, "%s: against it speaks that %s", rank, objection->text);
	if (missing) /* the lowest bit stands for all */
		return arena_printf(diagnosis->arena, "%s: it lacks strong evidence from %s", rank,
				    evidence_class_source(missing & -missing));
	return rank;
}

static bool is_same_word(const struct finding *first, const struct finding *other)
{
	return first->damage && !other->damage && other->has_slot && other->slot == first->damage->slot;
}

static const char *separation(struct diagnosis *diagnosis, const struct finding *first, const struct finding *other)
{
	if (is_same_word(first, other))
		return "it is no rival: it says who wrote the word that the verdict names";
	if (other->certainty < first->certainty)
		return less_sure(diagnosis, first, other);
	if (first->detector->corruption && !other->detector->corruption)
		return "equally sure; damage found in memory is a deeper cause than the way the process ended";
	if (first->detector == other->detector)
		return "equally sure; the verdict names the lowest goroutine";
	return arena_printf(diagnosis->arena, "equally sure; %s is the more specific rule", first->detector->id);
}

/* What the dump shows of another goroutine, as surely as a verdict may be. */
static bool is_another_trouble(const struct finding *first, const struct finding *other)
{
	return other->certainty >= CERTAINTY_LIKELY && other->detector->corruption && other->goroutine != first->goroutine;
}

static void run_up(struct diagnosis *diagnosis, size_t index)
{
	struct verdict *verdict = &diagnosis->verdict;
	const struct finding *first = &diagnosis->findings.items[verdict->finding];
	const struct finding *other = &diagnosis->findings.items[index];

	vec_push(diagnosis->arena, &verdict->runners_up, (struct runner_up){index, separation(diagnosis, first, other)});
	if ((describes_end(other) && !describes_end(first)) || is_another_trouble(first, other))
		vec_push(diagnosis->arena, &verdict->unexplained, other->title);
}

/* Neither the verdict nor what it explains, nor any other finding, says how the process ended. */
static void note_unexplained_end(struct diagnosis *diagnosis)
{
	const struct image *image = diagnosis->analysis->image;
	const int32_t thread = diagnosis->analysis->dying_thread;

	if (thread < 0)
		return;
	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		const struct finding *finding = &diagnosis->findings.items[i];

		if (describes_end(finding) && (i == diagnosis->verdict.finding || finding->explained_by < 0 ||
					       is_explained_by(diagnosis, finding, diagnosis->verdict.finding)))
			return;
	}
	vec_push(diagnosis->arena, &diagnosis->verdict.unexplained,
		 arena_printf(diagnosis->arena, "how the process ended: %s on %s",
			      image->stop.known ? image->stop.name : "by the runtime", thread_text(diagnosis->analysis, thread)));
}

/* Whether the stack of some goroutine was walked to its end: the first of a few groups. */
static bool has_walked(struct analysis *analysis)
{
	enum { GROUPS_TRIED = 64 };
	struct stack stack = {0};

	for (size_t i = 0; i < analysis->groups.count && i < GROUPS_TRIED; i++) {
		goroutine_stack(analysis, analysis->groups.items[i].first, &stack);
		if (stack.end == END_COMPLETE)
			return true;
	}
	return false;
}

/* Healthy is what was looked at: the dump says that nothing ended the process, it has all memory in which something could have
 * been stuck or damaged, stacks were walked, and the executable is known to be the one that ran, or the process's own memory
 * served for it. */
static bool is_healthy(struct analysis *analysis)
{
	const struct go_runtime *runtime = analysis->runtime;

	return analysis->image->snapshot && !runtime->recorded && !analysis->image->stop.known && analysis->dying_thread < 0 &&
	       image_is_whole(analysis->image) && runtime->presence == PRESENCE_GO && runtime->identity != IDENTITY_MISMATCH &&
	       runtime->identity != IDENTITY_UNVERIFIED && has_walked(analysis) && !steps_used_up();
}

void verdict_give(struct diagnosis *diagnosis)
{
	struct verdict *verdict = &diagnosis->verdict;

	verdict->kind = is_healthy(diagnosis->analysis) ? VERDICT_HEALTHY : VERDICT_UNKNOWN;
	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		if (diagnosis->findings.items[i].explained_by >= 0)
			continue;
		if (verdict->kind == VERDICT_FOUND) {
			run_up(diagnosis, i);
		} else {
			verdict->kind = VERDICT_FOUND;
			verdict->finding = i;
		}
	}
	if (verdict->kind == VERDICT_FOUND)
		note_unexplained_end(diagnosis);
}
