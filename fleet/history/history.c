/* history.c: see history.h. Each function is a statement or a transaction. */
#include "fleet/history/history.h"

#include <inttypes.h>
#include <stdlib.h>

enum { ROW_BUDGET = 16 << 20 };

/* All fingerprints of the cluster that $1 is in. */
#define ITS_CLUSTER                                                                                                    \
	"(SELECT $1 UNION SELECT other.fingerprint FROM fingerprints other JOIN fingerprints own ON own.cluster = other.cluster " \
	"WHERE own.fingerprint = $1)"

static const char *number(struct arena *arena, int64_t value)
{
	return arena_printf(arena, "%" PRId64, value);
}

static int64_t number_in(const char *text)
{
	return text ? strtoll(text, NULL, 10) : 0;
}

/* ---- adding ---- */

struct line {
	char *text;
	size_t size;
};

static void free_line(void *object)
{
	free(((struct line *)object)->text);
}

/* NULL: no memory. */
static const char *line_of(struct arena *arena, const struct incident *incident, bool whole)
{
	struct line *line = arena_alloc(arena, sizeof *line);
	struct incident kept = *incident;
	FILE *out = open_memstream(&line->text, &line->size);
	bool written;

	if (!whole)
		kept.headline = NULL;
	arena_defer(arena, free_line, line);
	written = out && incident_write(arena, &kept, out);
	if (!out || fclose(out) || !written)
		arena_exhausted(arena);
	return line->text;
}

/* A release that kept one crash of each log called it by the file's content. */
static const struct err *rename_old(struct database *database, const struct incident *incident, const char *content)
{
	const char *values[] = {content, incident->hash};
	const struct err *err = database_run(database,
					     "UPDATE incidents SET hash = $1 WHERE hash = $2 AND NOT EXISTS (SELECT 1 FROM incidents WHERE hash = $1)", values,
					     2, NULL, NULL);

	if (!err)
		err = database_run(database, "DELETE FROM incidents WHERE hash = $1", values + 1, 1, NULL, NULL);
	return err ? err : database_run(database,
					"INSERT INTO counted (hash) SELECT $1 WHERE EXISTS (SELECT 1 FROM counted WHERE hash = $2) ON CONFLICT DO NOTHING",
					values, 2, NULL, NULL);
}

static const struct err *add_inside(struct database *database, struct arena *arena, const struct incident *incident, const char *line)
{
	char text[INCIDENT_CONTENT];
	const char *values[] = {incident_content(incident, text), incident->fingerprint, number(arena, incident->seen), incident->program,
				incident_build_name(arena, incident), line, incident->hash,
				incident->number ? number(arena, (int64_t)incident->number) : NULL};
	const char *group[] = {incident->fingerprint, line};
	const struct err *err = incident->crash && incident->hash && !incident->other ? rename_old(database, incident, values[0]) : NULL;

	if (!err)
		err = database_run(
			database,
			"INSERT INTO incidents (hash, fingerprint, seen, program, build, line, file, crash) SELECT $1, $2, CAST($3 AS BIGINT), $4, $5, $6, $7, "
			"CAST($8 AS BIGINT) WHERE NOT EXISTS (SELECT 1 FROM counted WHERE hash = $1) ON CONFLICT (hash) DO UPDATE SET "
			"fingerprint = excluded.fingerprint, seen = excluded.seen, program = excluded.program, build = excluded.build, line = excluded.line, "
			"file = excluded.file, crash = excluded.crash WHERE excluded.seen <= incidents.seen",
			values, sizeof values / sizeof *values, NULL, NULL);
	return err ? err : database_run(database, "INSERT INTO fingerprints (fingerprint, line) VALUES ($1, $2) ON CONFLICT (fingerprint) DO NOTHING",
					group, 2, NULL, NULL);
}

