/* smashed_return.c: a return address that was replaced, whole or in its lower half; what it was follows from the frame
 * pointer beside it, and from the calls of the function that this leaves. */
#include "heuristics/damage/damaged_word.h"

#include <inttypes.h>

extern const struct detector detector_smashed_return;

static const char *const explained_crash[] = {"unwinder-crash", "unknown-fault", "go-fatal", "go-panic", "nil-deref",
					      NULL};

static void report(struct diagnosis *diagnosis, const struct damage *damage)
{
	struct finding *finding = damage_finding(diagnosis, &detector_smashed_return, damage);

	if (damage->returned) {
		finding->title = arena_printf(diagnosis->arena, "%s returned to 0x%" PRIx64 ": its return address to %s was "
					      "replaced", damage_owner(diagnosis, damage), damage->observed,
					      damage_caller(damage));
		landing_evidence(diagnosis, finding);
		finding->supersedes = explained_crash;
		return;
	}
	finding->title = arena_printf(diagnosis->arena, "on the stack of %s the return address of %s to %s was replaced by "
				      "0x%" PRIx64,
				      damage_owner(diagnosis, damage), damage_callee(damage), damage_caller(damage),
				      damage->observed);
}

static void run(struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->analysis->damages.count; i++)
		if (diagnosis->analysis->damages.items[i].kind == DAMAGE_SMASHED)
			report(diagnosis, &diagnosis->analysis->damages.items[i]);
}

static const char *const supersedes[] = {"unwinder-crash", NULL};

const struct detector detector_smashed_return = {
	.id = "smashed-return",
	.title = "a return address was replaced as a whole",
	.explanation =
		"A word that has to be a return address is none, and no half of it is left of one. The frame pointer saved beside "
		"it still says how large the caller's frame is and who called the caller; of the calls in that function, those "
		"with just that frame, and that can reach the function below, are what the word can have been.\n"
		"Evidence: the word; that just one call fits; and the frames above, which must lead, call by call, to the "
		"goroutine's entry. What the word looks like (a small number, a pointer into a stack, text, a fill pattern) says "
		"who may have written it, and proves nothing.\n"
		"What to do: suspect C code and package unsafe first, then out-parameters of system calls.",
	.corruption = true,
	.rank = 105,
	.supersedes = supersedes,
	.run = run,
};
