/* metrics.c: the text format of Prometheus (prometheus.io/docs/instrumenting/exposition_formats), version 0.0.4. */
#include "fleet/views.h"

#include "report/escape.h"

#include <inttypes.h>

/* A code point of a label's value: one byte that is not UTF-8 would make a collector refuse all of the file, and people print it to terminals. */
static void put_code_point(FILE *out, const char *at, size_t length, uint32_t code_point)
{
	if (code_point == '\n')
		fputs("\\n", out);
	else if (code_point == '"' || code_point == '\\')
		fprintf(out, "\\%c", *at);
	else if (!length || code_point < ' ' || (code_point >= 0x7f && code_point < 0xa0))
		fprintf(out, "\\\\x%02x", length ? (unsigned)code_point : (unsigned)(unsigned char)*at);
	else
		fwrite(at, 1, length, out);
}

static void put_label(FILE *out, const char *name, const char *value, const char *end)
{
	fprintf(out, "%s=\"", name);
	for (const char *at = value ? value : ""; *at;) {
		uint32_t code_point = UINT32_MAX;
		const size_t length = utf8_decode(at, &code_point);

		put_code_point(out, at, length, code_point);
		at += length ? length : 1;
	}
	fprintf(out, "\"%s", end);
}

static void put_head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_crashes(const struct cluster *cluster, const char *build, uint64_t count, FILE *out)
{
	fputs("tornstack_crashes{", out);
	put_label(out, "cluster", cluster->id, ",");
	put_label(out, "program", cluster->groups.items[0]->belongs, ",");
	put_label(out, "certainty", cluster->sample.certainty, ",");
	put_label(out, "rule", cluster->sample.rule, ",");
	put_label(out, "build", build, "");
	fprintf(out, "} %" PRIu64 "\n", count);
}

/* By build; those of none that is known have an empty one. */
static void put_builds(const struct cluster *cluster, FILE *out)
{
	const struct tally *builds = &cluster->aspects[ASPECT_BUILD];
	uint64_t known = 0;

	for (size_t i = 0; i < builds->rows.count; i++) {
		put_crashes(cluster, builds->rows.items[i].text, builds->rows.items[i].count, out);
		known += builds->rows.items[i].count;
	}
	if (cluster->count > known)
		put_crashes(cluster, "", cluster->count - known, out);
}

static void put_times(const struct clusters *clusters, const char *name, const char *help, bool last, FILE *out)
{
	put_head(out, name, "gauge", help);
	for (size_t i = 0; i < clusters->items.count; i++) {
		const struct cluster *cluster = &clusters->items.items[i];

		fprintf(out, "%s{", name);
		put_label(out, "cluster", cluster->id, "");
		fprintf(out, "} %" PRId64 "\n", last ? cluster->last : cluster->first);
	}
}

void view_metrics(const struct fleet *fleet, const struct clusters *clusters, FILE *out)
{
	put_head(out, "tornstack_inputs", "gauge", "Dumps and logs, by what became of them.");
	fprintf(out, "tornstack_inputs{outcome=\"analysed\"} %" PRIu64 "\n", fleet->analysed - fleet->copies);
	fprintf(out, "tornstack_inputs{outcome=\"copy\"} %" PRIu64 "\n", fleet->copies);
	fprintf(out, "tornstack_inputs{outcome=\"failed\"} %" PRIu64 "\n", fleet->failed);
	put_head(out, "tornstack_crashes", "gauge", "Crashes of each cluster, by build.");
	for (size_t i = 0; i < clusters->items.count; i++)
		put_builds(&clusters->items.items[i], out);
	put_times(clusters, "tornstack_first_seen_timestamp_seconds", "When each cluster was first seen.", false, out);
	put_times(clusters, "tornstack_last_seen_timestamp_seconds", "When each cluster was last seen.", true, out);
}