const struct err *history_add(struct database *database, struct arena *arena, const struct incident *incident, bool whole)
{
	const struct err *err;
	const char *line;

	if (incident->error_code || (!incident->hash && !incident->crash))
		return NULL;
	line = line_of(arena, incident, whole);
	err = database_begin(database);
	return err ? err : database_end(database, add_inside(database, arena, incident, line));
}

/* ---- reading ---- */

struct each {
	struct arena *arena;
	const char *const *values;
	void (*take)(void *context, const struct incident *incident);
	void *context;
};

static void take_line(void *context)
{
	struct each *each = context;
	struct incident incident;

	if (!each->values[0] || !incident_read(each->arena, each->values[0], strlen(each->values[0]), &incident) || incident.error_code)
		return;
	if (!incident.headline && each->values[1])
		incident.headline = arena_strdup(each->arena, each->values[1]);
	each->take(each->context, &incident);
}

static bool take_incident(void *context, const char *const *values, size_t count)
{
	struct each *each = context;
	bool taken;

	each->arena = arena_new(ROW_BUDGET);
	each->values = values;
	taken = count == 2 && each->arena && arena_run(each->arena, take_line, each);
	arena_free(each->arena);
	return taken;
}

/* ---- clusters ---- */

struct settling {
	struct database *database;
	struct arena *arena;
	struct fleet *fleet;
};

static void take_grouped(void *context, const struct incident *incident)
{
	fleet_add(context, incident);
}

/* Of fingerprints that are settled the line that stands for them, of others every incident: which cluster they are put into depends on all. */
static bool take_group(void *context, const char *const *values, size_t count)
{
	struct settling *settling = context;
	struct each each = {.take = take_grouped, .context = settling->fleet};
	const char *line[] = {count == 3 ? values[2] : NULL, NULL};

	if (!take_incident(&each, line, 2))
		return false;
	if (values[1])
		fleet_assign(settling->fleet, values[0], values[1]);
	return true;
}

/* What later fingerprints are held against. */
static const char *line_for(struct arena *arena, const struct group *group)
{
	const struct incident incident = {
		.path = group->sample.path, .seen = group->first, .certainty = group->sample.certainty, .rule = group->sample.rule,
		.place = group->sample.place, .fingerprint = group->fingerprint, .exact = group->fingerprint, .cause = group->cause,
		.functions = group->functions, .died_in = group->died_in, .said = group->said, .program = group->program,
	};

	return line_of(arena, &incident, false);
}

static const struct err *settle_cluster(struct settling *settling, const struct cluster *cluster)
{
	const struct err *err = NULL;

	for (size_t i = 0; i < cluster->groups.count && !err; i++) {
		const struct group *group = cluster->groups.items[i];
		const char *values[] = {group->fingerprint, cluster->id, group->cluster ? NULL : line_for(settling->arena, group)};

		if (!group->cluster)
			err = database_run(settling->database, "UPDATE fingerprints SET cluster = $2, line = $3 WHERE fingerprint = $1 AND cluster IS NULL",
					   values, 3, NULL, NULL);
	}
	return err;
}

static const struct err *settle_inside(struct settling *settling)
{
	const struct err *err = database_run(settling->database,
					     "SELECT fingerprint, cluster, line FROM fingerprints WHERE cluster IS NOT NULL UNION ALL "
					     "SELECT own.fingerprint, own.cluster, incidents.line FROM fingerprints own JOIN incidents "
					     "ON incidents.fingerprint = own.fingerprint WHERE own.cluster IS NULL",
					     NULL, 0, take_group, settling);
	const struct clusters *clusters;

	if (err)
		return err;
	clusters = fleet_clusters(settling->fleet, settling->arena);
	for (size_t i = 0; i < clusters->items.count && !err; i++)
		err = settle_cluster(settling, &clusters->items.items[i]);
	return err;
}

static bool take_any(void *context, const char *const *values, size_t count)
{
	(void)values;
	*(bool *)context = count > 0;
	return false;
}

