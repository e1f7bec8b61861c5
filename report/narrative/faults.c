/* faults.c: tells of faults that Go's runtime cannot make a panic of: in C, and those that nothing explains. */
#include "report/narrative/advice.h"
#include "report/narrative/telling.h"

#include <string.h>

/* The text of a finding's evidence of that kind and side, the n-th; NULL: there is none. */
static const char *evidence_text(const struct finding *finding, enum evidence_kind kind, size_t n)
{
	for (size_t i = 0; i < finding->evidence.count; i++)
		if (finding->evidence.items[i].kind == kind && !finding->evidence.items[i].against && !n--)
			return finding->evidence.items[i].text;
	return NULL;
}

static void tell_evidence(struct telling *telling, enum evidence_kind kind, size_t n)
{
	const char *text = evidence_text(telling->finding, kind, n);

	if (text)
		tell(telling, "%s.", capital(telling->arena, text));
}

void tell_cgo_fault(struct telling *telling)
{
	const struct finding *finding = telling->finding;
	const bool faulted = telling->diagnosis->analysis->fault.known;
	const bool late = telling->diagnosis->analysis->fault.late;

	tell_headline(telling, "%s.", finding->title);
	tell_paragraph(telling, faulted && !late ? EXHIBIT_INSTRUCTIONS : EXHIBIT_NONE);
	tell_evidence(telling, EVIDENCE_EXCEPTION, 0);
	for (size_t i = 0; evidence_text(finding, EVIDENCE_MESSAGE, i); i++)
		tell_evidence(telling, EVIDENCE_MESSAGE, i);
	tell_evidence(telling, EVIDENCE_INSTRUCTION, 0);
	if (faulted && telling->diagnosis->analysis->fault.has_address)
		tell_evidence(telling, EVIDENCE_RUNTIME_STATE, 0);
	tell_paragraph(telling, EXHIBIT_NONE);
	for (size_t i = 0; evidence_text(finding, EVIDENCE_UNWIND, i); i++)
		tell_evidence(telling, EVIDENCE_UNWIND, i);
	tell_paragraph(telling, EXHIBIT_NONE);
	tell(telling, "Go's runtime cannot make a panic of what happens in C: no deferred function ran, and none can "
	     "stop it.");
	if (late)
		tell(telling, "The access may have been any of that thread since it last entered the kernel, in C or in Go: "
		     "neither its instruction nor its address is told.");
	else if (faulted && !finding->has_slot)
		tell(telling, "The place is where C met a bad address or value, which may have been made bad earlier, "
		     "also by Go code that "
			      "passed it.");
	if (finding->has_slot) {
		tell_evidence(telling, EVIDENCE_MEMORY, 0);
		tell(telling, "Whoever wrote over it wrote past the end of an array or a buffer on the stack, mostly in that very "
			      "function or in one that it had called.");
		tell_action(telling, "Look there for what writes to arrays on the stack, with a length that comes from outside.");
		tell_for_good(telling, "Compile the C code with -fstack-protector-strong and -D_FORTIFY_SOURCE=2: such a write then ends in an "
				       "abort that names the function.");
	}
	tell_action(telling, "Read the frames of C on the thread's stack from the top%s.",
		    finding->goroutine >= 0 ? ", then those of its goroutine, which called it" : "");
	tell_action(telling, "Check what Go passed: memory that was freed or collected meanwhile, a length that does "
		    "not fit, a nil "
			     "pointer, a string without its final zero byte.");
	tell_confirm(telling, "Open the dump in gdb with the symbols of the library (`thread apply all bt`): the "
		     "innermost frames have to be "
			      "those shown here.");
	tell_confirm(telling, "Run the program with its C code under AddressSanitizer (`go build -asan`, C compiled "
		     "with -fsanitize=address): "
			      "it stops where memory is first misused, not where that shows.");
	tell_for_good(telling, "Keep the calls of that C function in one Go package that checks its arguments, and keep "
		      "what C holds on to "
			       "alive (runtime.Pinner, runtime.KeepAlive).");
}

void tell_bad_pointer(struct telling *telling)
{
	const struct finding *finding = telling->finding;

	tell_headline(telling, "%s.", finding->title);
	tell_paragraph(telling, telling->diagnosis->analysis->fault.known ? EXHIBIT_INSTRUCTIONS : EXHIBIT_NONE);
	tell_evidence(telling, EVIDENCE_EXCEPTION, 0);
	tell_evidence(telling, EVIDENCE_INSTRUCTION, 0);
	tell_evidence(telling, EVIDENCE_MESSAGE, 0);
	tell_paragraph(telling, EXHIBIT_NONE);
	for (size_t i = 0; evidence_text(finding, EVIDENCE_MEMORY, i); i++)
		tell_evidence(telling, EVIDENCE_MEMORY, i);
	tell_evidence(telling, EVIDENCE_PREDICTION, 0);
	tell_evidence(telling, EVIDENCE_UNWIND, 0);
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	if (telling->diagnosis->analysis->messages.panicked)
		tell(telling, "The runtime took the address that it was told, 0, for a nil pointer, and made a panic of that.");
	else
		tell(telling, "The runtime cannot make a panic of %s: no deferred function ran.",
		     telling->diagnosis->analysis->fault.known ? "such a fault" : "that");
	tell_known_bugs(telling);
	for (const char *const *what = finding->advice; what && *what; what++)
		tell_action(telling, "%s", *what);
	tell_confirm(telling, "Look at the words named here with gdb (`x/gx`) or Delve (`examinemem`), and at who wrote them.");
	tell_for_good(telling, "Run `go vet`, and the tests with -race and -gcflags=all=-d=checkptr: they stop where a pointer is made that is not good.");
}

