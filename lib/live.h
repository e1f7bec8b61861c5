/* live.h: an analysis of a process that runs. This process stops it, copies what matters and lets it run on; only then is the copy
 * analysed, as a dump is. docs/architecture.md, "A live process". */
#ifndef LIB_LIVE_H
#define LIB_LIVE_H

#include "lib/tornstack.h"

/* As ts_analyze, of process options->pid. */
struct ts_result live_run(const struct ts_options *options, FILE *out);

#endif
