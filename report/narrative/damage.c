/* damage.c: tells what happened to a return address that was overwritten: torn-pc, torn-return, smashed-return,
 * bit-flip. */
#include "report/narrative/telling.h"

#include "heuristics/damage/writer.h"

#include <inttypes.h>
#include <string.h>

enum { HALF = 32 };

/* "goroutine 7", or "thread 4711". */
static const char *owner(const struct telling *telling)
{
	const struct finding *finding = telling->finding;

	return finding->goroutine < 0 ? finding_thread(telling, finding) : finding_goroutine(telling, finding);
}

static const char *callee(const struct telling *telling)
{
	const struct damage *damage = telling->finding->damage;

	if (!damage->callee)
		return damage->returned ? "a function" : "generated code";
	return go_func_name(damage->callee);
}

/* The same, once it was spoken of. */
static const char *callee_again(const struct telling *telling)
{
	return telling->finding->damage->callee || !telling->finding->damage->returned ? callee(telling) : "it";
}

/* Whether nothing tells which function returned to which: only where the goroutine began. */
static bool is_of_beginning(const struct telling *telling)
{
	const struct damage *damage = telling->finding->damage;

	return damage->returned && !damage->callee && !damage->caller && telling->finding->function;
}

static const char *caller(const struct telling *telling)
{
	const struct damage *damage = telling->finding->damage;

	if (!damage->caller)
		return "its caller";
	return damage->caller->func ? go_func_name(damage->caller) : "generated code";
}

static const char *upper(const struct telling *telling)
{
	return hex_text(telling->arena, telling->finding->observed >> HALF);
}

/* The finding that says who wrote the word, if one does. */
static const struct finding *writer_of(const struct telling *telling)
{
	const struct diagnosis *diagnosis = telling->diagnosis;

	for (size_t i = 0; i < diagnosis->findings.count; i++) {
		const struct finding *finding = &diagnosis->findings.items[i];

		if (!strcmp(finding->detector->id, "late-kernel-write") && finding->has_slot &&
		    finding->slot == telling->finding->damage->slot && finding->goroutine == telling->finding->goroutine)
			return finding;
	}
	return NULL;
}

static void tell_call(struct telling *telling)
{
	const struct finding *finding = telling->finding;

	tell_paragraph(telling, EXHIBIT_INSTRUCTIONS);
	if (is_of_beginning(telling))
		tell(telling, "%s began in %s. A function that it had called since returned: which one, this dump does not tell.",
		     capital(telling->arena, owner(telling)), finding->function);
	else
		tell(telling, "%s was in %s, which %s had called.", capital(telling->arena, owner(telling)), callee(telling),
		     caller(telling));
	if (finding->has_repaired)
		tell(telling, "The call left the address to return to, %s, on the stack of %s.",
		     hex_text(telling->arena, finding->repaired), owner(telling));
}

/* Who wrote, where what lies around the word says it; false: it does not. */
static bool tell_overrun(struct telling *telling)
{
	const struct overrun *overrun = telling->finding->overrun;
	const char *function;

	if (!overrun || !writer_function(overrun))
		return false;
	function = go_func_name(writer_function(overrun));
	tell_paragraph(telling, EXHIBIT_NONE);
	if (overrun->has_store) {
		tell(telling, "%s is assembly, and its frame is smaller than what it stores there: %u bytes at SP+%s reach the return "
			      "address.", function, overrun->store.size, hex_text(telling->arena, (uint64_t)overrun->store.offset));
		return true;
	}
	tell(telling, "The word is one of a run of %" PRIu32 " words %s, which begins at %s.", overrun->run.words,
	     run_shape_text(overrun->run.shape), hex_text(telling->arena, overrun->run.start));
	if (overrun->presumed && overrun->run.direction == RUN_UPWARDS)
		tell(telling, "That is in the frame of %s, which keeps a variable %s: probably it was written past its end, upwards.", function,
		     overrun->local.address < overrun->run.start ? "below, where memory was used again since" : "above that");
	else if (overrun->run.direction == RUN_UPWARDS)
		tell(telling, "%s keeps a variable there: it was written past its end, upwards.", function);
	else if (overrun->run.direction == RUN_DOWNWARDS)
		tell(telling, "It fills a variable of %s: %sit was written past its beginning, downwards.", function,
		     overrun->presumed ? "probably " : "");
	else
		tell(telling, "It begins in the frame of %s.", function);
	if (overrun->local.passed_to)
		tell(telling, "%s passes the address of that variable to %s.", function, overrun->local.passed_to);
	return true;
}

