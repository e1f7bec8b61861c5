/* unknown_fault.c: a fault of the CPU that no other detector explains. */
#include "heuristics/ordinary_ends.h"

#include <inttypes.h>

extern const struct detector detector_unknown_fault;

static void run(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;
	struct finding *finding;
	struct evidence *evidence;
	const struct pc_info *info;

	if (!fault->known || analysis->messages.panicked)
		return;
	info = fault->has_pc ? go_pc(analysis->runtime, fault->pc, true) : NULL;
	finding = finding_add(diagnosis, &detector_unknown_fault);
	finding->thread = fault->thread;
	finding->goroutine = fault->goroutine;
	finding->has_pc = fault->has_pc;
	finding->pc = fault->pc;
	finding->function = info && info->func ? go_func_name(info) : NULL;
	finding->title = arena_printf(diagnosis->arena, "%s%s%s", fault->name, finding->function ? " in " : "",
				      finding->function ? finding->function : "");
	evidence = evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false, "%s%s%s%s%s", fault->name,
				fault->has_pc ? " at pc " : "", fault->has_pc ? hex_text(diagnosis->arena, fault->pc) : "",
				fault->has_address ? ", accessing " : "",
				fault->has_address ? hex_text(diagnosis->arena, fault->address) : "");
	evidence->address = fault->has_pc ? fault->pc : 0;
	evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, true, "nothing in the dump says why");
}

const struct detector detector_unknown_fault = {
	.id = "unknown-fault",
	.title = "a fault of the CPU whose cause is not known",
	.explanation = "The process was ended by a memory or arithmetic fault, and no detector found why. The pc, the address and the "
		       "stack are what there is.",
	.rank = 10,
	.run = run,
};
