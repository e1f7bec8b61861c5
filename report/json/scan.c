/* scan.c: writes what docs/scan.schema.json describes, keys in its order; each finding is one line. */
#include "report/json/writer.h"
#include "report/scan_report.h"

static void finding_value(struct writer *writer, const struct scan_finding *finding)
{
	json_t *object = begin_value(writer, new_object());
	const bool place = finding->is_place, fp = finding->rule == scan_rule_by_id("split-fp");

	put_text(writer, object, "rule", finding->rule->id);
	put_text(writer, object, "level", scan_level_name(finding->level));
	put_text(writer, object, "function", finding->function);
	put_text(writer, object, "package", finding->package && *finding->package ? finding->package : NULL);
	put_text(writer, object, "module", finding->module);
	put_address(writer, object, "pc", finding->has_pc, finding->pc);
	put_text(writer, object, "file", finding->file);
	put_number(writer, object, "line", finding->file && finding->line > 0, finding->line);
	put_number(writer, object, "sp_error", place && !fp, finding->error);
	if (fp)
		put_number(writer, object, "fp_error", true, finding->error);
	put_text(writer, object, "where", finding->where);
	put_number(writer, object, "frame", place, finding->frame);
	put_value(writer, object, "leaf", place ? bool_value(finding->leaf) : null_value());
	put_value(writer, object, "preemptible", place ? bool_value(finding->preemptible) : null_value());
	put_text(writer, object, "reason", finding->reason);
	if (finding->api) {
		put_text(writer, object, "api", finding->api);
		put_text(writer, object, "parameter", finding->parameter);
		put_number(writer, object, "frame_offset", true, -finding->below);
	}
	if (finding->stored) {
		put_number(writer, object, "stored", true, finding->stored);
		put_number(writer, object, "stored_at", true, finding->offset);
		put_number(writer, object, "return_at", true, finding->return_offset);
		put_value(writer, object, "callers", bool_value(finding->callers));
	}
	put_text(writer, object, "bug", finding->bug ? finding->bug->id : NULL);
	put_text(writer, object, "message", finding->message);
	put_text(writer, object, "fix", finding->fix);
	dump_pending(writer);
}

static void binary_value(struct writer *writer, const struct scanned *binary)
{
	json_t *object = begin_value(writer, new_object());

	put_text(writer, object, "path", binary->path);
	put_text(writer, object, "format", binary->format);
	put_text(writer, object, "os", binary->os);
	put_text(writer, object, "arch", binary->arch);
	put_text(writer, object, "build_id", binary->build_id);
	put_text(writer, object, "go_version", binary->go_version);
	put_text(writer, object, "main_module", binary->main_module);
	put_number(writer, object, "functions", true, (int64_t)binary->functions);
	put_number(writer, object, "stack_switching", true, (int64_t)binary->switching);
	put_number(writer, object, "exposed", true, (int64_t)binary->exposed);
	put_texts(writer, put_value(writer, object, "unchecked", new_array()), binary->unchecked.items,
		  binary->unchecked.count);
	stream_text(writer->stream, "{");
	dump_members(writer);
	stream_text(writer->stream, ",\"findings\":[");
	for (size_t i = 0; i < binary->findings.count && !writer_stopped(writer); i++) {
		stream_text(writer->stream, i ? ",\n   " : "\n   ");
		finding_value(writer, &binary->findings.items[i]);
	}
	stream_text(writer->stream, "]}");
}

static void binaries_section(struct writer *writer, const struct scan_batch *batch)
{
	begin_key(writer, "binaries");
	stream_text(writer->stream, "[");
	for (size_t i = 0; i < batch->binaries.count && !writer_stopped(writer); i++) {
		stream_text(writer->stream, i ? ",\n " : "\n ");
		binary_value(writer, &batch->binaries.items[i]);
	}
	stream_text(writer->stream, batch->binaries.count ? "\n]" : "]");
}

static void failures_section(struct writer *writer, const struct scan_batch *batch)
{
	open_array(writer, "failures");
	for (size_t i = 0; i < batch->failures.count; i++) {
		json_t *object = begin_item(writer);

		put_text(writer, object, "path", batch->failures.items[i].path);
		put_text(writer, object, "code", batch->failures.items[i].code);
		put_text(writer, object, "text", batch->failures.items[i].text);
		dump_pending(writer);
	}
	close_array(writer);
}

bool report_scan_json(struct arena *arena, const struct scan_batch *batch, const struct scan_report_options *options,
		      FILE *out)
{
	struct writer *writer = arena_alloc(arena, sizeof *writer);

	*writer = (struct writer){.arena = arena};
	writer_start(writer, out);
	stream_text(writer->stream, "{");
	text_section(writer, "schema", "tornstack.scan/1");
	tool_section(writer, options->version);
	binaries_section(writer, batch);
	failures_section(writer, batch);
	count_section(writer, "others", batch->others);
	stream_text(writer->stream, "\n}\n");
	return writer_end(writer);
}