static void tell_write(struct telling *telling, const struct finding *writer)
{
	const struct finding *finding = telling->finding;
	const char *observed = hex_text(telling->arena, finding->observed);

	tell_paragraph(telling, EXHIBIT_NONE);
	if (finding->damage->kind == DAMAGE_FLIPPED) {
		tell(telling, "One bit of that word is another now: it became %s.", observed);
		tell(telling, "Every other bit is as it was left.");
	} else if (finding->damage->kind == DAMAGE_TORN) {
		tell(telling, "While %s ran, 4 bytes were written over the upper half of that word: it became %s.",
		     callee(telling), observed);
		tell(telling, "The lower half is untouched, which is why it can be put right.");
	} else {
		tell(telling, "While %s ran, its return address was replaced by %s.", callee_again(telling), observed);
	}
	if (tell_overrun(telling))
		return;
	if (!writer) {
		tell(telling, "Nothing in this dump names who wrote there.");
		return;
	}
	tell_paragraph(telling, EXHIBIT_NONE);
	for (size_t i = 0; i < writer->evidence.count; i++)
		if (writer->evidence.items[i].kind == EVIDENCE_INSTRUCTION || writer->evidence.items[i].kind == EVIDENCE_PREDICTION)
			tell(telling, "%s.", capital(telling->arena, writer->evidence.items[i].text));
}

static void tell_landing(struct telling *telling)
{
	const struct fault *fault = &telling->diagnosis->analysis->fault;

	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	if (telling->finding->damage->at_return)
		tell(telling, "When %s was to return, the CPU could not take that word%s.", callee(telling),
		     arch_forms(telling->diagnosis->analysis->image->arch, telling->finding->damage->observed)
			     ? ", though it is an address: it must have been another then"
			     : ": it is no address");
	else
		tell(telling, "When %s returned, the CPU took the word and jumped to %s, where no code is.", callee_again(telling),
		     hex_text(telling->arena, telling->finding->damage->landed));
	if (fault->known)
		tell(telling, "That is the %s.", fault->name);
	if (!telling->finding->overrun)
		tell(telling, "Neither the function that returned nor the one that it returned to did anything wrong.");
}

/* What a function uses lies beside its return address. */
static void tell_faulted(struct telling *telling)
{
	const struct fault *fault = &telling->diagnosis->analysis->fault;

	tell(telling, "Nothing has returned through it: %s faulted before it did, perhaps on what else was written over.", callee(telling));
	if (fault->known)
		tell(telling, "That is the %s.", fault->name);
}

static void tell_not_yet(struct telling *telling)
{
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	if (telling->finding->damage->faulted) {
		tell_faulted(telling);
		return;
	}
	tell(telling, "Nothing has returned through it yet: this did not end the process, but it would have, as soon as %s "
		      "returned.",
	     callee(telling));
}

static void tell_stack(struct telling *telling)
{
	const struct damage *damage = telling->finding->damage;

	if (!damage->repaired || damage->end != END_COMPLETE || !damage->all_calls)
		return;
	tell_paragraph(telling, EXHIBIT_NONE);
	tell(telling, "With the word put right every frame above fits the next, to the start of the goroutine: the rest of the "
		      "stack is sound.");
}

static void damage_actions(struct telling *telling, const struct finding *writer)
{
	const struct damage *damage = telling->finding->damage;
	const bool torn = damage->kind == DAMAGE_TORN;

	tell_known_bugs(telling);
	if (telling->finding->overrun)
		tell_action(telling, "Look in what %s runs for an array or buffer on the stack that is written past its end, through package "
				     "unsafe, assembly or C: the words beside the return address are written over as well.",
			    owner(telling));
	else
		tell_action(telling, "Do not search for the defect in %s: it only returns through a word that others have overwritten.",
			    damage->callee ? callee(telling) : "the function that returned");
	if (writer) {
		tell_confirm(telling, "With a release that fixes it, these crashes must end. In the next dump of the old build the word "
				      "will lie under another function, and hold the same upper half.");
		return;
	}
	tell_action(telling, "Keep this dump, and take the next one with all memory: the goroutine that owned the stack before, "
			     "and what it waits for, say who wrote.");
	tell_for_good(telling, "Look for whoever keeps the address of a Go variable after the call that it was passed to: system calls "
			       "that complete later, C code, package unsafe.");
	tell_confirm(telling, "Compare the next dumps: the same %s (here %s) in return addresses of different functions speaks for "
			      "one writer; different values in one place speak for that place's own code.",
		     torn ? "upper half" : "value",
		     torn ? upper(telling) : hex_text(telling->arena, telling->finding->observed));
	tell_confirm(telling, "Run the tests with -race, with GOEXPERIMENT=cgocheck2 where there is cgo, and C code under "
			      "AddressSanitizer: a report of theirs at this place would name the writer.");
}

/* What to do where the function is known. */
static void overrun_actions(struct telling *telling)
{
	const struct overrun *overrun = telling->finding->overrun;
	const char *function = go_func_name(writer_function(overrun));

	if (overrun->has_store) {
		tell_action(telling, "Make the frame of %s larger in its TEXT line, or its offsets from SP smaller.", function);
		tell_confirm(telling, "tornstack scan EXECUTABLE finds such stores before they crash (rule asm-frame); so does go vet, of "
				      "some.");
		return;
	}
	tell_action(telling, "Read %s: which of its local arrays or buffers is written through package unsafe, assembly or C, and what "
			     "bounds the length.", function);
	tell_confirm(telling, "Build with -gcflags=all=-d=checkptr and run the tests: it checks conversions of package unsafe. What was "
			      "written, and how much of it, must be in the input that the service was given.");
	tell_for_good(telling, "Check the length against the buffer before writing, and use slices where package unsafe is not "
			       "needed: they are checked.");
}

