/* settings.c: the options of every subcommand that reads a dump. */
#include "cli/settings.h"

#include "cli/cli.h"
#include "cli/output.h"
#include "cli/progress.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COLUMNS = 100, LEAST_COLUMNS = 72, JOBS_LIMIT = 64 };

enum option_key { KEY_EXE = 0x100, KEY_SYMBOLS, KEY_SYSROOT, KEY_JSON, KEY_COLOR, KEY_MAX_SIZE, KEY_USAGE };

static const struct argp_option options[] = {
	{"exe", KEY_EXE, "FILE", 0, "The executable that crashed; may be repeated", 0},
	{"symbols", KEY_SYMBOLS, "DIR", 0, "Look for executables and libraries in DIR, by name and build-id", 0},
	{"sysroot", KEY_SYSROOT, "DIR", 0, "Where paths in the dump begin; default: this machine's root", 0},
	{"json", KEY_JSON, NULL, 0, "Print JSON (tornstack.report/1) instead of text", 0},
	{"output", 'o', "FILE", 0, "Write to FILE, which is replaced only on success", 0},
	{"color", KEY_COLOR, "WHEN", 0, "auto (default), always, never", 0},
	{"max-size", KEY_MAX_SIZE, "SIZE", 0, "Limit of the decompressed dump (default 64G)", 0},
	{"jobs", 'j', "N", 0, "Use N threads, at most 8 (default: one per CPU); the report is the same", 0},
	{"quiet", 'q', NULL, 0, "Print the first line only", 0},
	{"verbose", 'v', NULL, 0, "Leave nothing out: weaker evidence, every thread, all ids", 0},
	{"help", 'h', NULL, 0, "Print this help", -1},
	{"usage", KEY_USAGE, NULL, OPTION_HIDDEN, NULL, -1},
	{"version", 'V', NULL, 0, "Print the version", -1},
	{0},
};

int settings_choice(struct argp_state *state, const char *option, const char *arg, const char *const *names)
{
	char list[128] = "";

	for (int i = 0; names[i]; i++) {
		if (!strcmp(arg, names[i]))
			return i;
		snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", names[i]);
	}
	argp_error(state, "--%s=%s: it must be one of %s", option, arg, list);
	return 0;
}

/* "512M", "2GiB", "100000" */
uint64_t settings_size(struct argp_state *state, const char *arg)
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

unsigned settings_jobs(struct argp_state *state, const char *arg)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(arg, &end, 10);
	if (errno || *end || end == arg || *arg == '-' || !value || value > JOBS_LIMIT)
		argp_error(state, "--jobs=%s: it must be a number from 1 to %d", arg, JOBS_LIMIT);
	return (unsigned)value;
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
	static const char *const colors[] = {"auto", "always", "never", NULL};
	struct settings *settings = state->input;

	switch (key) {
	case KEY_EXE:
		add_executable(state, settings, arg);
		return 0;
	case KEY_SYMBOLS:
		settings->options.symbols_dir = arg;
		return 0;
	case KEY_SYSROOT:
		settings->options.sysroot = arg;
		return 0;
	case KEY_JSON:
		settings->options.format = TS_JSON;
		return 0;
	case 'o':
		settings->output = strcmp(arg, "-") ? arg : NULL;
		return 0;
	case KEY_COLOR:
		settings->color = (enum color_choice)settings_choice(state, "color", arg, colors);
		return 0;
	case KEY_MAX_SIZE:
		settings->options.max_size = settings_size(state, arg);
		return 0;
	case 'j':
		settings->options.workers = settings_jobs(state, arg);
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

const struct argp settings_argp = {.options = options, .parser = parse};

/* argp's remark about the arguments of long options says nothing that the list does not show. */
char *settings_help(int key, const char *text, void *input)
{
	(void)input;
	return key == ARGP_KEY_HELP_DUP_ARGS_NOTE ? NULL : (char *)(uintptr_t)text;
}

void settings_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	/* ARGP_NO_HELP: argp offers -? but not -h, and then ignores the help filter. */
	argp_parse(argp, argc, argv, ARGP_NO_HELP, NULL, input);
}

bool settings_color(enum color_choice choice, const char *output)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (choice != COLOR_AUTO)
		return choice == COLOR_ALWAYS;
	return !output && isatty(STDOUT_FILENO) && !(no_color && *no_color) &&
	       !(term && !strcmp(term, "dumb"));
}

/* 100, or less on a narrower terminal. */
unsigned settings_columns(const char *output)
{
	struct winsize size;

	if (output || !isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ||
	    size.ws_col >= COLUMNS || !size.ws_col)
		return COLUMNS;
	return size.ws_col < LEAST_COLUMNS ? LEAST_COLUMNS : size.ws_col;
}

/* Not on a terminal, nor through a pipe to a pager, which draws on the same one. */
static bool written_unseen(const struct settings *settings)
{
	struct stat status;

	return settings->output || (!fstat(STDOUT_FILENO, &status) && S_ISREG(status.st_mode));
}

static void show_progress(void *context, enum ts_phase phase, uint64_t done, uint64_t total)
{
	static const char *const doing[] = {
		[TS_COPYING] = "reading the dump",     [TS_DECOMPRESSING] = "decompressing the dump",
		[TS_LISTING] = "reading goroutines",   [TS_WALKING] = "walking stacks",
		[TS_JUDGING] = "looking for the cause", [TS_WRITING] = "writing the report",
	};

	const struct settings *settings = context;

	if (phase == TS_DONE || (phase == TS_WRITING && !written_unseen(settings)))
		progress_erase();
	else
		progress_show(&(struct progress_line){.doing = doing[phase], .done = done, .total = total,
						      .bytes = phase == TS_COPYING || phase == TS_DECOMPRESSING});
}

/* A batch that reads JSON is told why there is none. */
static void fail(const struct settings *settings, const struct ts_result *result)
{
	if (settings->options.format == TS_JSON && result->outcome == TS_FAILED && !result->begun) {
		ts_failure(settings->dump, result, stdout);
		fflush(stdout);
	}
	cli_complain("%s", result->error);
}

int settings_run(struct settings *settings)
{
	struct output output;
	struct ts_result result;

	settings->options.color = settings_color(settings->color, settings->output);
	settings->options.columns = settings_columns(settings->output);
	settings->options.progress = show_progress;
	settings->options.context = settings;
	if (!output_open(settings->output, settings->dump, &output))
		return EXIT_FAILED;
	result = ts_analyze(settings->dump, &settings->options, output.file);
	if (result.outcome != TS_ANALYSED && result.outcome != TS_ANALYSED_CORRUPTION) {
		output_discard(&output);
		fail(settings, &result);
		return EXIT_FAILED;
	}
	if (!output_keep(&output))
		return EXIT_FAILED;
	return result.outcome == TS_ANALYSED_CORRUPTION ? EXIT_CORRUPTION : EXIT_OK;
}
