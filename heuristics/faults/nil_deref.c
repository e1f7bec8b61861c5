/* nil_deref.c: a panic that the runtime made of an access through a nil pointer. The CPU faults below the first page that
 * can be mapped (0x1000, sigpanic in runtime/signal_unix.go and signal_windows.go), the handler leaves the place in
 * g.sigpc and the address in g.sigcode1, and sigpanic panics with a runtime.errorString. Or such an access that the runtime was
 * about to make a panic of, in a dump that was taken before its handler ran (a first-chance exception on Windows). */
#include "analyzer/origins/origin.h"
#include "heuristics/faults/memory_access.h"
#include "heuristics/ends/recorded_end.h"
#include "heuristics/faults/nil_doubt.h"

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

/* The address minus the instruction's displacement is what its base register held: nil, or a field's address, which the code
 * had made of nil. */
static void instruction_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct memory_access *access)
{
	const struct fault *fault = &diagnosis->analysis->fault;
	const uint64_t value = fault->address - access->offset;
	const bool sure = !fault_zero_is_doubtful(diagnosis->analysis);
	const char *made = value ? arena_printf(diagnosis->arena, ", which the code had made by adding just that to a pointer: it was "
						"nil") : ": nil";
	struct evidence *evidence =
		evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, sure ? WEIGHT_STRONG : WEIGHT_FAIR, false,
			     "the instruction at 0x%" PRIx64 " %s %u byte%s at offset 0x%" PRIx64 " from %s; it faulted at 0x%" PRIx64
			     ", so %s was 0x%" PRIx64 "%s", fault->pc, access->store ? "writes" : "reads", access->size,
			     access->size == 1 ? "" : "s", access->offset, access->base, fault->address, access->base, value, made);

	evidence->address = fault->pc;
	finding->title = arena_printf(diagnosis->arena, "%s: %s was nil, and the instruction %s %u byte%s at offset 0x%" PRIx64
				      " from it", finding->title, value ? "a pointer" : access->base, access->store ? "wrote" : "read", access->size,
				      access->size == 1 ? "" : "s", fault->address);
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

/* Where the address may have been told for want of a better one, what the code says of the pointer counts. */
static void confirming_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct stack *stack, size_t at,
				const struct memory_access *access)
{
	if (!fault_zero_is_doubtful(diagnosis->analysis))
		return;
	if (nil_is_confirmed(diagnosis->analysis, stack, at, access))
		evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, WEIGHT_STRONG, false,
			     "by the code before it, and what memory holds now, %s was 0", access->base);
	else
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, true,
			     "the dump has no record of the kernel's (NT_SIGINFO): an emulator of the CPU (qemu-user) may have made it, and "
			     "that tells address 0 also of a pointer that the CPU cannot form");
}

/* The finding, with what the CPU and the instruction at the fault say. */
static struct finding *add(struct diagnosis *diagnosis, const struct goroutine *g, const struct stack *stack, size_t at,
			   const struct memory_access *access)
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
	instruction_evidence(diagnosis, finding, access);
	confirming_evidence(diagnosis, finding, stack, at, access);
	return finding;
}

static void report_panic(struct diagnosis *diagnosis, const struct goroutine *g, const struct stack *stack, size_t at,
			 const struct memory_access *access)
{
	struct finding *finding = add(diagnosis, g, stack, at, access);

	state_evidence(diagnosis, finding, g);
	nil_doubt_evidence(diagnosis, finding, stack, at, access);
	evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
		     "on the goroutine's stack runtime.gopanic was called by runtime.sigpanic, and that by the instruction "
		     "at 0x%" PRIx64, stack->frames.items[at].pc);
}

static bool is_zero(struct go_runtime *runtime, uint64_t object, enum layout_field field)
{
	uint32_t value;

	return go_field32(runtime, object, field, &value) && value == 0;
}

/* Whether the runtime makes a panic of a fault on this thread: canpanic (runtime/panic.go). */
static bool can_panic(const struct analysis *analysis, int32_t thread)
{
	static const enum layout_field none[] = {LAYOUT_m_locks, LAYOUT_m_mallocing, LAYOUT_m_throwing, LAYOUT_m_dying};
	const int32_t machine = analysis->thread_machine[thread];

	for (size_t i = 0; machine >= 0 && i < sizeof none / sizeof *none; i++)
		if (!is_zero(analysis->runtime, analysis->runtime->machines.items[machine].address, none[i]))
			return false;
	return machine >= 0;
}

