/* heap.c: tells of a heap that the runtime found damaged. */
#include "report/narrative/advice.h"
#include "report/narrative/telling.h"

#include "golang/program.h"
#include "heuristics/heap/part.h"

#include <string.h>

/* The finding's evidence of that class of words: the word that is wrong, its shape, who else holds it. */
static void tell_words(struct telling *telling)
{
	const struct finding *finding = telling->finding;

	for (size_t i = 0; i < finding->evidence.count; i++) {
		const struct evidence *evidence = &finding->evidence.items[i];

		if (!evidence->against && (evidence->kind == EVIDENCE_MEMORY || evidence->kind == EVIDENCE_REGISTER) &&
		    !strstr(evidence->text, "m.dying"))
			tell(telling, "%s.", capital(telling->arena, evidence->text));
	}
}

/* Whom to suspect, by what the program is made of. */
static void tell_suspects(struct telling *telling)
{
	const struct finding *finding = telling->finding;
	const bool c = program_has_cgo(telling->diagnosis->analysis->runtime);

	tell_paragraph(telling, EXHIBIT_NONE);
	if (c)
		tell(telling, "C code is linked into this program: it is the first to suspect, then package unsafe, assembly and data "
			      "races.");
	else
		tell(telling, "No C code of its own is in this program (no cgo): package unsafe, assembly and data races are what is "
			      "left to suspect, and then the memory of the machine.");
	for (size_t i = 0; i < finding->rivals.count; i++) {
		const struct rival *rival = &finding->rivals.items[i];

		tell(telling, "%s %s: %s.", rival->speaks_for ? "For" : "Against", rival->cause,
		     rival->speaks_for ? rival->speaks_for : rival->speaks_against);
	}
	tell_bug(telling);
}

void tell_heap_damage(struct telling *telling)
{
	const struct finding *finding = telling->finding;
	const char *who = finding_thread(telling, finding);

	tell_headline(telling, "%s.", finding->title);
	tell_headline(telling, "the Go heap is damaged; the runtime noticed it on %s.", who);
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	tell(telling, "%s.", capital(telling->arena, finding->title));
	if (finding->function)
		tell(telling, "%s is a part of the runtime itself: on %s it met what cannot be, and the runtime ended the "
			      "process.", finding->function, who);
	tell(telling, "What was running at that moment has nothing to do with it: the damage was done before, by something that wrote "
		      "where it may not.");
	tell_paragraph(telling, EXHIBIT_NONE);
	tell_words(telling);
	tell(telling, "%s", finding->heap_part->usual);
	tell_suspects(telling);
	tell_known_bugs(telling);
	advise(telling, finding->title);
}
