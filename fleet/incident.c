/* incident.c: see incident.h. */
#include "fleet/incident.h"

#include "report/history.h"
#include "report/json/crashes.h"
#include "report/json/reader.h"
#include "report/json/writer.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

enum { TEXT = 1 << 14, PATH = 1 << 15, FINGERPRINT = 16, HASH = 64 };

/* 9999-12-31T23:59:59Z: years behind it have more digits than are read. */
#define LAST_SECOND INT64_C(253402300799)

const char *incident_time(struct arena *arena, int64_t seconds)
{
	return history_time(arena, seconds < 0 || seconds > LAST_SECOND ? 0 : seconds);
}

bool incident_time_parse(const char *text, int64_t *ret)
{
	struct tm parts = {0};
	const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts) : NULL;
	const int64_t seconds = end && !*end ? timegm(&parts) : -1;

	if (seconds < 0 || seconds > LAST_SECOND)
		return false;
	*ret = seconds;
	return true;
}

const char *incident_build_name(struct arena *arena, const struct incident *incident)
{
	enum { SHOWN = 12 };
	const char *name = incident->version ? incident->version : incident->revision;

	if (!incident->build)
		return name;
	return name ? arena_printf(arena, "%.64s (%.*s)", name, SHOWN, incident->build) : arena_printf(arena, "%.*s", SHOWN, incident->build);
}

const char *incident_content(const struct incident *incident, char text[static INCIDENT_CONTENT])
{
	if (!incident->crash) /* the analysis tells that of a crash, and no file's must be what it says */
		return incident->hash;
	snprintf(text, INCIDENT_CONTENT, "crash:%s", incident->crash);
	return text;
}

/* Digits that we made ourselves, or none. */
static const char *digits(const char *text, size_t count)
{
	if (!text || strlen(text) != count || strspn(text, "0123456789abcdef") != count)
		return NULL;
	return text;
}

static void read_texts(struct arena *arena, const json_t *array, struct incident_texts *ret)
{
	for (size_t i = 0; i < reader_count(array) && ret->count < INCIDENT_TEXTS; i++) {
		const char *text = reader_item(array, i, TEXT);

		if (text)
			ret->items[ret->count++] = arena_strdup(arena, text);
	}
}

static const char *text_in(struct arena *arena, const json_t *object, const char *key)
{
	const char *text = reader_text(object, key, TEXT);

	return text ? arena_strdup(arena, text) : NULL;
}

static void read_file(struct arena *arena, const json_t *line, struct incident *ret)
{
	const char *path = reader_text(line, "path", PATH);
	int64_t size = 0;

	ret->path = path ? arena_strdup(arena, path) : NULL;
	ret->size = reader_number(line, "size", &size) ? (uint64_t)size : 0;
	reader_number(line, "modified_ns", &ret->modified);
	ret->hash = digits(text_in(arena, line, "sha256"), HASH);
	incident_time_parse(reader_text(line, "seen", TEXT), &ret->seen);
	ret->host = text_in(arena, line, "host");
	ret->error_code = text_in(arena, reader_member(line, "error"), "code");
	ret->error = text_in(arena, reader_member(line, "error"), "text");
}

static void read_place(struct arena *arena, const json_t *line, struct incident *ret)
{
	const json_t *crash = reader_member(line, "crash");
	const char *kind = reader_text(line, "kind", TEXT);
	int64_t number = 0, total = 0;

	ret->other = kind && !strcmp(kind, "crash");
	ret->crash = digits(text_in(arena, crash, "sha256"), HASH);
	ret->number = reader_number(crash, "number", &number) && number > 0 ? (size_t)number : 0;
	ret->total = reader_number(crash, "of", &total) && total > 0 ? (size_t)total : 0;
	if (!incident_time_parse(reader_text(crash, "seen", TEXT), &ret->crash_seen))
		ret->crash_seen = -1;
}

