/* system_call_filter.c: a filter of system calls (seccomp) answered one with SIGSYS: which call, and who made it. */
#include "heuristics/detector.h"
#include "heuristics/ends/ordinary_ends.h"
#include "heuristics/faults/memory_access.h"

#include "base/count.h"
#include "base/prefix.h"
#include "formats/dump/signals.h"
#include "formats/cpu/system_calls.h"

#include <inttypes.h>
#include <string.h>

extern const struct detector detector_system_call_filter;

struct call {
	bool known;
	uint32_t number;
	bool foreign;     /* made by the calling convention of another CPU, as 32-bit code does */
	uint64_t address; /* where the kernel noted it, 0: in a register */
};

/* The kernel notes number and CPU in siginfo; where it ended the process without a handler, it put the number back into the
 * register that it was passed in (kernel/seccomp.c, syscall_rollback). */
static void find_call(const struct analysis *analysis, struct call *call)
{
	struct image *image = analysis->image;
	const struct fault *fault = &analysis->fault;
	uint64_t value;
	uint32_t arch;
	const bool kept = register_at_fault(analysis, image->arch->system_call, &value);

	*call = (struct call){0};
	if (fault->siginfo && image_u32(image, fault->siginfo + SIGINFO_SYSCALL, &call->number)) {
		call->known = !kept || call->number == (uint32_t)value; /* else one of the two was overwritten since */
		call->address = fault->siginfo + SIGINFO_SYSCALL;
		call->foreign = image_u32(image, fault->siginfo + SIGINFO_ARCH, &arch) && arch != image->arch->audit;
	} else if (kept) {
		call->known = true;
		call->number = (uint32_t)value;
	}
}

/* "mlock", or its number. */
static const char *call_name(const struct diagnosis *diagnosis, const struct call *call)
{
	const char *name = call->foreign ? NULL : system_call_name(diagnosis->analysis->image->arch, call->number);

	if (!call->known)
		return "a system call";
	return name ? name : arena_printf(diagnosis->arena, "system call %" PRIu32 "%s", call->number,
					  call->foreign ? " of another kind of CPU" : "");
}

/* The innermost function of the program that is not a wrapper of system calls. */
static const char *const wrappers[] = {"syscall.", "golang.org/x/sys/", "internal/", "os.", "net."};

static bool is_wrapper(const char *name)
{
	return prefix_of(name, wrappers, sizeof wrappers / sizeof *wrappers) != NULL;
}

static void point_at_caller(struct analysis *analysis, struct finding *finding)
{
	const struct fault *fault = &analysis->fault;
	struct stack stack = {0};
	size_t frame = 0;

	finding->has_pc = fault->has_pc;
	finding->pc = fault->pc;
	if (fault->goroutine < 0)
		return;
	goroutine_stack(analysis, (size_t)fault->goroutine, &stack);
	frame = first_program_frame(&stack, 0);
	for (size_t next = frame; next < stack.frames.count; next = first_program_frame(&stack, next + 1)) {
		frame = next;
		if (!is_wrapper(program_function(analysis, &stack, next)))
			break;
	}
	if (frame >= stack.frames.count)
		return;
	finding->function = program_function(analysis, &stack, frame);
}

static void kernel_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct call *call)
{
	const struct fault *fault = &diagnosis->analysis->fault;
	const char *name = call_name(diagnosis, call);
	struct evidence *evidence;

	evidence = evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false,
				"SIGSYS with si_code %d (SYS_SECCOMP): a filter of system calls (seccomp) forbids the call", fault->code);
	evidence->address = fault->has_pc ? fault->pc : 0;
	if (call->known && call->address)
		evidence_word(diagnosis, finding, WEIGHT_STRONG, false, call->address, NULL,
			      "the kernel noted the call's number, in the lower four bytes: %" PRIu32 ", %s", call->number, name);
	else if (call->known) /* a number that no call has is none that was called */
		evidence_add(diagnosis, finding, EVIDENCE_REGISTER,
			     system_call_name(diagnosis->analysis->image->arch, call->number) ? WEIGHT_STRONG : WEIGHT_WEAK, false,
			     "the register that a system call's number is passed in holds %" PRIu32 ", %s", call->number, name);
}

static void walk_evidence(struct diagnosis *diagnosis, struct finding *finding)
{
	struct stack stack = {0};

	if (is_whole_stack(diagnosis->analysis, finding, &stack))
		evidence_add(diagnosis, finding, EVIDENCE_UNWIND, WEIGHT_STRONG, false,
			     "the stack that made the call is whole: %s",
			     counted_text(diagnosis->arena, stack_depth(&stack), "frame"));
}

static void run(struct diagnosis *diagnosis)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;
	struct finding *finding;
	struct call call;

	if (!fault->known || strcmp(fault->name, "SIGSYS") || !fault->has_code || fault->code != SIGNAL_CODE_SECCOMP)
		return;
	find_call(analysis, &call);
	finding = finding_add(diagnosis, &detector_system_call_filter);
	finding->thread = fault->thread;
	finding->goroutine = fault->goroutine;
	point_at_caller(analysis, finding);
	finding->title = arena_printf(diagnosis->arena, "%s called %s, which a filter of system calls (seccomp) forbids",
				      finding->function ? finding->function : "the process", call_name(diagnosis, &call));
	kernel_evidence(diagnosis, finding, &call);
	walk_evidence(diagnosis, finding);
}

static const char *const supersedes[] = {"unknown-fault", "go-fatal", "go-panic", "cgo-fault", "external-signal", NULL};

const struct detector detector_system_call_filter = {
	.id = "system-call-filter",
	.title = "a filter of system calls (seccomp) forbade a call",
	.explanation =
		"The process runs under a filter that says which system calls it may make: a container's seccomp profile, "
		"SystemCallFilter= of a systemd unit, or one that it set up itself. It made another, and the filter's answer is to end "
		"it (SIGSYS). Evidence: the signal and its code; the number of the call, which the kernel notes beside the signal or "
		"leaves in its register; the stack that made it.\n"
		"What to do: allow the call, or do without it. New releases of Go and of libraries make new calls.",
	.rank = 57,
	.supersedes = supersedes,
	.run = run,
};
