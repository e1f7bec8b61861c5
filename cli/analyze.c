/* analyze.c: tornstack [analyze] DUMP. */
#include "cli/cli.h"
#include "cli/settings.h"

enum option_key { KEY_GOROUTINES = KEY_OWN, KEY_EXIT_CODE };

struct command_line {
	struct settings settings;
	bool exit_code;
};

static const struct argp_option options[] = {
	{NULL, 0, NULL, 0, "Commands, of which tornstack help COMMAND says more:", GROUP_COMMANDS},
#define COMMAND(name, operands, summary) {#name " " operands, 0, NULL, OPTION_DOC | OPTION_NO_USAGE, summary, GROUP_COMMANDS},
#include "cli/commands.def"
#undef COMMAND
	{"goroutines", KEY_GOROUTINES, "WHICH", 0, "groups (default), all, or only those of findings", GROUP_PRINTED},
	{"exit-code", KEY_EXIT_CODE, NULL, 0, "Exit with 3 if stack damage is certain or likely", GROUP_PRINTED},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	static const char *const goroutines[] = {"findings", "groups", "all", NULL};
	struct command_line *line = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &line->settings;
		return 0;
	case KEY_GOROUTINES:
		line->settings.options.goroutines =
			(enum ts_goroutines)running_choice(state, "goroutines", arg, goroutines);
		return 0;
	case KEY_EXIT_CODE:
		line->exit_code = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int command_analyze(int argc, char **argv)
{
	static const struct argp_child children[] = {{&settings_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "DUMP...|PID\nEXE DUMP\nCOMMAND ...",
		.doc = "Says what happened to a Go process from its core dump (linux) or minidump (windows), amd64 or arm64, also when its "
		       "stacks are corrupt and its executable is stripped; or from the log of its crash. DUMP may be "
		       "compressed (zstd, lz4, xz, gzip), and '-' is standard input. Of several, or of those in a "
		       "folder, each gets one line.\v"
		       "Exit status: 0 analysed, whatever was found; 1 could not be analysed; 2 wrong usage; 3 see "
		       "--exit-code.",
		.children = children,
		.help_filter = running_help,
	};
	struct command_line line = {.settings = {.several = true, .options = {.goroutines = TS_GOROUTINES_GROUPS, .every_crash = true}}};
	int status;

	running_parse(&argp, argc, argv, &line);
	status = settings_run(&line.settings);
	return status == EXIT_CORRUPTION && !line.exit_code ? EXIT_OK : status;
}
