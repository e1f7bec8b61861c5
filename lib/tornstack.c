/* tornstack.c: the public entry. */
#include "lib/tornstack.h"

#include "golang/wait_reasons.h"
#include "lib/analysis.h"
#include "lib/intake.h"
#include "lib/isolated.h"
#include "lib/live.h"
#include "lib/options.h"
#include "lib/result.h"
#include "report/report.h"
#include "report/scan_report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { EXPLAIN_BUDGET = 1 << 20 };

const char *ts_version(void)
{
	return TORNSTACK_VERSION;
}

struct ts_result ts_analyze_sized(const char *dump, const struct ts_options *given, size_t size, FILE *out)
{
	struct ts_result result = {0};
	struct ts_options options;

	if (!options_take(given, size, &options, sizeof options, &result))
		return result;
	if (options.format == TS_SARIF || options.format == TS_OTLP || (unsigned)options.format > TS_SLIM) {
		result_fail(&result, ERR_UNSUPPORTED, "a report of a dump has no such format: see enum ts_format");
		return result;
	}
	if (options.pid)
		return live_run(&options, out);
	return options.isolated ? isolated_run(dump, &options, out) : analysis_run(dump, &options, out);
}

struct failing {
	struct arena *arena;
	struct failure failure;
	FILE *out;
	bool written;
};

static void write_failure(void *context)
{
	struct failing *failing = context;

	char *text = NULL;
	size_t size = 0;
	FILE *whole = open_memstream(&text, &size); /* not half an object when memory runs out */

	if (!whole)
		return;
	failing->written = report_failure(failing->arena, &failing->failure, whole);
	failing->written = !fclose(whole) && failing->written && fwrite(text, 1, size, failing->out) == size;
	free(text);
}

bool ts_failure(const char *dump, const struct ts_result *result, FILE *out)
{
	const char *slash = strrchr(dump, '/');
	struct failing failing = {
		.arena = arena_new(EXPLAIN_BUDGET),
		.failure = {.version = TORNSTACK_VERSION, .input = slash ? slash + 1 : dump, .code = result->error_code,
			    .text = result->error},
		.out = out,
	};

	if (failing.arena)
		arena_run(failing.arena, write_failure, &failing);
	arena_free(failing.arena);
	return failing.written;
}

bool ts_take_core(int output, uint64_t room, bool isolated, bool (*asked)(void *context), void *context, struct ts_core *ret,
		  char *why, size_t size)
{
	struct core_intake intake = {0};
	const struct cancel cancel = {asked, context};
	const bool taken = intake_run(output, room, isolated, &cancel, &intake, why, size);

	*ret = (struct ts_core){intake.size, intake.left_out, intake.broken_off};
	return taken;
}

struct recording {
	struct arena *arena;
	const struct ts_field *fields;
	size_t count;
	FILE *out;
	bool written;
};

static void record_crash(void *context)
{
	struct recording *recording = context;
	struct crash_field *fields = arena_array(recording->arena, recording->count, sizeof *fields);

	for (size_t i = 0; i < recording->count; i++)
		fields[i] = (struct crash_field){recording->fields[i].name, recording->fields[i].text};
	recording->written = report_crash(recording->arena, fields, recording->count, recording->out);
}

bool ts_crash_record(const struct ts_field *fields, size_t count, FILE *out)
{
	struct recording recording = {.arena = arena_new(EXPLAIN_BUDGET), .fields = fields, .count = count, .out = out};

	if (recording.arena)
		arena_run(recording.arena, record_crash, &recording);
	arena_free(recording.arena);
	return recording.written;
}

struct explanation {
	struct arena *arena;
	const char *id;
	FILE *out;
	bool found;
};

static void explain(void *context)
{
	struct explanation *explanation = context;
	const struct detector *detector = explanation->id ? detector_by_id(explanation->id) : NULL;
	const struct known_bug *bug = explanation->id && !detector ? known_bug_named(explanation->id) : NULL;
	const struct scan_rule *rule = explanation->id && !detector ? scan_rule_by_id(explanation->id) : NULL;

	if (!explanation->id) {
		report_rules(explanation->arena, explanation->out);
		explanation->found = true;
		return;
	}
	explanation->found = detector || bug || rule;
	if (detector)
		report_rule(explanation->arena, detector, 0, explanation->out);
	else if (bug)
		report_bug(explanation->arena, bug, 0, explanation->out);
	else if (rule)
		report_scan_rule(explanation->arena, rule, 0, explanation->out);
}

bool ts_explain(const char *id, FILE *out)
{
	struct explanation explanation = {.arena = arena_new(EXPLAIN_BUDGET), .id = id, .out = out};

	const bool completed = explanation.arena && arena_run(explanation.arena, explain, &explanation);

	arena_free(explanation.arena);
	errno = completed ? 0 : ENOMEM;
	return completed && explanation.found;
}

bool ts_state_known(const char *text)
{
	const char *state;

	for (size_t i = 0; (state = goroutine_state_name(i)); i++)
		if (goroutine_state_means(text, state))
			return true;
	return false;
}

const char *ts_state(size_t index)
{
	return goroutine_state_name(index);
}
