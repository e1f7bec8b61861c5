/* summary.h: the verdict and the dump in a line each, and what makes either doubtful. Strings hold text of the dump as it is: formats
 * escape. */
#ifndef REPORT_CONTENT_SUMMARY_H
#define REPORT_CONTENT_SUMMARY_H

#include "heuristics/detector.h"

/* The verdict's finding; NULL: none. */
const struct finding *verdict_finding(const struct diagnosis *diagnosis);

/* "CERTAIN", …, "HEALTHY", "UNKNOWN". */
const char *verdict_word(const struct diagnosis *diagnosis);

/* What kind of verdict that is: for colours. */
enum verdict_tone { TONE_GOOD, TONE_DOUBT, TONE_BAD };
enum verdict_tone verdict_tone(const struct diagnosis *diagnosis);

/* "dump.zst: linux/arm64, go1.26.8, module decode, pid 7, stopped by …, 4 threads, …; executable exe: the same build" */
const char *dump_summary(struct arena *arena, const struct analysis *analysis);

/* Before anything else is read: what makes everything else doubtful. */
struct warning {
	const char *text;
	bool grave; /* what follows may be wrong, not only incomplete */
};
enum { WARNINGS_MOST = 5 };
size_t dump_warnings(struct arena *arena, const struct analysis *analysis, struct warning ret[static WARNINGS_MOST]);

#endif