/* The goroutine stands at the instruction that faulted, and the runtime's handler has not run. */
static bool stands_at_fault(const struct analysis *analysis, const struct stack *stack)
{
	const struct frame *frame = stack->frames.items;

	return stack->frames.count && frame->exact && frame->pc == analysis->fault.pc && frame->info->func &&
	       analysis->fault.access != ACCESS_EXECUTE && can_panic(analysis, analysis->fault.thread);
}

static void report_first_chance(struct diagnosis *diagnosis, const struct goroutine *g, const struct stack *stack,
				const struct memory_access *access)
{
	struct finding *finding = add(diagnosis, g, stack, 0, access);
	const uint64_t due = diagnosis->analysis->fault.address - access->offset;
	struct evidence *evidence;
	uint64_t value;

	if (register_at_fault(diagnosis->analysis, access->reg, &value)) {
		evidence = evidence_add(diagnosis, finding, EVIDENCE_REGISTER, WEIGHT_STRONG, value != due, "%s as the CPU stopped",
					access->base);
		evidence->observed = hex_text(diagnosis->arena, value);
		evidence->expected = hex_text(diagnosis->arena, due);
	}
	evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false,
		     "m.locks, m.mallocing, m.throwing and m.dying of its thread are 0: the runtime makes a panic of such a fault");
	if (stack->end == END_COMPLETE)
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
			     "the goroutine stands at the instruction itself, and from there its frames lead to its entry");
}

/* Whether a register, at a frame of the stack, held the sum of nil and what the code adds to a pointer there: the address of a
 * field that is too far away for a displacement. */
static bool is_field_of_nil(struct analysis *analysis, const struct stack *stack, size_t at, uint8_t reg, uint64_t value)
{
	const struct origin *origin = origin_of_register(origins_of(analysis, stack), at, stack->frames.items[at].pc, reg);

	for (; origin->kind == ORIGIN_SUM; origin = origin->base)
		value -= (uint64_t)origin->offset;
	return !value;
}

/* What the access that faulted was, if its pointer was nil. */
static bool is_nil_access(struct analysis *analysis, const struct stack *stack, size_t at, struct memory_access *ret)
{
	const struct fault *fault = &analysis->fault;

	return faulting_access_at(analysis, fault->pc, fault->address, ret) &&
	       (ret->offset == fault->address ||
		is_field_of_nil(analysis, stack, at, ret->reg, fault->address - ret->offset));
}

/* The frame whose instruction sigpanic says faulted; SIZE_MAX: none. The innermost gopanic must be sigpanic's: a panic of a
 * deferred function would come before it. */
static size_t panicked_frame(const struct analysis *analysis, const struct stack *stack)
{
	const struct messages *messages = &analysis->messages;
	size_t gopanic = find_role(stack, ROLE_GOPANIC), sigpanic = find_role(stack, ROLE_SIGPANIC);

	if (analysis->fault.goroutine != messages->goroutine || !messages->panicked ||
	    !is_memory_panic(&messages->panics.items[0]) || gopanic == SIZE_MAX || sigpanic == SIZE_MAX || sigpanic < gopanic ||
	    sigpanic + 1 >= stack->frames.count || stack->frames.items[sigpanic + 1].pc != analysis->fault.pc)
		return SIZE_MAX;
	for (size_t i = gopanic + 1; i < sigpanic; i++)
		if (!is_runtime_frame(&stack->frames.items[i]))
			return SIZE_MAX;
	return sigpanic + 1;
}

/* Of a log: what the runtime said. Without the instruction nobody can tell an offset from nil from another small number, nor, in the
 * runtime's own code, what it was given. */
