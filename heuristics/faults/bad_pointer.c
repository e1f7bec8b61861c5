/* bad_pointer.c: Go code accessed memory, or called a function (bad_call.h), through a pointer that leads to nothing, or to what it must
 * not be used for. The runtime cannot make a panic of that (runtime/signal_unix.go sigpanic, "unexpected fault address"): pointers of
 * Go code that the compiler checked are nil or good. What is wrong with this one is said (pointer_kind.h), and where it came from
 * (analyzer/origins/origin.h). */
#include "heuristics/faults/bad_call.h"
#include "heuristics/faults/fault_cause.h"
#include "heuristics/faults/fault_evidence.h"
#include "heuristics/faults/nil_doubt.h"
#include "heuristics/ends/ordinary_ends.h"
#include "heuristics/faults/pointer_kind.h"
#include "heuristics/faults/stack_word.h"

#include "formats/dump/signals.h"

#include <inttypes.h>
#include <string.h>

extern const struct detector detector_bad_pointer;

enum { FIRST_PAGE = 0x1000, WORD = 8 };

/* ---- the access ---- */

/* The frame of Go code that faulted, on its goroutine's stack. */
static bool find_frame(struct analysis *analysis, struct bad_access *bad)
{
	const struct fault *fault = &analysis->fault;

	goroutine_stack(analysis, (size_t)fault->goroutine, &bad->stack);
	for (size_t i = 0; i < bad->stack.frames.count; i++) {
		const struct frame *frame = &bad->stack.frames.items[i];

		bad->frame = i;
		if (frame->pc == fault->pc && frame->exact && frame->info->func)
			return true;
	}
	return false;
}

static const struct origin *find_origin(struct analysis *analysis, struct bad_access *bad)
{
	const struct origin *origin;

	if (!bad->has_base)
		return NULL;
	origin = origin_of_register(origins_of(analysis, &bad->stack), bad->frame, analysis->fault.pc, bad->access.reg);
	return origin->has_value ? origin : NULL;
}

/* amd64: the kernel has no address to tell. */
static bool is_general_protection(const struct fault *fault)
{
	return fault->has_code && fault->code == SIGNAL_CODE_KERNEL;
}

/* What the register held; where it is lost, what memory holds that it was loaded from. */
static bool find_value(struct analysis *analysis, struct bad_access *bad)
{
	if (!register_at_fault(analysis, bad->access.reg, &bad->pointer)) {
		bad->pointer = bad->origin ? bad->origin->value : 0;
		return bad->origin != NULL;
	}
	if (bad->origin && bad->origin->value != bad->pointer)
		bad->origin = NULL;
	return true;
}

/* The address was the kernel's to tell; of one that the CPU cannot form it tells none, but then the register says it. */
static bool find_pointer(struct analysis *analysis, struct bad_access *bad)
{
	const struct fault *fault = &analysis->fault;

	bad->has_base = faulting_access_at(analysis, fault->pc, fault->address, &bad->access) && bad->access.base;
	bad->origin = find_origin(analysis, bad);
	if (fault->has_address) {
		bad->address = fault->address;
		bad->pointer = bad->has_base ? fault->address - bad->access.offset : fault->address;
		if (bad->origin && bad->origin->value != bad->pointer)
			bad->origin = NULL;
		return true;
	}
	if (!bad->has_base || !find_value(analysis, bad))
		return false;
	bad->address = bad->pointer + bad->access.offset;
	return is_general_protection(fault) && !arch_forms(analysis->image->arch, bad->address);
}

static bool is_memory_fault(const struct fault *fault)
{
	return !strcmp(fault->name, "SIGSEGV") || !strcmp(fault->name, "EXCEPTION_ACCESS_VIOLATION") || is_misaligned(fault);
}

static bool find_access(struct diagnosis *diagnosis, struct bad_access *bad)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;

	if (!fault->known || !fault->has_pc || fault->goroutine < 0 || !is_memory_fault(fault) ||
	    fault->access == ACCESS_EXECUTE || fault->late || is_tag_fault(analysis) || analysis->messages.panicked)
		return false;
	return find_frame(analysis, bad) && find_pointer(analysis, bad) && bad->address >= FIRST_PAGE &&
	       !is_past_stack(diagnosis, bad->address, bad->stack.frames.items[bad->frame].sp);
}

/* ---- evidence ---- */