/* "torn-pc, torn-return": the rules that evidence says it was not; NULL: none. */
static const char *ruled_out(const struct telling *telling)
{
	const char *list = NULL;

	for (size_t i = 0; i < telling->finding->evidence.count; i++) {
		const char *text = telling->finding->evidence.items[i].text;

		if (strncmp(text, "not ", 4) || !strchr(text, ':'))
			continue;
		text = arena_strndup(telling->arena, text + 4, strcspn(text + 4, ":"));
		list = list ? arena_printf(telling->arena, "%s, %s", list, text) : text;
	}
	return list;
}

void tell_unknown_fault(struct telling *telling)
{
	const struct finding *finding = telling->finding;
	const struct fault *fault = &telling->diagnosis->analysis->fault;
	const char *who = finding->goroutine >= 0 ? finding_goroutine(telling, finding) : finding_thread(telling,
			finding);
	const char *excluded = ruled_out(telling);

	tell_headline(telling, "%s was hit by %s.", who, finding->title);
	tell_paragraph(telling, fault->late ? EXHIBIT_NONE : EXHIBIT_INSTRUCTIONS);
	tell(telling, "On %s: %s.", who, finding->title);
	tell_evidence(telling, EVIDENCE_INSTRUCTION, 0);
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	if (excluded)
		tell(telling, "What it was not, by the rules that were tried: %s. The evidence below says why.",
		     excluded);
	if (finding->certainty < CERTAINTY_LIKELY)
		tell(telling, "This is where the process ended, which need not be where it went wrong.");
	tell_known_bugs(telling);
	advise(telling, fault->known ? fault->name : NULL);
}

/* The parts that faults share which say themselves what was wrong. */
static void tell_plain_fault(struct telling *telling, const char *meaning)
{
	const struct finding *finding = telling->finding;
	const char *who = finding->goroutine >= 0 ? finding_goroutine(telling, finding) : finding_thread(telling, finding);

	tell_headline(telling, "%s.", finding->title);
	tell_headline(telling, "%s.", finding->detector->title);
	tell_paragraph(telling, EXHIBIT_INSTRUCTIONS);
	tell(telling, "On %s: %s.", who, finding->title);
	for (size_t i = 0; i < finding->evidence.count; i++)
		if (finding->evidence.items[i].kind == EVIDENCE_MEMORY || finding->evidence.items[i].kind == EVIDENCE_RUNTIME_STATE)
			tell(telling, "%s.", capital(telling->arena, finding->evidence.items[i].text));
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	tell(telling, "%s", meaning);
	tell_known_bugs(telling);
	advise(telling, finding->title);
}

void tell_mapped_file(struct telling *telling)
{
	tell_plain_fault(telling, "A mapped file is read and written when memory is touched, so that what would be an error of read or "
				  "write is a signal here; Go cannot make an error of it.");
}

void tell_system_call_filter(struct telling *telling)
{
	tell_plain_fault(telling, "A filter of system calls says which calls a process may make, and what happens at others. This one "
				  "ends the process: nothing is damaged, and no call failed by itself.");
}

void tell_signal_stack(struct telling *telling)
{
	const struct finding *finding = telling->finding;

	tell_headline(telling, "%s.", finding->title);
	tell_paragraph(telling, EXHIBIT_NONE);
	tell(telling, "%s.", capital(telling->arena, finding->title));
	for (size_t i = 0; evidence_text(finding, EVIDENCE_UNWIND, i); i++)
		tell_evidence(telling, EVIDENCE_UNWIND, i);
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	tell_evidence(telling, EVIDENCE_EXCEPTION, 0);
	tell_evidence(telling, EVIDENCE_STACK_BOUNDS, 0);
	tell_paragraph(telling, EXHIBIT_NONE);
	tell(telling, "Go's own handlers run on a stack that each thread has for that. Only C code changes it: by sigaction without "
	     "SA_ONSTACK, or by sigaltstack.");
	tell_action(telling, "Find the C code that calls sigaction, signal or sigaltstack: crash reporters, profilers, sanitizers and "
		    "runtimes of other languages do. Take it out until it is mended.");
	tell_for_good(telling, "Let it set SA_ONSTACK for every handler, pass on signals that are not its own, and give its threads "
		      "alternate stacks of 64 KiB or more: sysconf(_SC_MINSIGSTKSZ) says what the CPU needs, MINSIGSTKSZ does not.");
	tell_confirm(telling, "`strace -f -e trace=rt_sigaction,sigaltstack` of a start of the program shows who sets up what: flags "
		     "without SA_ONSTACK, or a small ss_size.");
}
