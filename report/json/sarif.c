/* sarif.c: SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"): one run, a result for each finding.
 * A result is located in the source, where it is to be mended, if the executable names it; the executable is its
 * analysis target. */
#include "report/json/writer.h"
#include "report/scan_report.h"

#include <inttypes.h>
#include <string.h>

#define SCHEMA "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

/* RFC 3986: what is neither unreserved nor a slash is %xx; an absolute path becomes a file URI. */
static const char *uri_of(struct arena *arena, const char *path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
	const bool drive = path[0] && path[1] == ':' && path[2] == '/';
	const char *prefix = *path == '/' ? "file://" : drive ? "file:///" : "";
	char *uri = arena_alloc(arena, strlen(prefix) + 3 * strlen(path) + 1);
	char *at = stpcpy(uri, prefix);

	for (const char *from = path; *from; from++) {
		if (strchr(plain, *from) || (drive && from == path + 1))
			*at++ = *from;
		else
			at += sprintf(at, "%%%02X", (unsigned char)*from);
	}
	return uri;
}

static void put_message(struct writer *writer, json_t *object, const char *key, const char *text)
{
	put_text(writer, put_value(writer, object, key, new_object()), "text", text);
}

static void put_artifact(struct writer *writer, json_t *object, const char *key, const char *path)
{
	put_text(writer, put_value(writer, object, key, new_object()), "uri", uri_of(writer->arena, path));
}

static void put_rule(struct writer *writer, json_t *rules, const struct scan_rule *rule)
{
	json_t *object = push_value(writer, rules, new_object());

	put_text(writer, object, "id", rule->id);
	put_message(writer, object, "shortDescription", rule->title);
	put_message(writer, object, "fullDescription", rule->explanation);
	put_message(writer, object, "help", rule->explanation);
}

static void tool_key(struct writer *writer, const struct scan_report_options *options)
{
	json_t *tool = begin_value(writer, new_object());
	json_t *driver = put_value(writer, tool, "driver", new_object());
	json_t *rules;

	put_text(writer, driver, "name", "tornstack");
	put_text(writer, driver, "version", options->version);
	rules = put_value(writer, driver, "rules", new_array());
	for (size_t i = 0; scan_rules[i]; i++)
		put_rule(writer, rules, scan_rules[i]);
	dump_pending(writer);
}

/* ---- what could not be checked ---- */

static void put_notification(struct writer *writer, json_t *notifications, const char *level, const char *path,
			     const char *text)
{
	json_t *object = push_value(writer, notifications, new_object());
	json_t *location;

	put_text(writer, object, "level", level);
	put_message(writer, object, "message", text);
	location = push_value(writer, put_value(writer, object, "locations", new_array()), new_object());
	put_artifact(writer, put_value(writer, location, "physicalLocation", new_object()), "artifactLocation", path);
}

static void invocation_key(struct writer *writer, const struct scan_batch *batch)
{
	json_t *invocation = push_value(writer, begin_value(writer, new_array()), new_object());
	json_t *notifications;

	put_bool(writer, invocation, "executionSuccessful", !batch->failures.count);
	notifications = put_value(writer, invocation, "toolExecutionNotifications", new_array());
	for (size_t i = 0; i < batch->failures.count; i++)
		put_notification(writer, notifications, "error", batch->failures.items[i].path,
				 batch->failures.items[i].text);
	for (size_t i = 0; i < batch->binaries.count; i++)
		for (size_t k = 0; k < batch->binaries.items[i].unchecked.count; k++)
			put_notification(writer, notifications, "note", batch->binaries.items[i].path,
					 batch->binaries.items[i].unchecked.items[k]);
	dump_pending(writer);
}

/* ---- results ---- */

static size_t rule_index(const struct scan_rule *rule)
{
	size_t index = 0;

	while (scan_rules[index] != rule)
		index++;
	return index;
}