static void report_recorded(struct diagnosis *diagnosis)
{
	enum { WORD = 8 };
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;
	const struct panic_value *panic = &analysis->messages.panics.items[0];
	struct stack stack = {0};
	struct finding *finding;
	size_t faulted, frame;
	struct memory_access access;
	bool plain, decoded;

	goroutine_stack(analysis, (size_t)fault->goroutine, &stack);
	faulted = find_role(&stack, ROLE_SIGPANIC) != SIZE_MAX ? find_role(&stack, ROLE_SIGPANIC) + 1
							       : panic->frame == 0 ? 0 : (size_t)(panic->frame + 1);
	frame = first_program_frame(&stack, panic->frame < 0 ? 0 : (size_t)panic->frame);
	plain = frame == faulted && fault->address % WORD == 0;
	decoded = frame == faulted && fault->has_pc && faulting_access_at(analysis, fault->pc, fault->address, &access);
	if (decoded && access.offset != fault->address) /* the register held something: whatever it was, it was not nil */
		return;
	finding = finding_add(diagnosis, &detector_nil_deref);
	finding->goroutine = fault->goroutine;
	finding->thread = fault->thread;
	point_at(analysis, finding, &stack, frame);
	finding->title = arena_printf(diagnosis->arena, "goroutine %" PRIu64 " used a nil pointer%s%s%s",
				      analysis->runtime->goroutines.items[fault->goroutine].id, finding->function ? " in " : "",
				      finding->function ? finding->function : "",
				      fault->address ? arena_printf(diagnosis->arena, ": it accessed 0x%" PRIx64, fault->address) : "");
	if (decoded) {
		instruction_evidence(diagnosis, finding, &access);
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_STRONG, false,
			     "the fault that the runtime noted in that goroutine, and printed, was an access to 0x%" PRIx64
			     " by the instruction at 0x%" PRIx64, fault->address, fault->pc);
	}
	evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, plain ? WEIGHT_STRONG : WEIGHT_FAIR, false,
		     "%s at pc 0x%" PRIx64 ", accessing 0x%" PRIx64 ", as the runtime printed it", fault->name, fault->pc, fault->address);
	evidence_add(diagnosis, finding, EVIDENCE_MESSAGE, WEIGHT_FAIR, false, "it made a panic of that: %s",
		     one_line(diagnosis->arena, panic->text));
	recorded_stack_evidence(diagnosis, finding, &stack, frame);
	if (!plain && !decoded)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, true,
			     frame == faulted ? "0x%" PRIx64 " may as well be a pointer that was no nil: only the instruction tells"
					      : "the runtime accessed 0x%" PRIx64 " for that function: the log does not show what it was given",
			     fault->address);
}

/* Linux raises nothing else for an access to the first page: of a SIGBUS no address is told where that is 0. */
static bool is_page_fault(const struct fault *fault)
{
	return !strcmp(fault->name, "SIGSEGV") || !strcmp(fault->name, "EXCEPTION_ACCESS_VIOLATION");
}

/* The pointer was 0: any other small number is no nil, but the sign of a pointer that is none (torn-value, bad-pointer). */
static void run(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;
	const struct goroutine *g;
	struct memory_access access;
	struct stack stack = {0};
	bool panicked;
	size_t at;

	if (!fault->known || !fault->has_pc || !fault->has_address || fault->address >= FIRST_PAGE || fault->goroutine < 0)
		return;
	if (analysis->runtime->recorded) {
		if (analysis->messages.panicked && is_memory_panic(&analysis->messages.panics.items[0]))
			report_recorded(diagnosis);
		return;
	}
	if (!is_page_fault(fault))
		return;
	g = &analysis->runtime->goroutines.items[fault->goroutine];
	goroutine_stack(analysis, (size_t)fault->goroutine, &stack);
	panicked = !stands_at_fault(analysis, &stack);
	at = panicked ? panicked_frame(analysis, &stack) : 0;
	if (at == SIZE_MAX || !is_nil_access(analysis, &stack, at, &access) || nil_is_refuted(analysis, &stack, at, &access))
		return;
	if (panicked)
		report_panic(diagnosis, g, &stack, at, &access);
	else
		report_first_chance(diagnosis, g, &stack, &access);
}

static const char *const supersedes[] = {"go-panic", "unknown-fault", NULL};

const struct detector detector_nil_deref = {
	.id = "nil-deref",
	.title = "a nil pointer was used",
	.explanation = "An instruction accessed memory through a pointer that was nil; the runtime made a panic of the CPU's fault, and "
		       "nothing recovered it, or the dump was taken before it could (a first-chance exception). Evidence: the "
		       "instruction, whose displacement and the address of the fault say what its "
		       "register held: nothing but 0 is nil; g.sigcode1, g.sigpc and the panic that the runtime left; "
		       "runtime.sigpanic on the stack. A fault at 0x1000 or above is none, nor is one whose register held "
		       "another small number, nor one of a register that the code had compared with nil.\n"
		       "What to do: look at the line that the verdict names for a pointer, interface or function that is nil there, "
		       "and at the callers for an error that was not checked.",
	.rank = 45,
	.supersedes = supersedes,
	.run = run,
};
