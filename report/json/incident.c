/* incident.c: a dump as one line among many: by what it is told from others, and what may differ among those that are alike. */
#include "report/content/build.h"
#include "report/content/frames.h"
#include "report/content/summary.h"
#include "report/fingerprint/fingerprint.h"
#include "report/fingerprint/subject.h"
#include "report/json/crashes.h"
#include "report/json/writer.h"
#include "report/mask.h"
#include "report/narrative/narrative.h"
#include "report/target.h"

#include "formats/dump/system.h"

#include <string.h>

enum { FUNCTIONS = 32 /* of a stack: more than a fingerprint takes */ };

static void put_verdict(struct writer *writer, json_t *line)
{
	const struct diagnosis *diagnosis = writer->diagnosis;
	const struct finding *finding = verdict_finding(diagnosis);
	json_t *object = put_value(writer, line, "verdict", new_object());

	put_text(writer, object, "certainty", finding ? certainty_name(finding->certainty)
					      : diagnosis->verdict.kind == VERDICT_HEALTHY ? "healthy" : "unknown");
	put_text(writer, object, "rule", finding ? finding->detector->id : NULL);
	put_text(writer, object, "headline", narrative_of(diagnosis)->headline);
	put_text(writer, object, "place", verdict_place(writer->arena, diagnosis));
}

static const char *module_version(const struct build_lines *lines)
{
	for (size_t i = 0; i < lines->items.count; i++)
		if (!strcmp(lines->items.items[i].kind, "mod") && lines->items.items[i].fields[1])
			return strcmp(lines->items.items[i].fields[1], "(devel)") ? lines->items.items[i].fields[1] : NULL;
	return NULL;
}

static void put_target(struct writer *writer, json_t *line, const char *build)
{
	const struct go_runtime *runtime = writer->analysis->runtime;
	const struct image *image = writer->analysis->image;
	const char *go = runtime->version.text;
	json_t *object = put_value(writer, line, "target", new_object());
	struct build_lines lines = {0};

	build_list(writer->arena, runtime, writer->options->unmasked, &lines);
	put_text(writer, object, "os", target_os(image));
	put_text(writer, object, "arch", target_arch(image));
	put_text(writer, object, "go_version", go ? arena_strndup(writer->arena, go, strcspn(go, " ")) : NULL);
	put_text(writer, object, "program", runtime->main_module ? runtime->main_module : image->program);
	put_text(writer, object, "version", module_version(&lines));
	put_text(writer, object, "revision", build_setting(&lines, "vcs.revision"));
	put_text(writer, object, "build", build);
}

/* "x86_64", or with what Windows tells of it. A log tells nothing of the machine. */
static const char *processor(struct writer *writer, struct image *image)
{
	const struct processors cpus = system_processors(image);

	if (cpus.has_model)
		return arena_printf(writer->arena, "family %u model %u stepping %u", (unsigned)cpus.level, (unsigned)cpus.model,
				    (unsigned)cpus.stepping);
	return cpus.platform;
}

static void put_machine(struct writer *writer, json_t *line)
{
	struct image *image = writer->analysis->image;
	json_t *object = put_value(writer, line, "machine", new_object());

	put_text(writer, object, "system", machine_system(image));
	put_text(writer, object, "cpu", image->record ? NULL : processor(writer, image));
}

/* Of what may be the words of users a key is enough. */
static void put_cause(struct writer *writer, json_t *line, const struct subject *subject, const char *said)
{
	json_t *array = put_value(writer, line, "cause", new_array());

	for (size_t i = 0; i < subject->causes; i++) {
		const char *word = subject->words.items[i];

		if (word == subject->unsettled)
			word = arena_printf(writer->arena, "said %s", said);
		put_texts(writer, array, &word, 1);
	}
}

bool report_incident_failure(struct arena *arena, const struct report_crash *crash, const char *code, const char *text, FILE *out)
{
	struct writer *writer = arena_alloc(arena, sizeof *writer);
	json_t *line;

	writer->arena = arena;
	writer_start(writer, out);
	line = begin_value(writer, new_object());
	if (crash)
		put_crash_place(writer, line, crash);
	put_error(writer, line, code, text);
	return writer_end_line(writer);
}

bool report_incident(const struct diagnosis *diagnosis, const struct report_options *options, FILE *out)
{
	struct writer *writer = arena_alloc(diagnosis->arena, sizeof *writer);
	const struct subject subject = subject_of(diagnosis, FUNCTIONS);
	const struct fingerprint fingerprint = fingerprint_of(diagnosis);
	json_t *line;

	*writer = (struct writer){.arena = diagnosis->arena, .diagnosis = diagnosis, .analysis = diagnosis->analysis, .options = options};
	writer_start(writer, out);
	line = begin_value(writer, new_object());
	put_text(writer, line, "format", writer->analysis->image->format);
	put_verdict(writer, line);
	put_text(writer, line, "fingerprint", fingerprint.across);
	put_text(writer, line, "fingerprint_exact", fingerprint.exact);
	put_cause(writer, line, &subject, fingerprint.said);
	put_text(writer, line, "said", fingerprint.said);
	put_texts(writer, put_value(writer, line, "functions", new_array()), subject.words.items + subject.causes,
		  subject.words.count - subject.causes);
	put_number(writer, line, "died_in", true, (int64_t)subject.innermost);
	put_target(writer, line, fingerprint.build);
	put_machine(writer, line);
	if (options->crash)
		put_crash_place(writer, line, options->crash);
	return writer_end_line(writer);
}
