/* chart.h: numbers as drawings (SVG) on a page that needs no script; each has its numbers as texts, too. */
#ifndef FLEET_CHART_H
#define FLEET_CHART_H

#include "fleet/tally.h"
#include "report/html/page.h"

struct day_count {
	int64_t day; /* since 1970 */
	uint64_t count;
};

/* Of one cluster, in the order of time. */
struct day_counts {
	VEC(struct day_count) rows;
};

/* A bar for each day, or for several where there are many; nothing where there are no days. `name` says what is counted. */
void chart_days(const struct document *html, const char *name, const struct day_counts *days);

/* A bar for each text, the most frequent first, and how many texts are left out; nothing where there are none. */
void chart_tally(const struct document *html, const char *name, const struct tally *tally);

#endif
