/* findings.c: see the header. */
#include "tests/build/findings.h"

#include "heuristics/detector.h"

#include <string.h>

const struct finding *finding_of(const struct diagnosis *diagnosis, const char *rule)
{
	for (size_t i = 0; i < diagnosis->findings.count; i++)
		if (!strcmp(diagnosis->findings.items[i].detector->id, rule))
			return &diagnosis->findings.items[i];
	return NULL;
}
