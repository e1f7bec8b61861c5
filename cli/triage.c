/* triage.c: tornstack triage PATH…: many dumps, put together by their causes. */
#include "cli/cli.h"
#include "cli/moment.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/running.h"
#include "lib/tornstack.h"

#include <stdlib.h>

enum { EXE_LIMIT = 64 };

enum option_key { KEY_EXE = KEY_OWN, KEY_SYMBOLS, KEY_SYSROOT, KEY_JSON, KEY_HTML, KEY_STATE, KEY_WATCH, KEY_UNMASKED, KEY_DB, KEY_UNREDACTED, KEY_OTLP, KEY_SINCE, KEY_METRICS };

struct command_line {
	struct running running;
	struct ts_options analysis;
	struct ts_triage_options options;
	const char *executables[EXE_LIMIT + 1];
	size_t executable_count;
	const char **paths; /* ended by NULL */
	size_t count;
};

static const struct argp_option options[] = {
	{"exe", KEY_EXE, "FILE", 0, "An executable that crashed; may be repeated", 0},
	{"symbols", KEY_SYMBOLS, "DIR", 0, "Look for executables and libraries in DIR, by name and build-id", 0},
	{"sysroot", KEY_SYSROOT, "DIR", 0, "Where paths in the dumps begin; default: this machine's root", 0},
	{"json", KEY_JSON, NULL, 0, "Print a line of JSON for each input and each cluster (tornstack.triage/1)", 0},
	{"html", KEY_HTML, NULL, 0, "Print one page that needs no network and no script", 0},
	{"state", KEY_STATE, "FILE", 0, "Keep in FILE what was done, and go on from there", 0},
	{"watch", KEY_WATCH, "DIR", 0, "Go on with what comes to DIR, until interrupted", 0},
	{"db", KEY_DB, "FILE", 0, "Add what is found to the history in FILE; default: TORNSTACK_DB", 0},
	{"unredacted", KEY_UNREDACTED, NULL, 0, "What goes there may have texts that the programs said", 0},
	{"otlp", KEY_OTLP, NULL, 0, "Print a log record of OpenTelemetry (OTLP, JSON) for each crash", 0},
	{"since", KEY_SINCE, "TIME", 0, "Clusters seen since then; exit status 4 if one is new: 24h, 7d, 2026-11-29", 0},
	{"metrics", KEY_METRICS, "FILE", 0, "Write metrics of Prometheus to FILE, for node_exporter's textfile collector", 0},
	{"unmasked", KEY_UNMASKED, NULL, 0, "Show values of flags and variables, and why files that the dumps name are not used", 0},
	{0},
};

static const char formats[] = "one of --json, --html and --otlp";

static void add_executable(struct argp_state *state, struct command_line *line, const char *arg)
{
	if (line->executable_count == EXE_LIMIT)
		argp_error(state, "--exe may be given %d times at most", EXE_LIMIT);
	line->executables[line->executable_count++] = arg;
	line->analysis.executables = line->executables;
}

static void add_path(struct argp_state *state, struct command_line *line, const char *arg)
{
	if (!*arg)
		argp_error(state, "the name of a dump is empty");
	line->paths[line->count++] = arg;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct command_line *line = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &line->running;
		return 0;
	case KEY_EXE:
		add_executable(state, line, arg);
		return 0;
	case KEY_SYMBOLS:
		line->analysis.symbols_dir = arg;
		return 0;
	case KEY_SYSROOT:
		line->analysis.sysroot = arg;
		return 0;
	case KEY_JSON:
		running_format(state, &line->options.format, TS_JSON, formats);
		return 0;
	case KEY_HTML:
		running_format(state, &line->options.format, TS_HTML, formats);
		return 0;
	case KEY_DB:
		line->options.db = arg;
		return 0;
	case KEY_UNREDACTED:
		line->options.unredacted = true;
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
	case KEY_STATE:
		line->options.state = arg;
		return 0;
	case KEY_WATCH:
		line->options.watch = true;
		add_path(state, line, arg);
		return 0;
	case KEY_UNMASKED:
		line->analysis.unmasked = true;
		return 0;
	case ARGP_KEY_ARG:
		add_path(state, line, arg);
		return 0;
	case ARGP_KEY_END:
		if (!line->count && !line->options.state)
			argp_error(state, "which dumps? Give files, folders, patterns, or '-' for names on standard input");
		if (line->options.watch && (line->options.format == TS_HTML || line->running.output))
			argp_error(state, "what --watch finds goes to standard output, as text or --json");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void show_progress(void *context, size_t done, size_t total, const char *path)
{
	(void)context;
	progress_show_files("analysing", done, total, path);
}

static void complain(void *context, const char *text)
{
	(void)context;
	cli_complain("%s", text);
}

static void set_options(struct command_line *line)
{
	struct ts_triage_options *set = &line->options;

	set->color = running_color(&line->running);
	set->columns = running_columns(&line->running);
	set->workers = line->running.workers;
	set->quiet = line->running.quiet;
	set->verbose = line->running.verbose;
	line->analysis.max_size = line->running.max_size;
	line->analysis.isolated = !line->running.exposed;
	set->db = running_database(set->db);
	set->progress = show_progress;
	set->complain = complain;
}

static int run(struct command_line *line)
{
	struct output output;
	struct ts_result result;

	set_options(line);
	if (!output_open(line->running.output, NULL, &output))
		return EXIT_FAILED;
	if (!line->running.unpaged && !line->options.watch)
		output_page(&output);
	result = ts_triage(line->paths, &line->analysis, &line->options, output.file);
	progress_erase();
	running_exposed(&line->running, result.exposed);
	if (!output_end(&output, &result))
		return EXIT_FAILED;
	return result.outcome == TS_NEWS ? EXIT_NEWS : EXIT_OK;
}

int command_triage(int argc, char **argv)
{
	static const struct argp_child children[] = {{&running_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "DUMP|LOG|DIR|PATTERN|-...",
		.doc = "Analyses many dumps and logs of crashes, each in a child of its own, and puts together those of one cause. Folders are "
		       "searched through; '-' stands for names on standard input, one a line.\v"
		       "Exit status: 0 analysed, whatever was found; 1 something could not be analysed; 2 wrong usage; 4 with --since, something crashed "
		       "in a way that was not seen before, even if something else could not be analysed.",
		.children = children,
		.help_filter = running_help,
	};
	struct command_line line = {.paths = calloc((size_t)argc + 1, sizeof(char *))};
	int status;

	if (!line.paths) {
		cli_complain("no memory");
		return EXIT_FAILED;
	}
	running_parse(&argp, argc, argv, &line);
	status = run(&line);
	free(line.paths);
	return status;
}
