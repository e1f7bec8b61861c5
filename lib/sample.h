/* sample.h: the report of one crash that stands for many. */
#ifndef LIB_SAMPLE_H
#define LIB_SAMPLE_H

#include "base/arena.h"
#include "lib/tornstack.h"

/* Makes the report (text) and the headline of a dump or log; unless `unredacted`, of what its slim dump or redacted log tells alone, so that neither
 * has what the program said. Texts are on the arena. False: there is none. */
bool sample_report(struct arena *arena, const char *path, const struct ts_options *options, bool unredacted, const char **headline, const char **report);

#endif
