/* views.h: clusters, for people and for programs. */
#ifndef FLEET_VIEWS_H
#define FLEET_VIEWS_H

#include "fleet/chart.h"
#include "fleet/clusters.h"

struct view_options {
	const char *title;  /* of a page */
	unsigned columns;   /* of text */
	bool color, verbose, quiet;
};

/* table.c: a table of clusters, for a terminal; `arena` is scratch memory. */
void view_table(struct arena *arena, const struct fleet *fleet, const struct clusters *clusters, const struct view_options *options, FILE *out);

/* lines.c: a cluster as a line of JSON (docs/triage.schema.json); `arena` is scratch memory. False when memory ran out. */
bool view_line(struct arena *arena, const struct cluster *cluster, FILE *out);

/* page.c: clusters as a page that needs no network and no script. */
void view_page(struct arena *arena, const struct fleet *fleet, const struct clusters *clusters, const struct view_options *options, FILE *out);

/* The same as many: an index of pages ID.html, and such a page. `days`: NULL where nothing is known of them. */
void view_index(struct arena *arena, const struct fleet *fleet, const struct clusters *clusters, const struct view_options *options,
		const struct day_counts *days, FILE *out);

struct cluster_more {
	const struct crash_history *history;
	const struct day_counts *days;
	const char *report; /* of one of its crashes; NULL: there is none */
};
void view_cluster(struct arena *arena, const struct cluster *cluster, const struct cluster_more *more, FILE *out);

/* metrics.c: clusters for Prometheus' node_exporter (its textfile collector): crashes by cluster, verdict and build. */
void view_metrics(const struct fleet *fleet, const struct clusters *clusters, FILE *out);

/* records.c: a crash as a log record of OpenTelemetry (OTLP/JSON, ExportLogsServiceRequest, as its file exporter writes them: a line each); `arena`
 * is scratch memory. False when memory ran out. */
bool view_record(struct arena *arena, const struct incident *incident, FILE *out);

/* summary.c: what all of them say. "14 inputs in 3 clusters, 1 copy, 1 not analysed"; of logs with several crashes "17 crashes in 3 clusters" */
const char *view_summary(struct arena *arena, const struct fleet *fleet, const struct clusters *clusters);

/* "certain nil-deref", "unknown" */
const char *view_verdict(struct arena *arena, const struct cluster *cluster);

/* The path of its sample; of a log with several crashes with which it is: "app.log#2". */
const char *view_sample(struct arena *arena, const struct cluster *cluster);

/* "v1.2 (3 of 14), v1.3 (11 of 14)", or what all have in common, "linux/arm64"; NULL: nothing is known. */
const char *view_aspect(struct arena *arena, const struct cluster *cluster, enum aspect aspect);

/* "new in v1.3; gone since v1.4 (2026-11-20)"; NULL: neither. */
const char *view_builds(struct arena *arena, const struct cluster *cluster);

/* "functions in common: f, g (of 3 fingerprints, 72 % alike)" */
const char *view_likeness(struct arena *arena, const struct cluster *cluster);

/* The day of a time, "2026-11-29". */
const char *view_day(struct arena *arena, int64_t seconds);

#endif