static void read_crash(struct arena *arena, const json_t *line, struct incident *ret)
{
	const json_t *verdict = reader_member(line, "verdict"), *target = reader_member(line, "target"),
		     *machine = reader_member(line, "machine");
	int64_t died_in = 0;

	ret->format = text_in(arena, line, "format");
	ret->certainty = text_in(arena, verdict, "certainty");
	ret->rule = text_in(arena, verdict, "rule");
	ret->headline = text_in(arena, verdict, "headline");
	ret->place = text_in(arena, verdict, "place");
	ret->fingerprint = digits(text_in(arena, line, "fingerprint"), FINGERPRINT);
	ret->exact = digits(text_in(arena, line, "fingerprint_exact"), FINGERPRINT);
	read_texts(arena, reader_member(line, "cause"), &ret->cause);
	read_texts(arena, reader_member(line, "functions"), &ret->functions);
	ret->died_in = reader_number(line, "died_in", &died_in) && died_in > 0 && (uint64_t)died_in <= ret->functions.count ? (size_t)died_in : 0;
	ret->said = digits(text_in(arena, line, "said"), FINGERPRINT);
	ret->os = text_in(arena, target, "os");
	ret->arch = text_in(arena, target, "arch");
	ret->go_version = text_in(arena, target, "go_version");
	ret->program = text_in(arena, target, "program");
	ret->version = text_in(arena, target, "version");
	ret->revision = text_in(arena, target, "revision");
	ret->build = text_in(arena, target, "build");
	ret->system = text_in(arena, machine, "system");
	ret->cpu = text_in(arena, machine, "cpu");
}

bool incident_read(struct arena *arena, const char *line, size_t size, struct incident *ret)
{
	const json_t *object = size <= INCIDENT_LINE ? reader_object(arena, line, size) : NULL;

	*ret = (struct incident){0};
	if (!object)
		return false;
	read_file(arena, object, ret);
	read_place(arena, object, ret);
	read_crash(arena, object, ret);
	return ret->error_code || (ret->fingerprint && ret->exact && ret->certainty);
}

static void put_file(struct writer *writer, json_t *line, const struct incident *incident)
{
	put_text(writer, line, "path", incident->path);
	put_number(writer, line, "size", true, (int64_t)incident->size);
	put_number(writer, line, "modified_ns", true, incident->modified);
	put_text(writer, line, "sha256", incident->hash);
	put_text(writer, line, "seen", incident_time(writer->arena, incident->seen));
	put_text(writer, line, "host", incident->host);
}

static void put_place(struct writer *writer, json_t *line, const struct incident *incident)
{
	const struct report_crash crash = {.number = incident->number, .total = incident->total, .digest = incident->crash,
					   .seen = incident->crash_seen};

	if (incident->crash)
		put_crash_place(writer, line, &crash);
}

static void put_crash(struct writer *writer, json_t *line, const struct incident *incident)
{
	json_t *object;

	put_text(writer, line, "format", incident->format);
	object = put_value(writer, line, "verdict", new_object());
	put_text(writer, object, "certainty", incident->certainty);
	put_text(writer, object, "rule", incident->rule);
	put_text(writer, object, "headline", incident->headline);
	put_text(writer, object, "place", incident->place);
	put_text(writer, line, "fingerprint", incident->fingerprint);
	put_text(writer, line, "fingerprint_exact", incident->exact);
	put_texts(writer, put_value(writer, line, "cause", new_array()), incident->cause.items, incident->cause.count);
	put_text(writer, line, "said", incident->said);
	put_texts(writer, put_value(writer, line, "functions", new_array()), incident->functions.items, incident->functions.count);
	put_number(writer, line, "died_in", true, (int64_t)incident->died_in);
	object = put_value(writer, line, "target", new_object());
	put_text(writer, object, "os", incident->os);
	put_text(writer, object, "arch", incident->arch);
	put_text(writer, object, "go_version", incident->go_version);
	put_text(writer, object, "program", incident->program);
	put_text(writer, object, "version", incident->version);
	put_text(writer, object, "revision", incident->revision);
	put_text(writer, object, "build", incident->build);
	object = put_value(writer, line, "machine", new_object());
	put_text(writer, object, "system", incident->system);
	put_text(writer, object, "cpu", incident->cpu);
}

bool incident_write(struct arena *arena, const struct incident *incident, FILE *out)
{
	struct writer *writer = arena_alloc(arena, sizeof *writer);
	json_t *line;

	writer->arena = arena;
	writer_start(writer, out);
	line = begin_value(writer, new_object());
	put_text(writer, line, "schema", "tornstack.triage/1");
	put_text(writer, line, "kind", incident->other ? "crash" : "input");
	put_file(writer, line, incident);
	put_place(writer, line, incident);
	if (incident->error_code)
		put_error(writer, line, incident->error_code, incident->error);
	else
		put_crash(writer, line, incident);
	return writer_end_line(writer);
}