static void exception_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct bad_access *bad)
{
	const struct fault *fault = &diagnosis->analysis->fault;
	struct evidence *evidence;

	evidence = evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false,
				"%s, accessing 0x%" PRIx64 ", which is %s", fault_text(diagnosis), bad->address,
				address_place(diagnosis, bad->address, 0));
	evidence->address = fault->pc;
	fault_kernel_evidence(diagnosis, finding, WEIGHT_FAIR);
	if (fault->has_address)
		fault_access_evidence(diagnosis, finding);
	else
		evidence_add(diagnosis, finding, EVIDENCE_INSTRUCTION, WEIGHT_FAIR, false,
			     "the instruction forms that address of %s, which by the code before it was 0x%" PRIx64,
			     bad->access.base, bad->pointer);
}

static const char *function_at(const struct bad_access *bad, size_t frame)
{
	return go_func_name(bad->stack.frames.items[frame].info);
}

/* `what` was loaded; `source`: it is the pointer itself, and not what that was loaded through. */
static void load_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct bad_access *bad,
			  const struct origin *step, const char *what, bool source)
{
	const enum weight weight = source ? WEIGHT_STRONG : WEIGHT_WEAK;

	if (step->is_own)
		evidence_word(diagnosis, finding, weight, false, step->address, NULL,
			      "%s was loaded at 0x%" PRIx64 " from a variable in the frame of %s", what, step->pc,
			      function_at(bad, step->frame));
	else
		evidence_word(diagnosis, finding, weight, false, step->address, NULL,
			      "%s was loaded at 0x%" PRIx64 " in %s from 0x%" PRIx64 ", %s", what, step->pc,
			      function_at(bad, step->frame), step->address, address_place(diagnosis, step->address, 0));
}

/* Where the pointer came from, then what it was loaded through. */
static void origin_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct bad_access *bad)
{
	const char *what = "the pointer";
	bool source = true;

	for (const struct origin *step = bad->origin; step; step = origin_before(step)) {
		if (!step->has_address)
			continue;
		load_evidence(diagnosis, finding, bad, step, what, source);
		source = false;
		if (!step->is_own && step->base && step->base->has_value)
			what = arena_printf(diagnosis->arena, "0x%" PRIx64 ", which it was loaded through,", step->base->value);
	}
}

/* ---- a pointer that is lost ---- */

/* What only an address that the CPU cannot form does: a general protection fault of an instruction that accesses a word of memory, and needs
 * no alignment; or an emulator's telling of address 0, where the access has an offset from the pointer, or the code had found that not to
 * be nil. */
static bool cannot_be_formed(struct analysis *analysis, const struct bad_access *bad)
{
	const struct fault *fault = &analysis->fault;
	const struct arch *arch = analysis->image->arch;
	uint64_t held;

	if (register_at_fault(analysis, bad->access.reg, &held)) /* then it is not lost, and was an address */
		return false;
	if (!fault->has_address)
		return is_general_protection(fault) && bad->access.reg != arch->sp && bad->access.size && bad->access.size <= WORD;
	return !fault->address && fault_zero_is_doubtful(analysis) &&
	       (bad->access.offset || nil_is_refuted(analysis, &bad->stack, bad->frame, &bad->access));
}

static bool find_lost(struct diagnosis *diagnosis, struct bad_access *bad)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;

	return fault->known && fault->has_pc && fault->goroutine >= 0 && is_memory_fault(fault) && !fault->late &&
	       !analysis->runtime->recorded && find_frame(analysis, bad) &&
	       faulting_access_at(analysis, fault->pc, 0, &bad->access) && bad->access.base && cannot_be_formed(analysis, bad);
}

static void lost_evidence(struct diagnosis *diagnosis, struct finding *finding, const struct bad_access *bad)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct fault *fault = &analysis->fault;
	struct evidence *evidence;

	evidence = evidence_add(diagnosis, finding, EVIDENCE_EXCEPTION, WEIGHT_STRONG, false, "%s, and the instruction there %s %u byte%s at offset "
				"0x%" PRIx64 " from %s", fault_text(diagnosis), bad->access.store ? "writes" : "reads", bad->access.size,
				bad->access.size == 1 ? "" : "s", bad->access.offset, bad->access.base);
	evidence->address = fault->pc;
	if (!fault->has_address) {
		fault_kernel_evidence(diagnosis, finding, WEIGHT_STRONG);
		return;
	}
	evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_STRONG, false, "the address that was told, 0, is not that of the "
		     "access: %s", bad->access.offset ? "it is made by adding an offset to the pointer"
						       : arena_printf(diagnosis->arena, "on every way to it the code has found that %s "
								      "is not nil", bad->access.base));
	evidence_add(diagnosis, finding, EVIDENCE_RUNTIME_STATE, WEIGHT_FAIR, false,
		     "the dump has no record of the kernel's (NT_SIGINFO): an emulator of the CPU (qemu-user) tells address 0 of one that "
		     "cannot be formed");
}

