/* values.c: tells of strings, slices and interfaces whose words cannot belong together. */
#include "report/narrative/telling.h"

/* Says what evidence of a kind says, the n-th for the finding; false when there is no such. */
static bool tell_evidence(struct telling *telling, enum evidence_kind kind, size_t n)
{
	const struct finding *finding = telling->finding;

	for (size_t i = 0; i < finding->evidence.count; i++)
		if (finding->evidence.items[i].kind == kind && !finding->evidence.items[i].against && !n--)
			return tell(telling, "%s.", capital(telling->arena, finding->evidence.items[i].text));
	return false;
}

static void tell_writers(struct telling *telling)
{
	tell_paragraph(telling, EXHIBIT_NONE);
	for (size_t i = 0; tell_evidence(telling, EVIDENCE_UNWIND, i);)
		i++;
	for (size_t i = 1; tell_evidence(telling, EVIDENCE_INSTRUCTION, i);) /* the first is how it was used */
		i++;
}

void tell_torn_value(struct telling *telling)
{
	tell_headline(telling, "%s.", telling->finding->title);
	tell_paragraph(telling, EXHIBIT_INSTRUCTIONS);
	tell_evidence(telling, EVIDENCE_EXCEPTION, 0);
	tell_evidence(telling, EVIDENCE_INSTRUCTION, 0);
	tell_evidence(telling, EVIDENCE_MEMORY, 1);
	tell_paragraph(telling, EXHIBIT_LAST_WORDS);
	tell(telling, "Such a value is two words or three, which a program stores one after another.");
	tell(telling, "Whoever reads it between two of these stores gets a part of one value with a part of another; package unsafe "
		      "can make the same.");
	tell(telling, "The address that faulted is only what was found by following it.");
	tell_writers(telling);
	tell_known_bugs(telling);
	tell_action(telling, "Find every use of that variable outside of its lock, and the goroutines that write it.");
	tell_action(telling, "Look for package unsafe near them: headers made by hand, lengths set through a pointer.");
	tell_confirm(telling, "Run the tests, or one instance of the service, built with `go build -race`: it names both places.");
	tell_for_good(telling, "Guard the variable by a mutex, or publish a pointer to a whole value, once made never changed "
			       "(atomic.Pointer).");
}
