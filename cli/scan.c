/* scan.c: tornstack scan BINARY|ARCHIVE|DIR…. */
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/running.h"
#include "lib/tornstack.h"

#include <stdlib.h>

enum option_key { KEY_JSON = KEY_OWN, KEY_SARIF, KEY_EXIT_CODE };

struct command_line {
	struct running running;
	struct ts_scan_options options;
	const char **paths; /* ended by NULL */
	size_t count;
	bool exit_code;
};

static const struct argp_option options[] = {
	{"json", KEY_JSON, NULL, 0, "Print JSON (tornstack.scan/1) instead of text", 0},
	{"sarif", KEY_SARIF, NULL, 0, "Print SARIF 2.1.0, for code scanning", 0},
	{"exit-code", KEY_EXIT_CODE, NULL, 0, "Exit with 3 if something is exposed", 0},
	{0},
};

static const char formats[] = "one of --json and --sarif";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct command_line *line = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &line->running;
		return 0;
	case KEY_JSON:
		running_format(state, &line->options.format, TS_JSON, formats);
		return 0;
	case KEY_SARIF:
		running_format(state, &line->options.format, TS_SARIF, formats);
		return 0;
	case KEY_EXIT_CODE:
		line->exit_code = true;
		return 0;
	case ARGP_KEY_ARG:
		if (!*arg)
			argp_error(state, "the name of a file is empty");
		line->paths[line->count++] = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which executables? Give files, archives or folders");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void show_progress(void *context, size_t done, size_t total, const char *path)
{
	(void)context;
	progress_show_files("scanning", done, total, path);
}

static int run(struct command_line *line)
{
	struct output output;
	struct ts_result result;

	line->options.color = running_color(&line->running);
	line->options.columns = running_columns(&line->running);
	line->options.max_size = line->running.max_size;
	line->options.workers = line->running.workers;
	line->options.quiet = line->running.quiet;
	line->options.verbose = line->running.verbose;
	line->options.isolated = !line->running.exposed;
	line->options.progress = show_progress;
	if (!output_open(line->running.output, NULL, &output))
		return EXIT_FAILED;
	if (!line->running.unpaged)
		output_page(&output);
	result = ts_scan(line->paths, &line->options, output.file);
	running_exposed(&line->running, result.exposed);
	if (!output_end(&output, &result))
		return EXIT_FAILED;
	return result.outcome == TS_ANALYSED_CORRUPTION && line->exit_code ? EXIT_CORRUPTION : EXIT_OK;
}

int command_scan(int argc, char **argv)
{
	static const struct argp_child children[] = {{&running_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "BINARY|ARCHIVE|DIR...",
		.doc = "Finds code in Go executables (ELF, PE; amd64, arm64; stripped or not) that is exposed to a torn "
		       "stack, before it crashes. Executables in archives (deb, tar, zip, ...) are scanned as well, "
		       "and all in folders.\v"
		       "Exit status: 0 scanned, whatever was found; 1 something that was named could not be scanned; "
		       "2 wrong usage; 3 see --exit-code.",
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
