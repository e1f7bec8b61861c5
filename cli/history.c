/* history.c: tornstack history [FINGERPRINT]: what was kept of many crashes. */
#include "cli/cli.h"
#include "cli/moment.h"
#include "cli/output.h"
#include "cli/running.h"
#include "lib/tornstack.h"

#include <string.h>
#include <time.h>

enum option_key { KEY_DB = KEY_OWN, KEY_JSON, KEY_HTML, KEY_OTLP, KEY_SINCE, KEY_METRICS, KEY_NOTE, KEY_ISSUE, KEY_RETAIN };

enum { SAID = 256 /* bytes of a note */ };

struct command_line {
	struct running running;
	struct ts_history_options options;
};

static const struct argp_option options[] = {
	{"db", KEY_DB, "FILE", 0, "The history, as tornstack triage --db keeps it; default: TORNSTACK_DB", 0},
	{"json", KEY_JSON, NULL, 0, "Print a line of JSON for each cluster (tornstack.triage/1)", 0},
	{"html", KEY_HTML, "DIR", 0, "Write static pages to DIR, for any web server or bucket: an index, and a page of each cluster", 0},
	{"otlp", KEY_OTLP, NULL, 0, "Print a log record of OpenTelemetry (OTLP, JSON) for each crash", 0},
	{"since", KEY_SINCE, "TIME", 0, "What was seen since then; exit status 4 if something is new: 24h, 7d, 2026-11-29", 0},
	{"metrics", KEY_METRICS, "FILE", 0, "Write metrics of Prometheus to FILE, for node_exporter's textfile collector", 0},
	{"note", KEY_NOTE, "TEXT", 0, "Attach a note to FINGERPRINT", 0},
	{"issue", KEY_ISSUE, "URL", 0, "Attach a link to an issue to FINGERPRINT", 0},
	{"retain", KEY_RETAIN, "TIME", 0, "Remove what was seen before then, but for how often it was: 90d", 0},
	{0},
};

static const char formats[] = "one of --json and --otlp";

static const char *said(struct argp_state *state, const char *option, const char *arg)
{
	if (!*arg || strlen(arg) > SAID)
		argp_error(state, "--%s: 1 to %d bytes", option, SAID);
	return arg;
}

static void set_fingerprint(struct argp_state *state, struct command_line *line, const char *arg)
{
	if (line->options.fingerprint)
		argp_error(state, "one FINGERPRINT at a time");
	if (!*arg || strspn(arg, "0123456789abcdef") != strlen(arg))
		argp_error(state, "'%s' is no fingerprint: these are 16 digits, 0 to 9 and a to f, or the first of them", arg);
	line->options.fingerprint = arg;
}

static void finish(struct argp_state *state, struct command_line *line)
{
	line->options.db = running_database(line->options.db);
	if (!line->options.db)
		argp_error(state, "which history? Give --db, or set TORNSTACK_DB");
	if ((line->options.note || line->options.issue) && !line->options.fingerprint)
		argp_error(state, "of which crash? Give its FINGERPRINT");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct command_line *line = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &line->running;
		return 0;
	case KEY_DB:
		line->options.db = arg;
		return 0;
	case KEY_JSON:
		running_format(state, &line->options.format, TS_JSON, formats);
		return 0;
	case KEY_HTML:
		line->options.pages = arg;
		return 0;
	case KEY_OTLP:
		running_format(state, &line->options.format, TS_OTLP, formats);
		return 0;
	case KEY_SINCE:
		line->options.since = moment_of(state, "since", arg);
		return 0;
	case KEY_METRICS:
		line->options.metrics = arg;
		return 0;
	case KEY_NOTE:
		line->options.note = said(state, "note", arg);
		return 0;
	case KEY_ISSUE:
		line->options.issue = said(state, "issue", arg);
		return 0;
	case KEY_RETAIN:
		line->options.retain = moment_of(state, "retain", arg);
		return 0;
	case ARGP_KEY_ARG:
		set_fingerprint(state, line, arg);
		return 0;
	case ARGP_KEY_END:
		finish(state, line);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int run(struct command_line *line)
{
	struct output output;
	struct ts_result result;

	line->options.now = (int64_t)time(NULL);
	line->options.color = running_color(&line->running);
	line->options.columns = running_columns(&line->running);
	line->options.quiet = line->running.quiet;
	line->options.verbose = line->running.verbose;
	if (!output_open(line->running.output, NULL, &output))
		return EXIT_FAILED;
	if (!line->running.unpaged)
		output_page(&output);
	result = ts_history(&line->options, output.file);
	if (!output_end(&output, &result))
		return EXIT_FAILED;
	return result.outcome == TS_NEWS ? EXIT_NEWS : EXIT_OK;
}

int command_history(int argc, char **argv)
{
	static const struct argp_child children[] = {{&running_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[FINGERPRINT]",
		.doc = "Says what a history knows, which `tornstack triage --db=FILE` adds to: all clusters, or that of one crash, with a report of it.\v"
		       "Exit status: 0 done; 1 the history cannot be read or written; 2 wrong usage; 4 with --since, something crashed in a way "
		       "that was not seen before.",
		.children = children,
		.help_filter = running_help,
	};
	struct command_line line = {0};

	running_parse(&argp, argc, argv, &line);
	return run(&line);
}