static void tell_damage(struct telling *telling)
{
	const struct finding *writer = writer_of(telling);

	tell_call(telling);
	tell_write(telling, writer);
	if (telling->finding->damage->returned || telling->finding->damage->at_return)
		tell_landing(telling);
	else
		tell_not_yet(telling);
	tell_stack(telling);
	if (telling->finding->overrun && writer_function(telling->finding->overrun))
		overrun_actions(telling);
	else
		damage_actions(telling, writer);
}

/* One bit is a hint at the machine, and never a proof. */
static void flip_actions(struct telling *telling)
{
	tell_action(telling, "Look for memory errors that the host has logged: journalctl -k | grep -iE 'edac|mce|hardware error', "
			     "ras-mc-ctl --errors; of a virtual machine, ask who runs the host.");
	tell_action(telling, "Keep this dump, and start the service on another host if you can: the next crash then says whether it was "
			     "the host.");
	tell_confirm(telling, "Logged errors, or other dumps of the same host with single bits changed at other places, speak for failing "
			      "memory. The same bit at the same place in dumps of other hosts speaks for the program.");
	tell_confirm(telling, "Run the tests with -race, and C code under AddressSanitizer: a report of theirs at this place would name a "
			      "writer, and clear the memory.");
	tell_for_good(telling, "If it is the host: have its memory tested and replaced, and use memory with ECC. If it is the program: look "
			       "for C code, package unsafe and data races that set or clear a flag through a wrong pointer.");
}

void tell_bit_flip(struct telling *telling)
{
	const struct damage *damage = telling->finding->damage;

	if (!damage) {
		tell_flipped_state(telling);
	} else {
		if (damage->returned)
			tell_headline(telling, "%s returned from %s into nothing: one bit of its return address to %s was another.",
				      owner(telling), callee(telling), caller(telling));
		tell_headline(telling, "on the stack of %s one bit of the return address of %s to %s is another than it was.",
			      owner(telling), callee(telling), caller(telling));
		tell_call(telling);
		tell_write(telling, NULL);
		if (damage->returned)
			tell_landing(telling);
		else
			tell_not_yet(telling);
		tell_stack(telling);
	}
	tell_paragraph(telling, EXHIBIT_NONE);
	tell(telling, "Failing memory changes single bits. So does a program that sets or clears a flag through a wrong pointer. This dump "
		      "cannot tell which of them it was.");
	flip_actions(telling);
}

void tell_torn_pc(struct telling *telling)
{
	tell_headline(telling, "%s returned from %s into nothing: the upper half of its return address to %s had been overwritten "
			       "with %s.",
		      owner(telling), callee(telling), caller(telling), upper(telling));
	tell_damage(telling);
}

void tell_torn_return(struct telling *telling)
{
	tell_headline(telling, "on the stack of %s the upper half of %s's return address to %s was overwritten with %s.",
		      owner(telling), callee(telling), caller(telling), upper(telling));
	tell_damage(telling);
}

/* Names the function that is to be looked at. */
static void overrun_headline(struct telling *telling)
{
	const struct overrun *overrun = telling->finding->overrun;
	const struct damage *damage = telling->finding->damage;
	const char *function, *victim = callee(telling);
	const char *ended = damage->returned || damage->at_return ? "which then returned" : "which has not returned yet";

	if (!overrun || !writer_function(overrun))
		return;
	function = go_func_name(writer_function(overrun));
	if (overrun->has_store)
		tell_headline(telling, "%s, in assembly, overwrites %s return address: its frame is too small.", function,
			      overrun->store.callers ? "its caller's" : "its own");
	else if (overrun->run.direction == RUN_UPWARDS)
		tell_headline(telling, "a variable of %s was %swritten past its end, over the return address of %s, %s.", function,
			      overrun->presumed ? "probably " : "", victim, ended);
	else if (overrun->run.direction == RUN_DOWNWARDS)
		tell_headline(telling, "a variable of %s was %swritten past its beginning, downwards, over the return address of %s, %s.",
			      function, overrun->presumed ? "probably " : "", victim, ended);
}

void tell_smashed_return(struct telling *telling)
{
	const char *observed = hex_text(telling->arena, telling->finding->observed);

	overrun_headline(telling);
	if (is_of_beginning(telling))
		tell_headline(telling, "%s, which began in %s, returned into nothing: its return address had been replaced by %s.",
			      owner(telling), telling->finding->function, observed);
	if (telling->finding->damage->returned || telling->finding->damage->at_return)
		tell_headline(telling, "%s returned from %s into nothing: its return address to %s had been replaced by %s.",
			      owner(telling), callee(telling), caller(telling), observed);
	tell_headline(telling, "on the stack of %s the return address of %s to %s was replaced by %s.", owner(telling),
		      callee(telling), caller(telling), observed);
	tell_damage(telling);
}
