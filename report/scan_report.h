/* scan_report.h: what a scan of executables found, written for people and for programs. What is written depends on the
 * executables and the options alone; their text is hostile and is escaped. */
#ifndef REPORT_SCAN_REPORT_H
#define REPORT_SCAN_REPORT_H

#include "scan/batch.h"
#include "scan/rule.h"

#include <stdio.h>

struct scan_report_options {
	const char *version; /* of this program */
	unsigned columns;    /* of text; 0: 100 */
	bool color;
	bool verbose; /* text: every place, also those that do no damage */
	bool quiet;   /* text: the first line only */
};

/* Text, grouped by executable, rule and package. Errors of the stream are left for the caller's ferror. */
void report_scan_text(struct arena *arena, const struct scan_batch *batch, const struct scan_report_options *options,
		      FILE *out);

/* One JSON object as docs/scan.schema.json describes it. False when memory ran out, so that it is not whole. */
bool report_scan_json(struct arena *arena, const struct scan_batch *batch, const struct scan_report_options *options,
		      FILE *out);

/* A SARIF 2.1.0 log (OASIS). False as above. */
bool report_sarif(struct arena *arena, const struct scan_batch *batch, const struct scan_report_options *options,
		  FILE *out);

/* What a rule of the scan means. */
void report_scan_rule(struct arena *arena, const struct scan_rule *rule, unsigned columns, FILE *out);

#endif
