/* narrative_hints.c: tells of what ends no process by itself: bp-chain, pdata-unsorted. */
#include "report/telling.h"

void tell_bp_chain(struct telling *telling)
{
	const struct finding *finding = telling->finding;
	const char *goroutine = finding_goroutine(telling, finding);

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
