/* slim.c: tornstack slim DUMP -o FILE. */
#include "cli/cli.h"
#include "cli/redaction.h"
#include "cli/settings.h"

#include <string.h>
#include <unistd.h>

enum option_key { KEY_LIST = KEY_OWN, KEY_WITH_TABLES };

struct command_line {
	struct settings settings;
};

static const struct argp_option options[] = {
	{"list", KEY_LIST, NULL, 0, "Write no dump, but what would be in it, and why", 0},
	{"with-tables", KEY_WITH_TABLES, NULL, 0, "Of a core: put in what is needed of the executable, so that nobody needs that", 0},
	{0},
};

static bool ends_with(const char *text, const char *end)
{
	const size_t length = strlen(text);

	return length >= strlen(end) && !strcmp(text + length - strlen(end), end);
}

static void finish(struct argp_state *state, struct settings *settings)
{
	const char *output = settings->running.output;

	if (settings->options.format != TS_TEXT)
		argp_error(state, "a slim dump is no report, and has no format");
	if (!output && !settings->options.listed && isatty(STDOUT_FILENO))
		argp_error(state, "where to? Give -o FILE; one that ends in .zst is compressed");
	settings->options.format = TS_SLIM;
	settings->options.compressed = output && !settings->options.listed && ends_with(output, ".zst");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct command_line *line = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = state->child_inputs[1] = &line->settings;
		return 0;
	case KEY_LIST:
		line->settings.options.listed = true;
		return 0;
	case KEY_WITH_TABLES:
		line->settings.options.tables = true;
		return 0;
	case ARGP_KEY_SUCCESS:
		finish(state, &line->settings);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int command_slim(int argc, char **argv)
{
	static const struct argp_child children[] = {{&redaction_argp, 0, NULL, 0}, {&settings_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "DUMP",
		.doc = "Makes a small dump of a large one: a core or minidump that holds only what the analysis read, gives the same "
		       "report, and opens in debuggers; without texts, arguments, and numbers that it does not need. An output whose name ends in "
		       ".zst is compressed.\v"
		       "Exit status: 0 written; 1 could not be analysed or written; 2 wrong usage.",
		.children = children,
		.help_filter = running_help,
	};
	struct command_line line = {0};
	int status;

	running_parse(&argp, argc, argv, &line);
	status = settings_run(&line.settings);
	return status == EXIT_CORRUPTION ? EXIT_OK : status;
}
