/* analysis.h: one analysis, in this process. */
#ifndef LIB_ANALYSIS_H
#define LIB_ANALYSIS_H

#include "lib/tornstack.h"

/* As ts_analyze, whatever the options say of isolation. */
struct ts_result analysis_run(const char *dump, const struct ts_options *options, FILE *out);

#endif
