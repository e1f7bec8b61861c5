/* scan.c: tornstack scan BINARY|ARCHIVE|DIR…. */
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/settings.h"

#include <stdlib.h>
#include <string.h>

enum option_key { KEY_JSON = KEY_OWN, KEY_SARIF, KEY_COLOR, KEY_MAX_SIZE, KEY_EXIT_CODE, KEY_USAGE };

struct command_line {
	struct ts_scan_options options;
	enum color_choice color;
	const char **paths; /* ended by NULL */
	size_t count;
	const char *output; /* NULL: standard output */
	bool exit_code;
};

static const struct argp_option options[] = {
	{"json", KEY_JSON, NULL, 0, "Print JSON (tornstack.scan/1) instead of text", 0},
	{"sarif", KEY_SARIF, NULL, 0, "Print SARIF 2.1.0, for code scanning", 0},
	{"exit-code", KEY_EXIT_CODE, NULL, 0, "Exit with 3 if something is exposed", 0},
	{"output", 'o', "FILE", 0, "Write to FILE, which is replaced only on success", 0},
	{"jobs", 'j', "N", 0, "Scan N files at a time (default: one per CPU)", 0},
	{"color", KEY_COLOR, "WHEN", 0, "auto (default), always, never", 0},
	{"max-size", KEY_MAX_SIZE, "SIZE", 0, "Limit of a file in an archive (default 4G)", 0},
	{"quiet", 'q', NULL, 0, "Print the first line only", 0},
	{"verbose", 'v', NULL, 0, "List what does no damage, too", 0},
	{"help", 'h', NULL, 0, "Print this help", -1},
	{"usage", KEY_USAGE, NULL, OPTION_HIDDEN, NULL, -1},
	{0},
};

static void set_format(struct argp_state *state, struct command_line *line, enum ts_format format)
{
	if (line->options.format != TS_TEXT && line->options.format != format)
		argp_error(state, "one of --json and --sarif");
	line->options.format = format;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	static const char *const colors[] = {"auto", "always", "never", NULL};
	struct command_line *line = state->input;

	switch (key) {
	case KEY_JSON:
		set_format(state, line, TS_JSON);
		return 0;
	case KEY_SARIF:
		set_format(state, line, TS_SARIF);
		return 0;
	case KEY_EXIT_CODE:
		line->exit_code = true;
		return 0;
	case 'o':
		line->output = strcmp(arg, "-") ? arg : NULL;
		return 0;
	case 'j':
		line->options.workers = settings_jobs(state, arg);
		return 0;
	case KEY_COLOR:
		line->color = (enum color_choice)settings_choice(state, "color", arg, colors);
		return 0;
	case KEY_MAX_SIZE:
		line->options.max_size = settings_size(state, arg);
		return 0;
	case 'q':
		line->options.quiet = true;
		return 0;
	case 'v':
		line->options.verbose = true;
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case KEY_USAGE:
		argp_state_help(state, stdout, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
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
	const char *slash = strrchr(path, '/');

	(void)context;
	if (done == total)
		progress_erase();
	else
		progress_show(&(struct progress_line){.doing = "scanning", .done = done, .total = total,
						      .name = slash ? slash + 1 : path});
}

static int run(struct command_line *line)
{
	struct output output;
	struct ts_result result;

	line->options.color = settings_color(line->color, line->output);
	line->options.columns = settings_columns(line->output);
	line->options.progress = show_progress;
	if (!output_open(line->output, NULL, &output))
		return EXIT_FAILED;
	result = ts_scan(line->paths, &line->options, output.file);
	if (result.outcome == TS_FAILED || result.outcome == TS_CANCELLED) {
		output_discard(&output);
		cli_complain("%s", result.error);
		return EXIT_FAILED;
	}
	if (!output_keep(&output) || result.outcome == TS_PARTIAL)
		return EXIT_FAILED;
	return result.outcome == TS_ANALYSED_CORRUPTION && line->exit_code ? EXIT_CORRUPTION : EXIT_OK;
}

int command_scan(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "BINARY|ARCHIVE|DIR...",
		.doc = "Finds code in Go executables (ELF, PE; amd64, arm64; stripped or not) that is exposed to a torn "
		       "stack, before it crashes. Executables in archives (deb, tar, zip, ...) are scanned as well, "
		       "and all in folders.\v"
		       "Exit status: 0 scanned, whatever was found; 1 something that was named could not be scanned; "
		       "2 wrong usage; 3 see --exit-code.",
		.help_filter = settings_help,
	};
	struct command_line line = {.paths = calloc((size_t)argc + 1, sizeof(char *))};
	int status;

	if (!line.paths)
		return EXIT_FAILED;
	settings_parse(&argp, argc, argv, &line);
	status = run(&line);
	free(line.paths);
	return status;
}
