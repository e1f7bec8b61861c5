/* settings.c: the options of every subcommand that reads a dump. */
#include "cli/settings.h"

#include "cli/cli.h"
#include "cli/output.h"
#include "cli/progress.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum option_key { KEY_EXE = 0x100, KEY_SYMBOLS, KEY_SYSROOT, KEY_CRASH, KEY_FORMAT, KEY_JSON, KEY_TRACEBACK, KEY_BRIEF, KEY_MARKDOWN, KEY_UNMASKED };

static const struct argp_option options[] = {
	{"exe", KEY_EXE, "FILE", 0, "The executable that crashed; may be repeated", 0},
	{"symbols", KEY_SYMBOLS, "DIR", 0, "Look for executables and libraries in DIR, by name and build-id", 0},
	{"sysroot", KEY_SYSROOT, "DIR", 0, "Where paths in the dump begin; default: this machine's root", 0},
	{"crash", KEY_CRASH, "N", 0, "Of a log that holds several crashes, take number N; default: the last", 0},
	{"json", KEY_JSON, NULL, 0, "Print JSON (tornstack.report/1) instead of text", 0},
	{"brief", KEY_BRIEF, NULL, 0, "Print one line: fingerprint, certainty, rule, dump and place", 0},
	{"markdown", KEY_MARKDOWN, NULL, 0, "Print the report as an issue, ready to be pasted", 0},
	{"format", KEY_FORMAT, "FORMAT", 0, "text, json, go (--traceback), brief, markdown", 0},
	{"traceback", KEY_TRACEBACK, NULL, 0, "Print the stacks as the Go runtime does, for programs that read that", 0},
	{"unmasked", KEY_UNMASKED, NULL, 0, "Show values of flags and variables, and why files that the dump names are not used", 0},
	{"version", 'V', NULL, 0, "Print the version", -1},
	{0},
};

static void add_executable(struct argp_state *state, struct settings *settings, const char *arg)
{
	if (settings->executable_count == EXE_LIMIT)
		argp_error(state, "--exe may be given %d times at most", EXE_LIMIT);
	settings->executables[settings->executable_count++] = arg;
	settings->options.executables = settings->executables;
}

static void set_format(struct argp_state *state, struct settings *settings, enum ts_format format)
{
	if (settings->options.format != TS_TEXT && settings->options.format != format)
		argp_error(state, "one format at a time");
	settings->options.format = format;
}

static void set_format_named(struct argp_state *state, struct settings *settings, const char *arg)
{
	static const char *const names[] = {"text", "json", "go", "brief", "markdown", NULL};
	static const enum ts_format formats[] = {TS_TEXT, TS_JSON, TS_TRACEBACK, TS_BRIEF, TS_MARKDOWN};

	set_format(state, settings, formats[running_choice(state, "format", arg, names)]);
}

static void set_crash(struct argp_state *state, struct settings *settings, const char *arg)
{
	char *end;
	const unsigned long number = strtoul(arg, &end, 10);

	if (*arg < '1' || *arg > '9' || *end || number > INT_MAX)
		argp_error(state, "--crash=%s: it must be a number from 1 on", arg);
	settings->options.crash = (unsigned)number;
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
	struct settings *settings = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &settings->running;
		return 0;
	case KEY_EXE:
		add_executable(state, settings, arg);
		return 0;
	case KEY_SYMBOLS:
		settings->options.symbols_dir = arg;
		return 0;
	case KEY_SYSROOT:
		settings->options.sysroot = arg;
		return 0;
	case KEY_CRASH:
		set_crash(state, settings, arg);
		return 0;
	case KEY_JSON:
		set_format(state, settings, TS_JSON);
		return 0;
	case KEY_FORMAT:
		set_format_named(state, settings, arg);
		return 0;
	case KEY_BRIEF:
		set_format(state, settings, TS_BRIEF);
		return 0;
	case KEY_MARKDOWN:
		set_format(state, settings, TS_MARKDOWN);
		return 0;
	case KEY_TRACEBACK:
		set_format(state, settings, TS_TRACEBACK);
		return 0;
	case KEY_UNMASKED:
		settings->options.unmasked = true;
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

static const struct argp_child children[] = {{&running_argp, 0, NULL, 0}, {0}};
const struct argp settings_argp = {.options = options, .parser = parse, .children = children};

/* Not on a terminal, nor through a pipe to a pager, which draws on the same one. */
static bool written_unseen(const struct settings *settings)
{
	struct stat status;

	return settings->running.output || (!fstat(STDOUT_FILENO, &status) && S_ISREG(status.st_mode));
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

	settings->options.color = running_color(&settings->running);
	settings->options.columns = running_columns(&settings->running);
	settings->options.max_size = settings->running.max_size;
	settings->options.workers = settings->running.workers;
	settings->options.quiet = settings->running.quiet;
	settings->options.verbose = settings->running.verbose;
	settings->options.isolated = !settings->running.exposed;
	settings->options.progress = show_progress;
	settings->options.context = settings;
	if (!output_open(settings->running.output, settings->dump, &output))
		return EXIT_FAILED;
	result = ts_analyze(settings->dump, &settings->options, output.file);
	running_exposed(&settings->running, result.exposed);
	if (result.outcome != TS_ANALYSED && result.outcome != TS_ANALYSED_CORRUPTION) {
		output_discard(&output);
		fail(settings, &result);
		return EXIT_FAILED;
	}
	if (!output_keep(&output))
		return EXIT_FAILED;
	return result.outcome == TS_ANALYSED_CORRUPTION ? EXIT_CORRUPTION : EXIT_OK;
}
