/* generated.c: tells of code that the process made itself, where the runtime could not walk through it. */
#include "report/narrative/telling.h"

#include "heuristics/verdict/rank.h"

void tell_generated_code(struct telling *telling)
{
	const struct finding *finding = telling->finding;
	const char *victim = finding_goroutine(telling, finding);
	const char *thread = finding_thread(telling, finding);

	tell_headline(telling, "the stack of %s passes generated code%s%s, which the Go runtime cannot walk through: it died%s as it "
			       "tried.", victim, finding->function ? ", called by " : "", finding->function ? finding->function : "",
		      on_thread_text(telling->diagnosis->analysis, finding->thread));
	tell_headline(telling, "%s.", finding->title);
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	tell(telling, "Code at %s, which the process had made itself, called Go on %s.", hex_text(telling->arena, finding->pc), victim);
	tell(telling, "The runtime has no tables of such code. It has to walk stacks, for the garbage collector, to let them grow, and for "
		      "panics; on %s it met that code and ended the process.", thread);
	tell_paragraph(telling, EXHIBIT_NONE);
	if (!strong_objection(finding))
		tell(telling, "Nothing is damaged: neither the stack of %s nor the heap shows any sign of it.", victim);
	tell_action(telling, "Find which library made the code at %s: a compiler of queries, of templates, of WebAssembly, or of "
			     "codecs%s%s.", hex_text(telling->arena, finding->pc), finding->function ? ", by the function that called "
			     "it, " : "", finding->function ? finding->function : "");
	tell_action(telling, "Switch its compiler off, if it has an interpreter as well, or take a release of it that supports this Go.");
	tell_for_good(telling, "Let generated code return before Go is called (as wazero does), or register it with the runtime. Go that it "
			       "calls must not wait, allocate, grow its stack or panic.");
	tell_confirm(telling, "With the compiler switched off the crashes must end.");
}