/* The word that the pointer was is not in the dump any more; that it was none is. */
static bool lost_report(struct diagnosis *diagnosis, struct finding *finding)
{
	static const char *const explains[] = {"unknown-fault", "go-fatal", "go-panic", NULL};
	static const char *const advice[] = {
		"Look at where the pointer was loaded from, and who else writes there: C or assembly that writes past its buffer, package "
		"unsafe, or an object that was freed and used again. Run the C code under AddressSanitizer (go build -asan).", NULL};
	struct analysis *analysis = diagnosis->analysis;
	struct bad_access bad = {0};

	if (!find_lost(diagnosis, &bad))
		return false;
	point_at(analysis, finding, &bad.stack, first_program_frame(&bad.stack, bad.frame));
	lost_evidence(diagnosis, finding, &bad);
	finding->advice = advice;
	finding->supersedes = explains;
	finding->title = arena_printf(diagnosis->arena, "goroutine %" PRIu64 " used a bad pointer%s%s: %s was not nil, and no address that the "
				      "CPU can form; what it held is lost", analysis->runtime->goroutines.items[finding->goroutine].id,
				      finding->function ? " in " : "", finding->function ? finding->function : "", bad.access.base);
	return true;
}

/* ---- the finding ---- */

/* False: what is wrong with it is not known; nothing is added. */
static bool access_report(struct diagnosis *diagnosis, struct finding *finding)
{
	struct analysis *analysis = diagnosis->analysis;
	const struct pointer_kind *kind;
	struct bad_access bad = {0};
	const char *cause;

	if (!find_access(diagnosis, &bad))
		return false;
	kind = pointer_kind_find(diagnosis, &bad, finding, &cause);
	if (!kind)
		return false;
	point_at(analysis, finding, &bad.stack, first_program_frame(&bad.stack, bad.frame));
	exception_evidence(diagnosis, finding, &bad);
	origin_evidence(diagnosis, finding, &bad);
	finding->advice = kind->advice;
	finding->title = arena_printf(diagnosis->arena, "goroutine %" PRIu64 " used a bad pointer%s%s, 0x%" PRIx64 ": %s",
				      analysis->runtime->goroutines.items[finding->goroutine].id,
				      finding->function ? " in " : "", finding->function ? finding->function : "", bad.pointer,
				      cause);
	return true;
}

static void run(struct diagnosis *diagnosis)
{
	static const char *const explains[] = {"unknown-fault", "go-fatal", NULL};
	struct analysis *analysis = diagnosis->analysis;
	struct finding *finding = finding_add(diagnosis, &detector_bad_pointer);

	finding->thread = analysis->fault.thread;
	finding->goroutine = analysis->fault.goroutine;
	if (message_names_fault(analysis))
		finding->supersedes = explains;
	if (!access_report(diagnosis, finding) && !bad_call_report(diagnosis, finding) &&
	    !stack_word_report(diagnosis, finding) && !lost_report(diagnosis, finding))
		diagnosis->findings.count--;
}

static const char *const supersedes[] = {"unknown-fault", NULL};

const struct detector detector_bad_pointer = {
	.id = "bad-pointer",
	.title = "a pointer led to nothing, or to memory that it must not be used for",
	.explanation = "Go code accessed memory through a pointer that was not nil and not good, which package unsafe, cgo, assembly "
		       "or a data race make. What is wrong with it is told by the pointer itself (text, a fill pattern, the halves of "
		       "two addresses, what the CPU cannot form), by the memory that it was read from (freed by the collector), or by "
		       "what it leads to: a block that was unmapped while strings and slices still led into it, address space of the "
		       "heap that was never used, memory that may only be read, or that is closed (PROT_NONE). Some CPUs want a multiple "
		       "of its size as the address of an atomic access. Or it was the address of a function to call, and no code is "
		       "there; or the runtime met it where it copied a stack. Of an address that it cannot form the CPU tells nothing, "
		       "and an emulator of it tells 0: the instruction, and its registers, say what it was, if the dump has them. "
		       "Where it came from is followed back through the instructions and the frames.\n"
		       "What to do: look at where the pointer was made and who owns the memory it leads to; copy what outlives a "
		       "mapping; run go vet and the race detector.",
	.rank = 12,
	.supersedes = supersedes,
	.run = run,
};
