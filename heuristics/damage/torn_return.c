/* torn_return.c: a return address on a stack whose upper half was overwritten, and that nothing has returned through yet. */
#include "heuristics/damage/damaged_word.h"

#include <inttypes.h>

extern const struct detector detector_torn_return;

/* A CPU refuses to return to an address that is not canonical: it stops at the RET, the word still above it. */
static const char *const refused[] = {"unwinder-crash", "unknown-fault", "go-fatal", "go-panic", "nil-deref", NULL};

static void refusal_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	const struct fault *fault = &diagnosis->analysis->fault;
	const struct damage *damage = finding->damage;
	struct go_runtime *runtime = diagnosis->analysis->runtime;
	struct insn insn;

	if (!fault->known || !fault->has_pc || !damage->callee || fault->pc != damage->callee->pc ||
	    fault->goroutine != damage->goroutine || !runtime->decoder ||
	    !insn_decode(runtime->decoder, fault->pc, image_view(diagnosis->analysis->image, fault->pc, 16), &insn) ||
	    insn.flow != FLOW_RETURN)
		return;
	evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false,
		     "%s at 0x%" PRIx64 ", the return instruction of %s: the CPU refused this address", fault->name, fault->pc,
		     damage_callee(damage));
	finding->thread = fault->thread;
	finding->supersedes = refused;
}

static void report(struct diagnosis *diagnosis, const struct damage *damage)
{
	struct finding *finding = damage_finding(diagnosis, &detector_torn_return, damage);

	finding->title = arena_printf(diagnosis->arena, "on the stack of %s the upper half of the return address of %s to %s "
				      "was overwritten",
				      damage_owner(diagnosis, damage), damage_callee(damage), damage_caller(damage));
	refusal_evidence(diagnosis, finding);
}

static void run(struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->analysis->damages.count; i++) {
		const struct damage *damage = &diagnosis->analysis->damages.items[i];

		if (damage->kind == DAMAGE_TORN && !damage->returned)
			report(diagnosis, damage);
	}
}

static const char *const supersedes[] = {"unwinder-crash", "heap-damage", NULL};

const struct detector detector_torn_return = {
	.id = "torn-return",
	.title = "a return address on a stack has its upper 32 bits overwritten",
	.explanation =
		"A word that has to be a return address is none, but its lower 32 bits under the upper half of the program's own "
		"code are: just behind a call that can reach the function that will return through it. Somebody wrote 4 bytes into "
		"a stack that was not his, or no longer. Nothing has returned through the word yet: the process died of something "
		"else, or not at all, and would have jumped into nowhere later.\n"
		"Evidence: the word; the call before the repaired address; the frame pointer saved beside it, which must fit the "
		"frame of the repaired caller; and the frames above, which must lead, call by call, to the goroutine's entry.\n"
		"Known cause: on Windows, Go 1.26.0 and 1.26.1 let the kernel write the length of a socket address to the stack of "
		"a goroutine that has moved on (golang/go#77975): see late-kernel-write. Otherwise: C code or package unsafe that "
		"keeps the address of a Go variable.\n"
		"What to do: look at what was written. 0x10 and 0x1c are sizes of socket addresses, other small numbers may be "
		"byte counts: somebody's out-parameter.",
	.corruption = true,
	.rank = 110,
	.supersedes = supersedes,
	.run = run,
};
