/* isolated.h: an analysis in a child process of its own (base/isolation.h). It gets the dump, executables and libraries from where
 * the search for them leads (lib/grants.h), and what debuginfod sends is fetched by the parent. Its report, progress and result
 * come back as messages. What it does not survive is an error that says how it ended and in which phase. */
#ifndef LIB_ISOLATED_H
#define LIB_ISOLATED_H

#include "base/isolation.h"
#include "lib/tornstack.h"

/* As ts_analyze. Where no child can be made, in this process: result.exposed says so. */
struct ts_result isolated_run(const char *dump, const struct ts_options *options, FILE *out);

enum isolated_told {
	ISOLATED_PROGRESS = ISOLATION_TOLD, /* struct isolated_progress */
	ISOLATED_REPORT,                    /* there is more in the ring (report_ring.h) */
	ISOLATED_RESULT,                    /* struct ts_result: the last message */
};

struct isolated_progress {
	enum ts_phase phase;
	uint64_t done, total;
};

#endif
