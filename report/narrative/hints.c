/* hints.c: tells of what ends no process by itself: bp-chain, pdata-unsorted. */
#include "report/narrative/telling.h"

/* Assembly that clobbers the register, and who then followed it. */
static void tell_clobber(struct telling *telling)
{
	const struct finding *finding = telling->finding;
	const struct clobber *clobber = &finding->pointer->clobber;
	const struct finding *walker = finding_of_rule(telling->diagnosis, "unwinder-crash", finding);
	const char *culprit = go_func_name(clobber->write), *caller = go_func_name(clobber->call);
	const char *goroutine = finding_goroutine(telling, finding);

	tell_headline(telling, "%s, which is assembly, clobbers the frame pointer%s.", culprit,
		      walker ? ", and the runtime died when it followed it" : "");
	tell_paragraph(telling, EXHIBIT_NONE);
	tell(telling, "%s was in %s, which called %s.", capital(telling->arena, goroutine), caller, culprit);
	tell(telling, "The instruction at %s of %s puts something else into the frame-pointer register, and does not put back what its "
		      "caller had there.", hex_text(telling->arena, clobber->write->pc), culprit);
	tell(telling, "So the next function, %s, saved %s as the frame pointer of its caller.", finding->function,
	     hex_text(telling->arena, finding->observed));
	tell(telling, "It should have been %s.", hex_text(telling->arena, finding->repaired));
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	if (walker)
		tell(telling, "%s then followed the frame pointers of %s, as execution traces and some profiles do, to that address, where "
			      "nothing is. It did nothing wrong.",
		     capital(telling->arena, finding_thread(telling, walker)), goroutine);
	else
		tell(telling, "Go does not return by this word: it ends no process. Whoever follows frame pointers goes astray there: the "
			      "execution tracer, profilers, debuggers.");
	tell_action(telling, "%sDo not trust profiles that follow frame pointers through %s.",
		    walker ? "Turn off execution traces (runtime/trace, GODEBUG=tracefpunwindoff=1 goes on without frame pointers). " : "",
		    goroutine);
	tell_confirm(telling, "Disassemble %s (go tool objdump -s '%s'): it writes BP (amd64) or R29 (arm64), and no instruction saves it.",
		     culprit, culprit);
	tell_for_good(telling, "Change the assembly of %s: use another register, or save and restore this one, or give the function a "
			       "frame, for which the assembler does that. `go vet` (framepointer) looks for it.", culprit);
}

void tell_bp_chain(struct telling *telling)
{
	const struct finding *finding = telling->finding;
	const char *goroutine = finding_goroutine(telling, finding);

	if (!finding->pointer->torn) {
		tell_clobber(telling);
		return;
	}
	tell_headline(telling, "on the stack of %s the upper half of the frame pointer that %s saved was overwritten.", goroutine,
		      finding->function);
	tell_paragraph(telling, EXHIBIT_NONE);
	tell(telling, "%s is in %s, which saved the frame pointer of its caller.", capital(telling->arena, goroutine),
	     finding->function);
	tell(telling, "4 bytes were written over the upper half of that word: it became %s.",
	     hex_text(telling->arena, finding->observed));
	tell(telling, "Its lower half is what it must be, and the return addresses beside it are sound.");
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	tell(telling, "Go does not return by this word: it ends no process. The same write, 8 bytes further, would have hit a "
		      "return address.");
	tell_action(telling, "Look for whoever keeps the address of a Go variable after the call that it was passed to: system "
			     "calls that complete later, C code, package unsafe.");
	tell_action(telling, "Do not trust profiles and traces that follow frame pointers through %s.", goroutine);
}

void tell_pdata_unsorted(struct telling *telling)
{
	tell_headline(telling, "%s.", telling->finding->title);
	tell_paragraph(telling, EXHIBIT_NONE);
	tell(telling, "%s.", capital(telling->arena, telling->finding->title));
	tell(telling, "Windows then takes them for functions without a frame, and cannot walk the stacks that they are on.");
	tell_action(telling, "Link that module with another linker or another release of it; suspect tools that rewrite "
			     "executables.");
}
