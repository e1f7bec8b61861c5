/* overview.h: clusters on their way to whoever asked, as ts_triage and ts_history write them. */
#ifndef LIB_OVERVIEW_H
#define LIB_OVERVIEW_H

#include "base/err.h"
#include "fleet/views.h"
#include "lib/tornstack.h"

struct overview {
	enum ts_format format;
	struct view_options options;
	int64_t since;       /* 0: all */
	const char *metrics; /* a file; NULL: none */
};

/* Writes clusters, and the file of metrics. Those that were not seen since `since` are taken out of `clusters`. *news: there is one that was first
 * seen since. */
const struct err *overview_write(struct arena *arena, const struct overview *overview, const struct fleet *fleet, struct clusters *clusters, FILE *out,
				 bool *news);

#endif
