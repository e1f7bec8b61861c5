/* batch.h: several dumps at once: a line each. */
#ifndef CLI_BATCH_H
#define CLI_BATCH_H

#include "cli/output.h"
#include "lib/tornstack.h"

/* What came of a batch. */
struct batch_sum {
	size_t analysed, damaged, failed, others; /* others: files of a folder that are neither dumps nor logs */
};

/* Whether a format has one line for a dump. */
bool batch_writes(enum ts_format format);

/* Analyses dumps (ended by NULL) and writes a line for each, its name before its verdict; in JSON its report, or the object that
 * says why there is none, on one line. None ends the others. `folder`: files that are neither dumps nor logs are only counted. */
struct batch_sum batch_run(const char *const *dumps, bool folder, const struct ts_options *options, FILE *out);

#endif
