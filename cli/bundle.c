/* bundle.c: tornstack bundle DUMP -o FILE. */
#include "cli/cli.h"
#include "cli/redaction.h"
#include "cli/settings.h"

#include <stdlib.h>
#include <unistd.h>

struct command_line {
	struct settings settings;
};

static void finish(struct argp_state *state, struct settings *settings)
{
	if (settings->options.format != TS_TEXT)
		argp_error(state, "a bundle has reports in several formats");
	if (!settings->running.output && isatty(STDOUT_FILENO))
		argp_error(state, "where to? Give -o FILE, such as bug.tar.zst");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct command_line *line = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = state->child_inputs[1] = &line->settings;
		return 0;
	case ARGP_KEY_SUCCESS:
		finish(state, &line->settings);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* What the members of the archive tell (reproducible-builds.org/specs/source-date-epoch); else, always the same. */
static int64_t time_of(void)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	uint64_t seconds;

	return text && running_number(text, 0, INT64_MAX, &seconds) ? (int64_t)seconds : 0;
}

static struct ts_result make(const char *dump, const struct ts_options *ts, FILE *out)
{
	return ts_bundle(dump, ts, time_of(), out);
}

int command_bundle(int argc, char **argv)
{
	static const struct argp_child children[] = {{&redaction_argp, 0, NULL, 0}, {&settings_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.parser = parse,
		.args_doc = "DUMP|PID",
		.doc = "Makes one file that can be attached to a bug report: the report as text, Markdown, JSON and HTML, all goroutines, and the slim "
		       "dump that they were made of (of a log, its text) without what is nobody's business; with what it needs of the executable. "
		       "`tornstack FILE` reads it. Nothing is sent anywhere.\v"
		       "Exit status: 0 written; 1 could not be analysed or written; 2 wrong usage.",
		.children = children,
		.help_filter = running_help,
	};
	struct command_line line = {.settings = {.analyze = make}};
	int status;

	running_parse(&argp, argc, argv, &line);
	status = settings_run(&line.settings);
	return status == EXIT_CORRUPTION ? EXIT_OK : status;
}
