/* records.c: crashes for collectors of logs: OTLP (opentelemetry.io/docs/specs/otlp, logs.proto 1.x) in its JSON. Attributes have the names of
 * OpenTelemetry's semantic conventions where these have one. */
#include "fleet/views.h"

#include "report/json/writer.h"

#include <inttypes.h>

enum { FATAL = 21 /* SEVERITY_NUMBER_FATAL */ };

static void put_attribute(struct writer *writer, json_t *attributes, const char *key, const char *text)
{
	json_t *attribute;

	if (!text)
		return;
	attribute = push_value(writer, attributes, new_object());
	put_text(writer, attribute, "key", key);
	put_text(writer, put_value(writer, attribute, "value", new_object()), "stringValue", text);
}

static void put_resource(struct writer *writer, json_t *resource, const struct incident *incident)
{
	json_t *attributes = put_value(writer, resource, "attributes", new_array());

	put_attribute(writer, attributes, "service.name", incident->program);
	put_attribute(writer, attributes, "service.version", incident->version ? incident->version : incident->revision);
	put_attribute(writer, attributes, "host.name", incident->host);
	put_attribute(writer, attributes, "host.arch", incident->arch);
	put_attribute(writer, attributes, "os.type", incident->os);
	put_attribute(writer, attributes, "process.runtime.name", "go");
	put_attribute(writer, attributes, "process.runtime.version", incident->go_version);
}

static void put_record(struct writer *writer, json_t *record, const struct incident *incident)
{
	json_t *attributes;

	put_text(writer, record, "timeUnixNano", arena_printf(writer->arena, "%" PRIu64 "000000000", (uint64_t)incident->seen));
	put_number(writer, record, "severityNumber", true, FATAL);
	put_text(writer, record, "severityText", "FATAL");
	put_text(writer, record, "eventName", "tornstack.crash");
	put_text(writer, put_value(writer, record, "body", new_object()), "stringValue",
		 incident->headline ? incident->headline : incident->rule ? incident->rule : incident->certainty);
	attributes = put_value(writer, record, "attributes", new_array());
	put_attribute(writer, attributes, "tornstack.fingerprint", incident->fingerprint);
	put_attribute(writer, attributes, "tornstack.fingerprint_exact", incident->exact);
	put_attribute(writer, attributes, "tornstack.certainty", incident->certainty);
	put_attribute(writer, attributes, "tornstack.rule", incident->rule);
	put_attribute(writer, attributes, "tornstack.place", incident->place);
	put_attribute(writer, attributes, "tornstack.build", incident->build);
	put_attribute(writer, attributes, "tornstack.sha256", incident->hash);
	put_attribute(writer, attributes, "tornstack.crash", incident->crash ? arena_printf(writer->arena, "%zu of %zu", incident->number, incident->total) : NULL);
	put_attribute(writer, attributes, "tornstack.crash_sha256", incident->crash);
	put_attribute(writer, attributes, "log.file.path", incident->path);
}

bool view_record(struct arena *arena, const struct incident *incident, FILE *out)
{
	struct writer *writer = arena_alloc(arena, sizeof *writer);
	json_t *line, *logs, *scope;

	writer->arena = arena;
	writer_start(writer, out);
	line = begin_value(writer, new_object());
	logs = push_value(writer, put_value(writer, line, "resourceLogs", new_array()), new_object());
	put_resource(writer, put_value(writer, logs, "resource", new_object()), incident);
	scope = push_value(writer, put_value(writer, logs, "scopeLogs", new_array()), new_object());
	put_text(writer, put_value(writer, scope, "scope", new_object()), "name", "tornstack");
	put_record(writer, push_value(writer, put_value(writer, scope, "logRecords", new_array()), new_object()), incident);
	return writer_end_line(writer);
}