static void put_location(struct writer *writer, json_t *result, const struct scanned *binary,
			 const struct scan_finding *finding)
{
	json_t *location = push_value(writer, put_value(writer, result, "locations", new_array()), new_object());
	json_t *physical = put_value(writer, location, "physicalLocation", new_object());
	json_t *logical, *address;

	put_artifact(writer, physical, "artifactLocation", finding->file ? finding->file : binary->path);
	if (finding->file && finding->line > 0)
		put_number(writer, put_value(writer, physical, "region", new_object()), "startLine", true,
			   finding->line);
	if (finding->has_pc && finding->pc <= INT64_MAX) {
		address = put_value(writer, physical, "address", new_object());
		put_number(writer, address, "absoluteAddress", true, (int64_t)finding->pc);
		put_text(writer, address, "kind", finding->function ? "instruction" : "data");
	}
	if (!finding->function)
		return;
	logical = push_value(writer, put_value(writer, location, "logicalLocations", new_array()), new_object());
	put_text(writer, logical, "fullyQualifiedName", finding->function);
	put_text(writer, logical, "kind", "function");
}

/* What stays the same when the program is built again. */
static const char *fingerprint(struct writer *writer, const struct scan_finding *finding)
{
	const char *of = finding->function ? finding->function : finding->bug ? finding->bug->id : "";

	if (finding->api)
		return arena_printf(writer->arena, "%s:%s:%s:%s", finding->rule->id, of, finding->api,
				    finding->parameter);
	return arena_printf(writer->arena, "%s:%s:%s:%" PRId64 ":%d", finding->rule->id, of,
			    finding->where ? finding->where : "", finding->error, finding->line);
}

static void result_value(struct writer *writer, const struct scanned *binary, const struct scan_finding *finding)
{
	json_t *result = begin_value(writer, new_object());

	put_text(writer, result, "ruleId", finding->rule->id);
	put_number(writer, result, "ruleIndex", true, (int64_t)rule_index(finding->rule));
	put_text(writer, result, "level", scan_level_name(finding->level));
	put_message(writer, result, "message",
		    finding->fix ? arena_printf(writer->arena, "%s. What to do: %s.", finding->message, finding->fix)
				 : finding->message);
	put_artifact(writer, result, "analysisTarget", binary->path);
	put_location(writer, result, binary, finding);
	put_text(writer, put_value(writer, result, "partialFingerprints", new_object()), "tornstackPlace/v1",
		 fingerprint(writer, finding));
	dump_pending(writer);
}

static void results_key(struct writer *writer, const struct scan_batch *batch)
{
	bool first = true;

	stream_text(writer->stream, "[");
	for (size_t i = 0; i < batch->binaries.count; i++) {
		const struct scanned *binary = &batch->binaries.items[i];

		for (size_t k = 0; k < binary->findings.count && !writer_stopped(writer); k++, first = false) {
			stream_text(writer->stream, first ? "\n " : ",\n ");
			result_value(writer, binary, &binary->findings.items[k]);
		}
	}
	stream_text(writer->stream, first ? "]" : "\n]");
}

bool report_sarif(struct arena *arena, const struct scan_batch *batch, const struct scan_report_options *options,
		  FILE *out)
{
	struct writer *writer = arena_alloc(arena, sizeof *writer);

	*writer = (struct writer){.arena = arena};
	writer_start(writer, out);
	stream_text(writer->stream,
		    "{\n\"$schema\": \"" SCHEMA "\",\n\"version\": \"2.1.0\",\n\"runs\": [{\n\"tool\": ");
	tool_key(writer, options);
	stream_text(writer->stream, ",\n\"invocations\": ");
	invocation_key(writer, batch);
	stream_text(writer->stream, ",\n\"columnKind\": \"utf16CodeUnits\",\n\"results\": ");
	results_key(writer, batch);
	stream_text(writer->stream, "\n}]\n}\n");
	return writer_end(writer);
}