const struct err *history_settle(struct database *database, struct arena *arena)
{
	struct settling settling = {.database = database, .arena = arena, .fleet = fleet_new(arena)};
	bool open = false;
	const struct err *err = database_run(database, "SELECT 1 FROM fingerprints WHERE cluster IS NULL LIMIT 1", NULL, 0, take_any, &open);

	if (err || !open)
		return err;
	err = database_begin(database);
	return err ? err : database_end(database, settle_inside(&settling));
}

static bool take_assignment(void *context, const char *const *values, size_t count)
{
	if (count == 2 && values[0] && values[1] && texts_find(&((struct fleet *)context)->fingerprints, values[0]))
		fleet_assign(context, values[0], values[1]);
	return true;
}

const struct err *history_assign(struct database *database, struct fleet *fleet)
{
	return database_run(database, "SELECT fingerprint, cluster FROM fingerprints WHERE cluster IS NOT NULL", NULL, 0, take_assignment, fleet);
}

/* ---- reading ---- */

/* Each with a headline of its cluster. */
#define LINES                                                                                                          \
	"SELECT incidents.line, (SELECT min(other.headline) FROM fingerprints other WHERE other.cluster = own.cluster) "                 \
	"FROM incidents JOIN fingerprints own ON own.fingerprint = incidents.fingerprint "

const struct err *history_each(struct database *database, const struct history_selection *selection,
			       void (*take)(void *context, const struct incident *incident), void *context)
{
	struct each each = {.take = take, .context = context};
	char since[32];
	const char *values[] = {selection->fingerprint, since};

	snprintf(since, sizeof since, "%" PRId64, selection->since);
	if (selection->fingerprint)
		return database_run(database, LINES "WHERE incidents.fingerprint IN " ITS_CLUSTER " AND seen >= $2 ORDER BY seen, hash", values, 2,
				    take_incident, &each);
	return database_run(database, LINES "WHERE seen >= $1 ORDER BY seen, hash", values + 1, 1, take_incident, &each);
}

struct each_day {
	void (*take)(void *context, const char *cluster, int64_t day, uint64_t count);
	void *context;
};

static bool take_day(void *context, const char *const *values, size_t count)
{
	const struct each_day *each = context;

	if (count == 3 && values[0])
		each->take(each->context, values[0], number_in(values[1]), (uint64_t)number_in(values[2]));
	return true;
}

const struct err *history_days(struct database *database, void (*take)(void *context, const char *cluster, int64_t day, uint64_t count), void *context)
{
	struct each_day each = {take, context};

	return database_run(database,
			    "SELECT cluster, seen / 86400, count(*) FROM incidents JOIN fingerprints ON fingerprints.fingerprint = incidents.fingerprint "
			    "WHERE cluster IS NOT NULL GROUP BY 1, 2 ORDER BY 2, 1",
			    NULL, 0, take_day, &each);
}

struct recalling {
	struct arena *arena;
	struct crash_history *history;
	const char *program;
};

static bool take_counts(void *context, const char *const *values, size_t count)
{
	const struct recalling *recalling = context;

	if (count < 3)
		return false;
	recalling->history->count = (uint64_t)number_in(values[0]);
	recalling->history->first = number_in(values[1]);
	recalling->history->last = number_in(values[2]);
	return false;
}

static bool take_build(void *context, const char *const *values, size_t count)
{
	struct recalling *recalling = context;

	if (count < 2)
		return false;
	recalling->history->first_build = values[0] && *values[0] ? arena_strdup(recalling->arena, values[0]) : NULL;
	recalling->program = values[1] && *values[1] ? arena_strdup(recalling->arena, values[1]) : NULL;
	return false;
}

static bool take_gone(void *context, const char *const *values, size_t count)
{
	const struct recalling *recalling = context;

	if (count < 2 || !values[0])
		return false;
	recalling->history->gone_in = arena_strdup(recalling->arena, values[0]);
	recalling->history->gone_since = number_in(values[1]);
	return false;
}

