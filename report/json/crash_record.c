/* crash_record.c: what is known of a crash beside its report, under the names of systemd-coredump's journal fields (systemd.journal-fields(7),
 * systemd-coredump(8)), all of them texts. */
#include "report/json/writer.h"
#include "report/mask.h"

#include <string.h>

bool report_crash(struct arena *arena, const struct crash_field *fields, size_t count, FILE *out)
{
	struct writer *writer = arena_alloc(arena, sizeof *writer);

	writer->arena = arena;
	writer_start(writer, out);
	stream_text(writer->stream, "{");
	for (size_t i = 0; i < count; i++)
		if (fields[i].text)
			text_section(writer, fields[i].name,
				     strcmp(fields[i].name, "COREDUMP_CMDLINE") ? fields[i].text : mask_command(arena, fields[i].text));
	stream_text(writer->stream, "\n}\n");
	return writer_end(writer);
}
