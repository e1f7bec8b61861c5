/* lines.c: a cluster as a line of JSON. */
#include "fleet/views.h"

#include "report/json/writer.h"

static void put_time(struct writer *writer, json_t *object, const char *key, int64_t seconds)
{
	put_text(writer, object, key, incident_time(writer->arena, seconds));
}

static void put_rows(struct writer *writer, json_t *line, const char *key, const struct tally *tally)
{
	json_t *array = put_value(writer, line, key, new_array());

	for (size_t i = 0; i < tally->rows.count; i++) {
		json_t *item = push_value(writer, array, new_object());

		put_text(writer, item, "name", tally->rows.items[i].text);
		put_number(writer, item, "count", true, (int64_t)tally->rows.items[i].count);
		put_time(writer, item, "first_seen", tally->rows.items[i].first);
		put_time(writer, item, "last_seen", tally->rows.items[i].last);
	}
}

static void put_groups(struct writer *writer, json_t *line, const struct cluster *cluster)
{
	json_t *array = put_value(writer, line, "fingerprints", new_array());

	for (size_t i = 0; i < cluster->groups.count; i++) {
		const struct group *group = cluster->groups.items[i];
		json_t *item = push_value(writer, array, new_object());

		put_text(writer, item, "fingerprint", group->fingerprint);
		put_number(writer, item, "count", true, (int64_t)group->count);
		put_time(writer, item, "first_seen", group->first);
		put_time(writer, item, "last_seen", group->last);
	}
}

static void put_verdict(struct writer *writer, json_t *line, const struct sample *sample)
{
	json_t *object = put_value(writer, line, "verdict", new_object());

	put_text(writer, object, "certainty", sample->certainty);
	put_text(writer, object, "rule", sample->rule);
	put_text(writer, object, "headline", sample->headline);
	put_text(writer, object, "place", sample->place);
}

static void put_history(struct writer *writer, json_t *line, const struct cluster *cluster)
{
	put_text(writer, line, "new_in", cluster->new_in);
	put_text(writer, line, "gone_in", cluster->gone_in);
	put_text(writer, line, "gone_since", cluster->gone_in ? incident_time(writer->arena, cluster->gone_since) : NULL);
}

static void put_line(struct writer *writer, json_t *line, const struct cluster *cluster)
{
	static const char *const keys[] = {
		[ASPECT_BUILD] = "builds",   [ASPECT_RELEASE] = "go_versions", [ASPECT_HOST] = "hosts", [ASPECT_TARGET] = "targets",
		[ASPECT_SYSTEM] = "systems", [ASPECT_CPU] = "cpus",	       [ASPECT_FORMAT] = "formats",
	};
	const struct incident_texts *cause = &cluster->groups.items[0]->cause;

	put_text(writer, line, "schema", "tornstack.triage/1");
	put_text(writer, line, "kind", "cluster");
	put_text(writer, line, "id", cluster->id);
	put_number(writer, line, "count", true, (int64_t)cluster->count);
	put_time(writer, line, "first_seen", cluster->first);
	put_time(writer, line, "last_seen", cluster->last);
	put_verdict(writer, line, &cluster->sample);
	put_text(writer, line, "program", cluster->groups.items[0]->belongs);
	put_texts(writer, put_value(writer, line, "cause", new_array()), cause->items, cause->count);
	put_groups(writer, line, cluster);
	put_number(writer, line, "alike_percent", true, (int64_t)(cluster->alike * 100));
	put_texts(writer, put_value(writer, line, "common", new_array()), cluster->common.items, cluster->common.count);
	for (size_t i = 0; i < ASPECTS; i++)
		put_rows(writer, line, keys[i], &cluster->aspects[i]);
	put_history(writer, line, cluster);
	put_text(writer, line, "sample", cluster->sample.path);
	put_number(writer, line, "sample_crash", cluster->sample.number, (int64_t)cluster->sample.number);
}

bool view_line(struct arena *arena, const struct cluster *cluster, FILE *out)
{
	struct writer *writer = arena_alloc(arena, sizeof *writer);

	writer->arena = arena;
	writer_start(writer, out);
	put_line(writer, begin_value(writer, new_object()), cluster);
	return writer_end_line(writer);
}