static bool take_note(void *context, const char *const *values, size_t count)
{
	const struct recalling *recalling = context;
	struct crash_history *history = recalling->history;

	if (count && values[0] && history->note_count < HISTORY_NOTES)
		history->notes[history->note_count++] = arena_strdup(recalling->arena, values[0]);
	return history->note_count < HISTORY_NOTES;
}

static bool take_cluster(void *context, const char *const *values, size_t count)
{
	const struct recalling *recalling = context;

	recalling->history->cluster = count && values[0] ? arena_strdup(recalling->arena, values[0]) : NULL;
	return false;
}

/* Incidents of the cluster, those that were removed too. */
#define EVER                                                                                                           \
	"(SELECT program, build, 1 AS number, seen AS first_seen, seen AS last_seen FROM incidents WHERE fingerprint IN " ITS_CLUSTER   \
	" UNION ALL SELECT program, build, number, first_seen, last_seen FROM past WHERE fingerprint IN " ITS_CLUSTER ") AS ever"

/* Builds of program $2, by when they were first seen to crash. */
#define BUILDS                                                                                                         \
	"(SELECT build, min(first_seen) AS since FROM (SELECT build, seen AS first_seen FROM incidents WHERE program = $2 UNION ALL "   \
	"SELECT build, first_seen FROM past WHERE program = $2) AS crashes WHERE build IS NOT NULL AND build <> '' GROUP BY build) AS builds"

static const struct err *recall_builds(struct database *database, struct recalling *recalling, const char *fingerprint)
{
	const char *values[] = {fingerprint, NULL, number(recalling->arena, recalling->history->last)};
	const struct err *err =
		database_run(database, "SELECT build, program FROM " EVER " WHERE build IS NOT NULL ORDER BY first_seen, build LIMIT 1", values, 1, take_build,
			     recalling);

	values[1] = recalling->program;
	if (err || !recalling->program)
		return err;
	return database_run(database,
			    "SELECT build, since FROM " BUILDS " WHERE since > CAST($3 AS BIGINT) AND build NOT IN (SELECT build FROM " EVER
			    " WHERE build IS NOT NULL) ORDER BY since, build LIMIT 1",
			    values, 3, take_gone, recalling);
}

const struct err *history_of(struct database *database, struct arena *arena, const char *fingerprint, struct crash_history *ret)
{
	struct recalling recalling = {.arena = arena, .history = ret};
	const char *values[] = {fingerprint};
	const struct err *err;

	*ret = (struct crash_history){0};
	err = database_run(database, "SELECT cluster FROM fingerprints WHERE fingerprint = $1", values, 1, take_cluster, &recalling);
	if (!err)
		err = database_run(database, "SELECT coalesce(sum(number), 0), min(first_seen), max(last_seen) FROM " EVER, values, 1, take_counts, &recalling);
	if (!err && ret->count)
		err = recall_builds(database, &recalling, fingerprint);
	if (!err)
		err = database_run(database, "SELECT note FROM notes WHERE fingerprint IN " ITS_CLUSTER " ORDER BY added, kind, note", values, 1, take_note,
				   &recalling);
	return err;
}

static bool take_time(void *context, const char *const *values, size_t count)
{
	*(int64_t *)context = count ? number_in(values[0]) : 0;
	return false;
}

const struct err *history_date(struct database *database, struct clusters *clusters, int64_t since)
{
	const struct err *err = NULL;

	for (size_t i = 0; i < clusters->items.count && !err; i++) {
		struct cluster *cluster = &clusters->items.items[i];
		const char *values[] = {cluster->id};

		if (cluster->first >= since)
			err = database_run(database, "SELECT min(first_seen) FROM " EVER, values, 1, take_time, &cluster->earlier);
	}
	return err;
}

struct finding_one {
	struct arena *arena;
	const char *found;
	size_t count;
};

