/* failure.c: what stands in place of a report that could not be made. */
#include "report/json/writer.h"

bool report_failure(struct arena *arena, const struct failure *failure, FILE *out)
{
	struct writer *writer = arena_alloc(arena, sizeof *writer);
	json_t *object;

	writer->arena = arena;
	writer_start(writer, out);
	stream_text(writer->stream, "{");
	text_section(writer, "schema", "tornstack.report/1");
	tool_section(writer, failure->version);
	object = begin_section(writer, "input");
	put_text(writer, object, "name", failure->input);
	dump_pending(writer);
	object = begin_section(writer, "error");
	put_text(writer, object, "code", failure->code);
	put_text(writer, object, "text", failure->text);
	dump_pending(writer);
	stream_text(writer->stream, "\n}\n");
	return writer_end(writer);
}
