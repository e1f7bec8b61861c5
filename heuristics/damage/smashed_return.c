/* smashed_return.c: a return address that was replaced, whole or in its lower half; what it was follows from the frame
 * pointer beside it, and from the calls of the function that this leaves. */
#include "heuristics/damage/damaged_word.h"
#include "heuristics/damage/recorded_word.h"
#include "heuristics/damage/writer.h"

#include <inttypes.h>

extern const struct detector detector_smashed_return;

static const char *const explained_crash[] = {"unwinder-crash", "unknown-fault", "go-fatal", "go-panic", "nil-deref",
					      NULL};

/* How it came there, to end the title with; empty: not known. */
static const char *how(struct diagnosis *diagnosis, const struct finding *finding)
{
	const struct overrun *overrun = finding->overrun;
	const struct pc_info *writer = writer_function(overrun);

	if (!overrun)
		return "";
	if (overrun->has_store)
		return arena_printf(diagnosis->arena, " by %s, whose frame is too small for what it stores there",
				    go_func_name(writer));
	if (!writer || overrun->run.direction == RUN_UNKNOWN)
		return arena_printf(diagnosis->arena, " by a run of %" PRIu32 " words %s", overrun->run.words,
				    run_shape_text(overrun->run.shape));
	return arena_printf(diagnosis->arena, " by a run of %" PRIu32 " words %s, which %s%s a variable of %s", overrun->run.words,
			    run_shape_text(overrun->run.shape), overrun->presumed ? "probably " : "",
			    overrun->run.direction == RUN_UPWARDS ? "begins in" : "goes down from", go_func_name(writer));
}

/* The RET itself faulted: the word is no address that the CPU can form. To one that it can it would have jumped. */
static void stopped_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	const struct fault *fault = &diagnosis->analysis->fault;
	const struct damage *damage = finding->damage;
	const bool forms = arch_forms(diagnosis->analysis->image->arch, damage->observed);
	struct evidence *evidence;

	if (!fault->known || !fault->has_pc || go_pc(diagnosis->analysis->runtime, fault->pc, true)->func != damage->callee->func)
		return;
	evidence = evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, forms,
				"%s at 0x%" PRIx64 ", the RET of %s: the word at SP that it was to take, 0x%" PRIx64 ", is %s",
				fault->name, fault->pc, damage_callee(damage), damage->observed,
				forms ? "an address, to which it would have jumped: the word was another then" : "no address");
	evidence->address = fault->pc;
}

/* That it was a RET that jumped, and no call: which one it came from is not known. */
static void taken_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	const struct damage *damage = finding->damage;
	const struct arch *arch = diagnosis->analysis->image->arch;
	uint64_t word;

	if (damage->repaired || damage->by_log)
		return;
	if (arch->link_register)
		evidence_add(diagnosis, finding, EVIDENCE_REGISTER, WEIGHT_STRONG, false,
			     "%s holds that address, too, from which a RET takes it; a call would have left its own return address there",
			     arch->reg_names[arch->lr])->observed = hex_text(diagnosis->arena, damage->observed);
	else if (image_u64(diagnosis->analysis->image, damage->caller_sp, &word) &&
		 !go_return_address(diagnosis->analysis->runtime, word)->func)
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false, damage->caller_sp, NULL,
			      "the word at SP is no return address, as a call that led there would have left: a RET took the word below");
}

static const char *const explained_fault[] = {"unwinder-crash", "unknown-fault", "go-fatal", "go-panic", "nil-deref", "bad-pointer", "torn-value",
					      NULL};

/* The function faulted before it returned: what it used, it had read from what was written over. */
static void faulted_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	const struct damage *damage = finding->damage;

	if (damage->candidates || !damage->faulted)
		return;
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
		     "the CPU stopped in %s at 0x%" PRIx64 ", and by its table its return address lies there", damage_callee(damage),
		     damage->callee->pc)
		->address = damage->callee->pc;
	finding->supersedes = explained_fault;
}

/* Where nothing tells who returned to whom: what the goroutine is. */
static void beginning_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	struct go_runtime *runtime = diagnosis->analysis->runtime;
	const struct damage *damage = finding->damage;
	const struct pc_info *first;

	if (damage->callee || damage->caller || damage->by_log || damage->goroutine < 0)
		return;
	first = go_pc(runtime, runtime->goroutines.items[damage->goroutine].startpc, true);
	if (!first->func)
		return;
	finding->function = go_func_name(first);
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_WEAK, false, "%s began in %s", damage_owner(diagnosis, damage),
		     finding->function);
}

static void report(struct diagnosis *diagnosis, const struct damage *damage)
{
	struct finding *finding = damage_finding(diagnosis, &detector_smashed_return, damage);
	const struct pc_info *writer;

	recorded_complaint_evidence(diagnosis, finding, damage);
	if (!damage->by_log)
		writer_evidence(diagnosis, finding, damage);
	writer = writer_function(finding->overrun);
	if (writer)
		finding->function = go_func_name(writer);
	beginning_evidence(diagnosis, finding);
	if (damage->returned) {
		taken_evidence(diagnosis, finding);
		landing_evidence(diagnosis, finding);
	} else if (damage->at_return) {
		stopped_evidence(diagnosis, finding);
	} else {
		faulted_evidence(diagnosis, finding);
	}
	if (damage->returned || damage->at_return) {
		finding->title = arena_printf(diagnosis->arena, "%s returned%s%s to 0x%" PRIx64 ": its return address to %s was "
					      "overwritten%s", damage_owner(diagnosis, damage), damage->callee ? " from " : "",
					      damage->callee ? damage_callee(damage) : "", damage->observed, damage_caller(damage),
					      how(diagnosis, finding));
		finding->supersedes = explained_crash;
		return;
	}
	finding->title = arena_printf(diagnosis->arena, "on the stack of %s the return address of %s to %s was overwritten "
				      "with 0x%" PRIx64 "%s",
				      damage_owner(diagnosis, damage), damage_callee(damage), damage_caller(damage),
				      damage->observed, how(diagnosis, finding));
}

static void run(struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->analysis->damages.count; i++)
		if (diagnosis->analysis->damages.items[i].kind == DAMAGE_SMASHED)
			report(diagnosis, &diagnosis->analysis->damages.items[i]);
}

static const char *const supersedes[] = {"unwinder-crash", "heap-damage", NULL};

const struct detector detector_smashed_return = {
	.id = "smashed-return",
	.title = "a return address was replaced as a whole",
	.explanation =
		"A word that has to be a return address is none, and no half of it is left of one. The frame pointer saved beside "
		"it still says how large the caller's frame is and who called the caller; where it was overwritten too, the nearest "
		"sound return address above, and the sizes of the frames that must fill the gap, say the same. Of the calls in that "
		"function, those with just that frame, and that can reach the function below, are what the word can have been.\n"
		"Who wrote it: the words around it that are alike are a run; where it begins a function keeps a variable, an array "
		"mostly, which it or a function that it passed the address to wrote past. Of assembly, each store is held against "
		"the size of its frame.\n"
		"Evidence: the word; that just one call fits; and the frames above, which must lead, call by call, to the "
		"goroutine's entry. What the word looks like (a small number, a pointer into a stack, text, a fill pattern) says "
		"who may have written it, and proves nothing.\n"
		"What to do: look at the function that the verdict names; else suspect C code, package unsafe and assembly first, "
		"then out-parameters of system calls.",
	.corruption = true,
	.rank = 105,
	.supersedes = supersedes,
	.run = run,
};