static bool take_found(void *context, const char *const *values, size_t count)
{
	struct finding_one *one = context;

	one->count++;
	one->found = count && values[0] ? arena_strdup(one->arena, values[0]) : NULL;
	return true;
}

const struct err *history_find(struct database *database, struct arena *arena, const char *begin, const char **ret)
{
	struct finding_one one = {.arena = arena};
	const char *values[] = {begin, arena_printf(arena, "%sg", begin)}; /* no digit is behind f */
	const struct err *err = database_run(database, "SELECT fingerprint FROM fingerprints WHERE fingerprint >= $1 AND fingerprint < $2 LIMIT 2", values, 2,
					     take_found, &one);

	*ret = one.count == 1 ? one.found : NULL;
	return err;
}

/* ---- reports ---- */

const struct err *history_report(struct database *database, struct arena *arena, const char *cluster, const char **ret)
{
	struct finding_one one = {.arena = arena};
	const char *values[] = {cluster};
	const struct err *err =
		database_run(database, "SELECT report FROM fingerprints WHERE cluster = $1 AND report IS NOT NULL ORDER BY fingerprint <> $1, fingerprint LIMIT 1",
			     values, 1, take_found, &one);

	*ret = one.found;
	return err;
}

const struct err *history_has_report(struct database *database, const char *cluster, bool *ret)
{
	const char *values[] = {cluster};

	*ret = false;
	return database_run(database, "SELECT 1 FROM fingerprints WHERE cluster = $1 AND report IS NOT NULL LIMIT 1", values, 1, take_any, ret);
}

const struct err *history_keep_report(struct database *database, const char *fingerprint, const char *headline, const char *report)
{
	const char *values[] = {fingerprint, headline, report};

	return database_run(database, "UPDATE fingerprints SET headline = $2, report = $3 WHERE fingerprint = $1", values, 3, NULL, NULL);
}

/* ---- what people do ---- */

const struct err *history_note(struct database *database, struct arena *arena, const char *fingerprint, const char *kind, const char *text,
			       int64_t now)
{
	const char *values[] = {fingerprint, number(arena, now), kind, text};

	return database_run(database, "INSERT INTO notes (fingerprint, added, kind, note) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING", values, 4, NULL,
			    NULL);
}

static const struct err *retain_inside(struct database *database, const char *const *values)
{
	const struct err *err = database_run(
		database,
		"INSERT INTO past (fingerprint, program, build, number, first_seen, last_seen) SELECT fingerprint, coalesce(program, ''), coalesce(build, ''), "
		"count(*), min(seen), max(seen) FROM incidents WHERE seen < $1 GROUP BY 1, 2, 3 ON CONFLICT (fingerprint, program, build) DO UPDATE SET "
		"number = past.number + excluded.number, "
		"first_seen = CASE WHEN excluded.first_seen < past.first_seen THEN excluded.first_seen ELSE past.first_seen END, "
		"last_seen = CASE WHEN excluded.last_seen > past.last_seen THEN excluded.last_seen ELSE past.last_seen END",
		values, 1, NULL, NULL);

	if (!err)
		err = database_run(database, "INSERT INTO counted (hash) SELECT hash FROM incidents WHERE seen < $1", values, 1, NULL, NULL);
	return err ? err : database_run(database, "DELETE FROM incidents WHERE seen < $1", values, 1, NULL, NULL);
}

const struct err *history_retain(struct database *database, struct arena *arena, int64_t before, uint64_t *removed)
{
	struct finding_one one = {.arena = arena};
	const char *values[] = {number(arena, before)};
	const struct err *err = database_begin(database);

	if (err)
		return err;
	err = database_run(database, "SELECT count(*) FROM incidents WHERE seen < $1", values, 1, take_found, &one);
	if (!err)
		err = retain_inside(database, values);
	*removed = (uint64_t)number_in(one.found);
	return database_end(database, err);
}
