/* detectors.c: the list of detectors. */
#include "heuristics/detector.h"

#include <string.h>

#define DETECTOR(name) extern const struct detector name;
#include "heuristics/detectors.def"
#undef DETECTOR

const struct detector *const detectors[] = {
#define DETECTOR(name) &name,
#include "heuristics/detectors.def"
#undef DETECTOR
	NULL,
};

const struct detector *detector_by_id(const char *id)
{
	for (size_t i = 0; detectors[i]; i++)
		if (!strcmp(detectors[i]->id, id))
			return detectors[i];
	return NULL;
}
