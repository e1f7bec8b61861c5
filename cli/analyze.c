/* analyze.c: tornstack [analyze] DUMP. */
#include "cli/cli.h"

#include "cli/output.h"
#include "lib/tornstack.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { EXE_LIMIT = 64, COLUMNS = 100, LEAST_COLUMNS = 72 };

enum option_key {
	KEY_EXE = 0x100,
	KEY_SYMBOLS,
	KEY_JSON,
	KEY_GOROUTINES,
	KEY_COLOR,
	KEY_MAX_SIZE,
	KEY_EXIT_CODE,
	KEY_USAGE
};

enum color_choice { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct settings {
	struct ts_options options;
	const char *executables[EXE_LIMIT + 1];
	size_t executable_count;
	enum color_choice color;
	const char *dump;
	const char *output; /* NULL: standard output */
	bool exit_code;
};

static const struct argp_option options[] = {
	{"exe", KEY_EXE, "FILE", 0, "The executable that crashed; may be repeated", 0},
	{"symbols", KEY_SYMBOLS, "DIR", 0, "Look for executables in DIR, by name and build-id", 0},
	{"json", KEY_JSON, NULL, 0, "Print JSON (tornstack.report/1) instead of text", 0},
	{"output", 'o', "FILE", 0, "Write to FILE, which is replaced only on success", 0},
	{"goroutines", KEY_GOROUTINES, "WHICH", 0, "groups (default), all, or only those of findings", 0},
	{"color", KEY_COLOR, "WHEN", 0, "auto (default), always, never", 0},
	{"max-size", KEY_MAX_SIZE, "SIZE", 0, "Limit of the decompressed dump (default 64G)", 0},
	{"exit-code", KEY_EXIT_CODE, NULL, 0, "Exit with 3 if stack damage is certain or likely", 0},
	{"quiet", 'q', NULL, 0, "Print the verdict's line only", 0},
	{"verbose", 'v', NULL, 0, "Also weaker evidence and every thread", 0},
	{"help", 'h', NULL, 0, "Print this help", -1},
	{"usage", KEY_USAGE, NULL, OPTION_HIDDEN, NULL, -1},
	{"version", 'V', NULL, 0, "Print the version", -1},
	{0},
};

static int choice(struct argp_state *state, const char *option, const char *arg, const char *const *names)
{
	for (int i = 0; names[i]; i++)
		if (!strcmp(arg, names[i]))
			return i;
	argp_error(state, "--%s=%s: it must be one of %s, %s, %s", option, arg, names[0], names[1], names[2]);
	return 0;
}

/* "512M", "2GiB", "100000" */
static uint64_t size_of(struct argp_state *state, const char *arg)
{
	static const char suffixes[] = "KMGT";
	char *end;
	const char *suffix;
	unsigned shift = 0;
	unsigned long long value;

	errno = 0;
	value = strtoull(arg, &end, 10);
	suffix = *end ? strchr(suffixes, *end & ~0x20) : NULL;
	if (suffix) {
		shift = 10 * (unsigned)(suffix - suffixes + 1);
		end++;
		end += *end == 'i';
		end += *end == 'B';
	}
	if (errno || *end || end == arg || *arg == '-' || !value || value > UINT64_MAX >> shift)
		argp_error(state, "--max-size=%s: it must be a size such as 512M or 8G", arg);
	return value << shift;
}

static void add_executable(struct argp_state *state, struct settings *settings, const char *arg)
{
	if (settings->executable_count == EXE_LIMIT)
		argp_error(state, "--exe may be given %d times at most", EXE_LIMIT);
	settings->executables[settings->executable_count++] = arg;
	settings->options.executables = settings->executables;
}

static void set_dump(struct argp_state *state, struct settings *settings, const char *arg)
{
	if (settings->dump)
		argp_error(state, "one DUMP at a time, not '%s' and '%s'; an executable is given with --exe",
			   settings->dump, arg);
	if (!*arg)
		argp_error(state, "the name of the dump is empty");
	settings->dump = arg;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	static const char *const goroutines[] = {"findings", "groups", "all", NULL};
	static const char *const colors[] = {"auto", "always", "never", NULL};
	struct settings *settings = state->input;

	switch (key) {
	case KEY_EXE:
		add_executable(state, settings, arg);
		return 0;
	case KEY_SYMBOLS:
		settings->options.symbols_dir = arg;
		return 0;
	case KEY_JSON:
		settings->options.format = TS_JSON;
		return 0;
	case 'o':
		settings->output = strcmp(arg, "-") ? arg : NULL;
		return 0;
	case KEY_GOROUTINES:
		settings->options.goroutines = (enum ts_goroutines)choice(state, "goroutines", arg, goroutines);
		return 0;
	case KEY_COLOR:
		settings->color = (enum color_choice)choice(state, "color", arg, colors);
		return 0;
	case KEY_MAX_SIZE:
		settings->options.max_size = size_of(state, arg);
		return 0;
	case KEY_EXIT_CODE:
		settings->exit_code = true;
		return 0;
	case 'q':
		settings->options.quiet = true;
		return 0;
	case 'v':
		settings->options.verbose = true;
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case KEY_USAGE:
		argp_state_help(state, stdout, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
		return 0;
	case 'V':
		printf("tornstack %s\n", TORNSTACK_VERSION);
		exit(cli_close(stdout, "standard output") ? EXIT_OK : EXIT_FAILED);
	case ARGP_KEY_ARG:
		set_dump(state, settings, arg);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which DUMP? Give a core file or minidump, or '-' for standard input");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* argp's remark about the arguments of long options says nothing that the list does not show. */
static char *filter_help(int key, const char *text, void *input)
{
	(void)input;
	return key == ARGP_KEY_HELP_DUP_ARGS_NOTE ? NULL : (char *)(uintptr_t)text;
}

static bool wants_color(const struct settings *settings)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (settings->color != COLOR_AUTO)
		return settings->color == COLOR_ALWAYS;
	return !settings->output && isatty(STDOUT_FILENO) && !(no_color && *no_color) &&
	       !(term && !strcmp(term, "dumb"));
}

/* 100, or less on a narrower terminal. */
static unsigned width(const struct settings *settings)
{
	struct winsize size;

	if (settings->output || !isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ||
	    size.ws_col >= COLUMNS || !size.ws_col)
		return COLUMNS;
	return size.ws_col < LEAST_COLUMNS ? LEAST_COLUMNS : size.ws_col;
}

static int analyze_to(const struct settings *settings, struct output *output)
{
	struct ts_result result = ts_analyze(settings->dump, &settings->options, output->file);

	if (result.outcome != TS_ANALYSED && result.outcome != TS_ANALYSED_CORRUPTION) {
		output_discard(output);
		cli_complain("%s", result.error);
		return EXIT_FAILED;
	}
	if (!output_keep(output))
		return EXIT_FAILED;
	return settings->exit_code && result.outcome == TS_ANALYSED_CORRUPTION ? EXIT_CORRUPTION : EXIT_OK;
}

int command_analyze(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "DUMP\nexplain [RULE]",
		.doc = "Says what happened to a Go process from its core dump (linux; amd64, arm64), also when its "
		       "stacks are corrupt "
		       "and its executable is stripped. DUMP may be compressed (zstd, lz4, xz, gzip), and '-' is "
		       "standard input.\v"
		       "Exit status: 0 analysed, whatever was found; 1 could not be analysed; 2 wrong usage; 3 see "
		       "--exit-code.",
		.help_filter = filter_help,
	};
	struct settings settings = {.options = {.goroutines = TS_GOROUTINES_GROUPS}};
	struct output output;

	/* ARGP_NO_HELP: argp offers -? but not -h, and then ignores filter_help. */
	argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, &settings);
	settings.options.color = wants_color(&settings);
	settings.options.columns = width(&settings);
	if (!output_open(settings.output, settings.dump, &output))
		return EXIT_FAILED;
	return analyze_to(&settings, &output);
}
