/* unknown_fault.c: a fault of the CPU that no other detector explains. What the dump shows of it is said: the instruction, what
 * it accessed, what the kernel says; and what it was not. A few kinds explain themselves (fault_cause.h). */
#include "heuristics/faults/address_place.h"
#include "heuristics/faults/fault_cause.h"
#include "heuristics/faults/fault_evidence.h"
#include "heuristics/faults/memory_access.h"
#include "heuristics/faults/stack_run.h"
#include "heuristics/ends/ordinary_ends.h"

#include "analyzer/unwind/unwind.h"
#include "formats/unwind/libraries.h"

#include <inttypes.h>
#include <string.h>

extern const struct detector detector_unknown_fault;

enum { FIRST_PAGE = 0x1000 };

static const struct {
	const char *rule;
	enum evidence_kind kind;
	const char *text;
} ruled_out[] = {
#define RULED_OUT(rule, kind, text) {rule, kind, text},
#include "heuristics/faults/ruled_out.def"
#undef RULED_OUT
};

/* The function at a pc; NULL: unknown. */
static const char *function_at(const struct analysis *analysis, uint64_t pc)
{
	const struct pc_info *info = go_pc(analysis->runtime, pc, true);

	if (info->func)
		return go_func_name(info);
	return libraries_generated(analysis->image->libraries, pc) ? "generated code" : NULL;
}

/* SP when it faulted; 0: unknown. */
static uint64_t stack_pointer(const struct analysis *analysis)
{
	uint64_t sp;

	return register_at_fault(analysis, analysis->image->arch->sp, &sp) ? sp : 0;
}

static bool is_found(const struct diagnosis *diagnosis, const char *rule, const struct finding *fault)
{
	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		const struct finding *finding = &diagnosis->findings.items[i];

		if (!strcmp(finding->detector->id, rule) && (finding->thread == fault->thread ||
							     finding->goroutine == fault->goroutine))
			return true;
	}
	return false;
}

/* Whether its stack was walked to its end, so that what was not found on it is not there. */
static bool is_walked(struct analysis *analysis, const struct finding *finding)
{
	struct stack stack = {0};

	if (finding->goroutine >= 0)
		goroutine_stack(analysis, (size_t)finding->goroutine, &stack);
	else if (finding->thread >= 0)
		thread_stack(analysis, (size_t)finding->thread, &stack);
	else
		return false;
	return stack.end == END_COMPLETE || stack.end == END_STACK_SWITCH;
}

static void ruled_out_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;

	if (analysis->runtime->recorded) /* what a log shows rules nothing out */
		return;
	if (!is_walked(analysis, finding)) {
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_FAIR, false,
			     "its stack could not be walked to its end, so that damage on it is not ruled out");
		return;
	}
	for (size_t i = 0; finding->function && i < sizeof ruled_out / sizeof *ruled_out; i++)
		if (!is_found(diagnosis, ruled_out[i].rule, finding))
			evidence_add(diagnosis, finding, ruled_out[i].kind, WEIGHT_FAIR, false, "not %s: %s",
				     ruled_out[i].rule,
				     ruled_out[i].text);
	if (fault->has_address && fault->address >= FIRST_PAGE)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false,
			     "not nil-deref: 0x%" PRIx64 " is no offset that the runtime takes for one from nil",
			     fault->address);
}

static const char *access_text(enum fault_access access)
{
	switch (access) {
	case ACCESS_READ:
		return "reading";
	case ACCESS_WRITE:
		return "writing to";
	case ACCESS_EXECUTE:
		return "jumping to";
	default:
		return "at";
	}
}

/* `run`: what the address is, if it is a word of a run on the stack; else NULL. */
static const char *title(struct diagnosis *diagnosis, const struct finding *finding, const char *cause, const char *run)
{
	const struct fault *fault = &diagnosis->analysis->fault;
	const char *at = fault->name;
	const char *place;

	if (finding->function)
		at = arena_printf(diagnosis->arena, fault->late ? "%s, told in %s" : "%s in %s", at, finding->function);
	if (cause)
		return arena_printf(diagnosis->arena, "%s: %s", at, cause);
	if (!fault->has_address)
		return at;
	place = run ? run : address_place(diagnosis, fault->address, stack_pointer(diagnosis->analysis));
	return arena_printf(diagnosis->arena, "%s, %s address 0x%" PRIx64 ", which is %s", at,
			    access_text(fault->access), fault->address, place);
}

/* "SIGSEGV at pc 0x…, accessing 0x…: cause" */
static void exception_evidence(struct diagnosis *diagnosis, struct finding *finding, const char *cause)
{
	const struct fault *fault = &diagnosis->analysis->fault;
	struct evidence *evidence;
	const char *text = fault_text(diagnosis);

	if (fault->has_address)
		text = arena_printf(diagnosis->arena, "%s, accessing 0x%" PRIx64, text, fault->address);
	evidence = evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false, "%s%s%s", text,
				cause ? ": " : "", cause ? cause : "");
	evidence->address = fault->has_pc ? fault->pc : 0;
}

static void run(struct diagnosis *diagnosis)
{
	static const char *const explains[] = {"go-fatal", NULL};
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;
	struct finding *finding;
	const char *cause;

	if (!fault->known || analysis->messages.panicked)
		return;
	cause = fault_cause(diagnosis);
	finding = finding_add(diagnosis, &detector_unknown_fault);
	finding->thread = fault->thread;
	finding->goroutine = fault->goroutine;
	finding->has_pc = fault->has_pc;
	finding->pc = fault->pc;
	finding->function = fault->has_pc ? function_at(analysis, fault->pc) : NULL;
	if (message_names_fault(analysis))
		finding->supersedes = explains;
	exception_evidence(diagnosis, finding, cause);
	finding->title = title(diagnosis, finding, cause, is_found(diagnosis, "smashed-return", finding) ? NULL :
			       stack_run_evidence(diagnosis, finding));
	fault_kernel_evidence(diagnosis, finding, cause ? WEIGHT_STRONG : WEIGHT_FAIR);
	if (fault->has_address)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false,
			     "address 0x%" PRIx64 " is %s", fault->address,
			     address_place(diagnosis, fault->address, stack_pointer(analysis)));
	fault_access_evidence(diagnosis, finding);
	fault_tag_evidence(diagnosis, finding);
	ruled_out_evidence(diagnosis, finding);
	if (!cause)
		evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, true,
			     "nothing in the dump says why");
}

const struct detector detector_unknown_fault = {
	.id = "unknown-fault",
	.title = "a fault of the CPU whose cause is not known",
	.explanation = "The process was ended by a fault that no other rule explains. What the dump shows is said: "
		       "the instruction, the address and what lies there, what the kernel said of it, and what it "
		       "was not. Some faults say themselves what was wrong: an instruction that the CPU does not "
		       "have (SIGILL), memory that is broken (SIGBUS), a write to constants of the program (SIGSEGV); then "
		       "it is likely, else only possible.\n"
		       "What to do: see where the bad address or value came from; suspect package unsafe, assembly, "
		       "cgo and data races (go build -race, go vet), then the memory of the machine if faults "
		       "differ from time to time.",
	.rank = 10,
	.run = run,
};
