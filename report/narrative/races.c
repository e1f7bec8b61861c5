/* races.c: what a race may have made of a panic. */
#include "report/narrative/telling.h"

void tell_race(struct telling *telling)
{
	for (size_t i = 0; i < telling->finding->rivals.count; i++) {
		const struct rival *rival = &telling->finding->rivals.items[i];

		if (!rival->speaks_for)
			continue;
		tell_paragraph(telling, EXHIBIT_NONE);
		tell(telling, "Behind it may be %s: %s.", rival->cause, rival->speaks_for);
		tell_action(telling, "Look for a second goroutine that uses the same value, without the lock that guards it.");
		tell_confirm(telling, "Run the tests, or one instance of the service, built with `go build -race`: it names both "
				      "places.");
	}
}
