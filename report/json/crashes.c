/* crashes.c: see crashes.h. */
#include "report/json/crashes.h"

#include "report/content/crashes.h"
#include "report/history.h"

static void put_entry(struct writer *writer, json_t *object, const struct crash_entry *entry)
{
	put_number(writer, object, "number", true, (int64_t)entry->number);
	put_number(writer, object, "first_line", true, (int64_t)entry->first_line);
	put_number(writer, object, "last_line", true, (int64_t)entry->last_line);
	put_text(writer, object, "certainty", entry->certainty);
	put_text(writer, object, "rule", entry->rule);
	put_text(writer, object, "headline", entry->headline);
	put_text(writer, object, "place", entry->place);
	put_text(writer, object, "fingerprint", entry->fingerprint);
	put_text(writer, object, "fingerprint_exact", entry->exact);
	put_number(writer, object, "report", entry->report != CRASH_UNREPORTED, (int64_t)entry->report);
	if (entry->error_code)
		put_error(writer, object, entry->error_code, entry->error);
}

void put_crash_place(struct writer *writer, json_t *line, const struct report_crash *crash)
{
	json_t *object = put_value(writer, line, "crash", new_object());

	put_number(writer, object, "number", crash->number, (int64_t)crash->number);
	put_number(writer, object, "of", crash->total, (int64_t)crash->total);
	put_text(writer, object, "sha256", crash->digest);
	put_text(writer, object, "seen", crash->seen < 0 ? NULL : history_time(writer->arena, crash->seen));
}

void crashes_section(struct writer *writer)
{
	const struct crash_list *crashes = writer->options->crashes;
	json_t *object;

	begin_key(writer, "crashes");
	stream_text(writer->stream, "{");
	object = begin_value(writer, new_object());
	put_number(writer, object, "total", true, (int64_t)crashes->total);
	dump_members(writer);
	stream_text(writer->stream, ",\"list\":[");
	for (size_t i = 0; i < crashes->count; i++) {
		stream_text(writer->stream, i ? ",\n" : "\n");
		put_entry(writer, begin_value(writer, new_object()), &crashes->items[i]);
		dump_pending(writer);
	}
	stream_text(writer->stream, "\n],\"reports\":[\n");
}

void report_json_between(struct arena *arena, const struct report_options *options, FILE *out)
{
	(void)arena;
	if (options->crash_report > 1) /* the first is the document itself */
		fputs(",\n", out);
}

void report_json_end(struct arena *arena, const struct report_options *options, FILE *out)
{
	(void)arena;
	(void)options;
	fputs("]}\n}\n", out);
}
