/* slim.h: a slim dump (formats/slim) in place of a report. */
#ifndef LIB_SLIM_H
#define LIB_SLIM_H

#include "lib/tornstack.h"
#include "report/report.h"

/* Makes every report of a diagnosis, for nobody, so that all they read is kept, and writes the slim dump. `begin` is called before
 * each report. What `out` cannot take is left for its ferror. */
const struct err *slim_dump(const struct diagnosis *diagnosis, const struct ts_options *options, void (*begin)(void *context),
			    void *context, FILE *out);

#endif
