/* nil_deref.c: a panic that the runtime made of an access through a nil pointer. The CPU faults below the first page that
 * can be mapped (0x1000, sigpanic in runtime/signal_unix.go and signal_windows.go), the handler leaves the place in
 * g.sigpc and the address in g.sigcode1, and sigpanic panics with a runtime.errorString. */
#include "heuristics/faults/memory_access.h"
#include "heuristics/ends/ordinary_ends.h"

#include <inttypes.h>
#include <string.h>

extern const struct detector detector_nil_deref;

enum { FIRST_PAGE = 0x1000 };

static const char nil_error[] = "runtime error: invalid memory address or nil pointer dereference";

/* The innermost panic has the words of the runtime's error for such a fault. Its type says nothing: preprintpanics
 * (runtime/panic.go) has made a string of the error. */
static bool is_memory_panic(const struct panic_value *panic)
{
	return panic->text && strstr(panic->text, nil_error) && !panic->recovered && !panic->goexit;
}

/* The address minus the instruction's displacement is what its base register held: nil, or else it speaks against. */
static void instruction_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	const struct fault *fault = &diagnosis->analysis->fault;
	struct memory_access access;
	struct evidence *evidence;
	bool nil;

	if (!memory_access_at(diagnosis->analysis, fault->pc, &access) || !access.base)
		return;
	nil = access.offset == fault->address;
	evidence = evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, WEIGHT_STRONG, !nil,
				"the instruction at 0x%" PRIx64 " %s %u byte%s at offset 0x%" PRIx64 " from %s; it faulted at 0x%" PRIx64
				", so %s was 0x%" PRIx64 "%s", fault->pc, access.store ? "writes" : "reads", access.size,
				access.size == 1 ? "" : "s", access.offset, access.base, fault->address, access.base,
				fault->address - access.offset, nil ? ": nil" : ", not nil");
	evidence->address = fault->pc;
	if (nil)
		finding->title = arena_printf(diagnosis->arena, "%s: %s was nil, and the instruction %s %u byte%s at offset 0x%" PRIx64
					      " from it", finding->title, access.base, access.store ? "wrote" : "read", access.size,
					      access.size == 1 ? "" : "s", fault->address);
}

/* What sighandler left in the g (preparePanic, exceptionhandler), and the panic that sigpanic made of it. */
static void state_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct goroutine *g)
{
	struct go_runtime *runtime = diagnosis->analysis->runtime;
	const struct panic_value *panic = &diagnosis->analysis->messages.panics.items[0];
	struct noted_fault noted;

	if (go_noted_fault(runtime, g->address, &noted) && noted.code1 == diagnosis->analysis->fault.address)
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false,
			      g->address + (uint64_t)runtime->layout->offset[LAYOUT_g_sigcode1], NULL,
			      "g.sigcode1 of goroutine %" PRIu64 " is the address of the fault, below 0x%x", g->id, FIRST_PAGE);
	evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false,
		     "the panic at 0x%" PRIx64 " says: %s", panic->address, panic->text);
}

static void report(struct diagnosis *diagnosis, const struct goroutine *g, const struct stack *stack, size_t at)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;
	struct finding *finding = finding_add(diagnosis, &detector_nil_deref);
	struct evidence *evidence;

	finding->goroutine = fault->goroutine;
	finding->thread = fault->thread;
	point_at(analysis, finding, stack, at);
	finding->title = arena_printf(diagnosis->arena, "goroutine %" PRIu64 " used a nil pointer%s%s", g->id,
				      finding->function ? " in " : "", finding->function ? finding->function : "");
	evidence = evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_FAIR, false,
				"%s at pc 0x%" PRIx64 ", accessing 0x%" PRIx64, fault->name, fault->pc, fault->address);
	evidence->address = fault->pc;
	instruction_evidence(diagnosis, finding);
	state_evidence(diagnosis, finding, g);
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
		     "on the goroutine's stack runtime.gopanic was called by runtime.sigpanic, and that by the instruction "
		     "at 0x%" PRIx64, stack->frames.items[at].pc);
}

/* The innermost gopanic must be sigpanic's: a panic of a deferred function would come before it. */
static void run(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct messages *messages = &analysis->messages;
	const struct fault *fault = &analysis->fault;
	struct stack stack = {0};
	size_t gopanic, sigpanic;

	if (!fault->known || !fault->has_pc || !fault->has_address || fault->address >= FIRST_PAGE || fault->goroutine < 0 ||
	    fault->goroutine != messages->goroutine || !messages->panicked || !is_memory_panic(&messages->panics.items[0]))
		return;
	goroutine_stack(analysis, (size_t)fault->goroutine, &stack);
	gopanic = find_role(&stack, ROLE_GOPANIC);
	sigpanic = find_role(&stack, ROLE_SIGPANIC);
	if (gopanic == SIZE_MAX || sigpanic == SIZE_MAX || sigpanic < gopanic || sigpanic + 1 >= stack.frames.count ||
	    stack.frames.items[sigpanic + 1].pc != fault->pc)
		return;
	for (size_t i = gopanic + 1; i < sigpanic; i++)
		if (!is_runtime_frame(&stack.frames.items[i]))
			return;
	report(diagnosis, &analysis->runtime->goroutines.items[fault->goroutine], &stack, sigpanic + 1);
}

static const char *const supersedes[] = {"go-panic", "unknown-fault", NULL};

const struct detector detector_nil_deref = {
	.id = "nil-deref",
	.title = "a nil pointer was used",
	.explanation = "An instruction accessed memory through a pointer that was nil; the runtime made a panic of the CPU's fault, and "
		       "nothing recovered it. Evidence: the instruction, whose displacement and the address of the fault say what its "
		       "register held; g.sigcode1, g.sigpc and the panic that the runtime left; runtime.sigpanic on the stack. A fault "
		       "at 0x1000 or above is none.\n"
		       "What to do: look at the line that the verdict names for a pointer, interface or function that is nil there, "
		       "and at the callers for an error that was not checked.",
	.rank = 45,
	.supersedes = supersedes,
	.run = run,
};
