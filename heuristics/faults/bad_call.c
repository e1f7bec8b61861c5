/* bad_call.c: see bad_call.h. Compiled code calls by an address from memory where it calls a func value (its first word) or a method of
 * an interface (a word of its table); both are read-only in a sound program, or made by it at run time (reflect). sighandler makes
 * the call itself the caller of sigpanic (shouldPushSigpanic, runtime/signal_unix.go). */
#include "heuristics/faults/bad_call.h"

#include "analyzer/origins/origin.h"
#include "heuristics/ends/ordinary_ends.h"
#include "heuristics/faults/address_place.h"
#include "heuristics/faults/fault_evidence.h"

#include <inttypes.h>

enum { INSN_BYTES = 16 };

struct bad_call {
	struct stack stack; /* of the goroutine */
	size_t frame;       /* that called */
	struct origins *origins;
	struct insn insn;   /* the call */
};

/* The frame, whose pc is what the call returns to, though a fault came from there. */
static bool find_call(struct analysis *analysis, struct bad_call *call)
{
	struct decoder *decoder = analysis->runtime->decoder;
	uint64_t pc;

	call->stack.frames.items[call->frame].exact = false;
	call->origins = origins_of(analysis, &call->stack);
	pc = origin_call(call->origins, call->frame);
	return pc && decoder && insn_decode(decoder, pc, image_view(analysis->image, pc, INSN_BYTES), &call->insn) &&
	       call->insn.flow == FLOW_INDIRECT_CALL;
}

static bool find(struct analysis *analysis, struct bad_call *call)
{
	const struct fault *fault = &analysis->fault;
	size_t sigpanic;

	if (!fault->known || !fault->has_pc || fault->goroutine < 0 || fault->access != ACCESS_EXECUTE ||
	    analysis->messages.panicked || analysis->runtime->recorded || go_pc(analysis->runtime, fault->pc, true)->func)
		return false;
	goroutine_stack(analysis, (size_t)fault->goroutine, &call->stack);
	sigpanic = find_role(&call->stack, ROLE_SIGPANIC);
	if (sigpanic == SIZE_MAX || sigpanic + 1 >= call->stack.frames.count)
		return false;
	call->frame = sigpanic + 1;
	return call->stack.frames.items[call->frame].pc != fault->pc && find_call(analysis, call);
}

/* The word that the address was loaded from, if it still has it. */
static void origin_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct bad_call *call)
{
	const uint64_t target = diagnosis->analysis->fault.pc;
	const struct origin *origin;

	if (call->insn.through == REG_NONE)
		return;
	origin = origin_of_register(call->origins, call->frame, call->insn.address, call->insn.through);
	if (origin->kind == ORIGIN_MEMORY && origin->has_address && origin->has_value && origin->value == target)
		evidence_word(diagnosis, finding, WEIGHT_FAIR, false, origin->address, NULL,
			      "it was loaded at 0x%" PRIx64 " from 0x%" PRIx64 ", %s", origin->pc, origin->address,
			      address_place(diagnosis, origin->address, 0));
}

static void call_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct bad_call *call)
{
	struct analysis *analysis = diagnosis->analysis;
	struct evidence *evidence;

	evidence = evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false, "%s, jumping to it: it is %s",
				fault_text(diagnosis), address_place(diagnosis, analysis->fault.pc, 0));
	evidence->address = analysis->fault.pc;
	fault_kernel_evidence(diagnosis, finding, WEIGHT_FAIR);
	evidence = evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, WEIGHT_STRONG, false,
				"the instruction at 0x%" PRIx64 " in %s is a call by an address in %s: of a func value, or of a method of an "
				"interface", call->insn.address, go_func_name(call->stack.frames.items[call->frame].info),
				call->insn.through == REG_NONE ? "memory" : analysis->image->arch->reg_names[call->insn.through]);
	evidence->address = call->insn.address;
	origin_evidence(diagnosis, finding, call);
	if (call->stack.end == END_COMPLETE)
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
			     "runtime.sigpanic was called as from that call, and the frames lead from there to the goroutine's entry");
}

bool bad_call_report(struct diagnosis *diagnosis, struct finding *finding)
{
	static const char *const advice[] = {
		"Look at where that function, or the interface that it is a method of, comes from: a data race on a variable that holds it (its "
		"two words are of two values), package unsafe, C that was given its address, or a plugin or generated code that is gone.",
		NULL};
	struct analysis *analysis = diagnosis->analysis;
	struct bad_call call = {0};

	if (!find(analysis, &call))
		return false;
	point_at(analysis, finding, &call.stack, first_program_frame(&call.stack, call.frame));
	call_evidence(diagnosis, finding, &call);
	finding->advice = advice;
	finding->title = arena_printf(diagnosis->arena, "goroutine %" PRIu64 " called a function%s%s by the address 0x%" PRIx64
				      ", where no code is", analysis->runtime->goroutines.items[finding->goroutine].id,
				      finding->function ? " in " : "", finding->function ? finding->function : "", analysis->fault.pc);
	return true;
}
