/* sample.h: the report of one crash that stands for many. */
#ifndef LIB_SAMPLE_H
#define LIB_SAMPLE_H

#include "fleet/clusters.h"
#include "lib/tornstack.h"

/* Makes the report (text) and the headline of a dump, or of a crash of a log, which has that fingerprint; unless `unredacted`, of what its slim dump or
 * redacted log tells alone, so that neither has what the program said. Texts are on the arena. False: there is none. */
bool sample_report(struct arena *arena, const struct sample *sample, const char *fingerprint, const struct ts_options *options, bool unredacted,
		   const char **headline, const char **report);

#endif
