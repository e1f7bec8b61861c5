/* settings.c: the options of every subcommand that reads a dump. */
#include "cli/settings.h"

#include "cli/batch.h"
#include "cli/cli.h"
#include "cli/key_file.h"
#include "cli/output.h"
#include "cli/progress.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum option_key { KEY_EXE = 0x100, KEY_SYMBOLS, KEY_SYSROOT, KEY_CRASH, KEY_PID, KEY_MAX_PAUSE, KEY_FORMAT, KEY_JSON, KEY_TRACEBACK,
		  KEY_BRIEF, KEY_MARKDOWN, KEY_HTML, KEY_UNMASKED, KEY_DB,
		  KEY_NAMES };

static const struct argp_option options[] = {
	{NULL, 0, NULL, 0, "What is read:", GROUP_READ},
	{"exe", KEY_EXE, "FILE", 0, "The executable that crashed; may be repeated", GROUP_READ},
	{"core", 'c', "DUMP", 0, "The dump; what else is named is an executable (as debuggers are called)", GROUP_READ},
	{"symbols", KEY_SYMBOLS, "DIR", 0, "Look for executables and libraries in DIR, by name and build-id", GROUP_READ},
	{"sysroot", KEY_SYSROOT, "DIR", 0, "Where paths in the dump begin; default: this machine's root", GROUP_READ},
	{"crash", KEY_CRASH, "N", 0, "Of a log that holds several crashes, take number N alone; default: a report of each, the last first; of other commands and formats, the last", GROUP_READ},
	{"pid", KEY_PID, "N", 0, "Read process N, which runs on, also where a file is called N", GROUP_READ},
	{"max-pause", KEY_MAX_PAUSE, "MS", 0, "Stop a process for about MS milliseconds at most; default: 20", GROUP_READ},
	{"json", KEY_JSON, NULL, 0, "Print JSON (tornstack.report/1) instead of text", GROUP_PRINTED},
	{"brief", KEY_BRIEF, NULL, 0, "Print one line: fingerprint, certainty, rule, dump and place", GROUP_PRINTED},
	{"markdown", KEY_MARKDOWN, NULL, 0, "Print the report as an issue, ready to be pasted", GROUP_PRINTED},
	{"html", KEY_HTML, NULL, 0, "Print the report as one page that needs no network and no script", GROUP_PRINTED},
	{"format", KEY_FORMAT, "FORMAT", 0, "text, json, go (--traceback), brief, markdown, html, pprof, folded", GROUP_PRINTED},
	{"traceback", KEY_TRACEBACK, NULL, 0, "Print the stacks as the Go runtime does, for programs that read that", GROUP_PRINTED},
	{"unmasked", KEY_UNMASKED, NULL, 0, "Show values of flags and variables, and why files that the dump names are not used", GROUP_PRINTED},
	{"db", KEY_DB, "FILE", 0, "Say what the history in FILE (tornstack triage --db) knows of this crash; default: TORNSTACK_DB", GROUP_PRINTED},
	{"names", KEY_NAMES, "KEYFILE", 0, "Show names that have pseudonyms (tornstack slim --pseudonyms KEYFILE) as they were", GROUP_READ},
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

/* Formats by the names of --format, and by the options that are short for these; key 0: none is. */
static const struct named_format {
	const char *name;
	int key;
	enum ts_format format;
} formats[] = {
	{"text", 0, TS_TEXT},
	{"json", KEY_JSON, TS_JSON},
	{"go", KEY_TRACEBACK, TS_TRACEBACK},
	{"brief", KEY_BRIEF, TS_BRIEF},
	{"markdown", KEY_MARKDOWN, TS_MARKDOWN},
	{"html", KEY_HTML, TS_HTML},
	{"pprof", 0, TS_PPROF},
	{"folded", 0, TS_FOLDED},
};

enum { FORMATS = sizeof formats / sizeof *formats };

static void set_format(struct argp_state *state, struct settings *settings, enum ts_format format)
{
	running_format(state, &settings->options.format, format, "one format at a time");
}

static void set_format_named(struct argp_state *state, struct settings *settings, const char *arg)
{
	const char *names[FORMATS + 1] = {NULL};

	for (size_t i = 0; i < FORMATS; i++)
		names[i] = formats[i].name;
	set_format(state, settings, formats[running_choice(state, "format", arg, names)].format);
}

/* The key of no such option is another parser's, perhaps. */
static error_t set_format_short(struct argp_state *state, struct settings *settings, int key)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (formats[i].key && formats[i].key == key) {
			set_format(state, settings, formats[i].format);
			return 0;
		}
	return ARGP_ERR_UNKNOWN;
}

enum { MILLISECOND = 1000 * 1000 /* nanoseconds */, PAUSE_MOST = 600 * 1000 /* milliseconds */ };

static uint64_t number_of(struct argp_state *state, const char *option, const char *arg, uint64_t most)
{
	uint64_t number;

	if (!running_number(arg, 1, most, &number))
		argp_error(state, "--%s=%s: it must be a number from 1 to %llu", option, arg, (unsigned long long)most);
	return number;
}

static void set_crash(struct argp_state *state, struct settings *settings, const char *arg)
{
	uint64_t number;

	if (!running_number(arg, 1, INT_MAX, &number))
		argp_error(state, "--crash=%s: it must be a number from 1 on", arg);
	settings->options.crash = (unsigned)number;
}

static void add_named(struct argp_state *state, struct settings *settings, const char *arg)
{
	if (arg && !*arg)
		argp_error(state, "the name of the dump is empty");
	if (!inputs_add(&settings->named, arg))
		argp_failure(state, EXIT_FAILED, ENOMEM, "the command line");
}

/* A folder stands for the files in it. */
static void open_folders(struct argp_state *state, struct inputs *named)
{
	struct inputs files = {0};

	for (size_t i = 0; i < named->count; i++) {
		const bool folder = input_is_folder(named->items[i]);

		if (!(folder ? inputs_add_folder : inputs_add)(&files, named->items[i]))
			argp_failure(state, EXIT_FAILED, errno, "%s", named->items[i]);
		files.folder |= folder;
	}
	inputs_free(named);
	*named = files;
}

/* gdb's habits: EXE CORE, EXE -c CORE; and CORE EXE. An executable alone is no dump, which is said when it is read. */
static void tell_executables(struct argp_state *state, struct settings *settings)
{
	struct inputs *named = &settings->named;
	const char **const items = named->items;
	const size_t count = named->count;

	named->count = 0;
	for (size_t i = 0; items && i < count; i++) {
		const char *name = items[i];

		if (!settings->core && (count == 1 || !input_is_executable(name)))
			items[named->count++] = name;
		else if (!named->folder || settings->executable_count < EXE_LIMIT)
			add_executable(state, settings, name);
	}
	if (settings->core)
		add_named(state, settings, settings->core);
}

/* The number of a process, where no file has that name; 0: it is none. */
static int64_t process_of(const char *name)
{
	struct stat status;
	char *end;
	long number;

	if (*name < '1' || *name > '9' || !stat(name, &status))
		return 0;
	number = strtol(name, &end, 10);
	return *end || number > INT_MAX ? 0 : number;
}

/* Of --pid, or the only thing that is named: it is called by that from here on. */
static void tell_process(struct argp_state *state, struct settings *settings)
{
	struct inputs *named = &settings->named;

	if (settings->options.pid && (named->count || named->folder))
		argp_error(state, "a DUMP or --pid, not both");
	if (!settings->options.pid && named->count == 1)
		settings->options.pid = process_of(named->items[0]);
	if (!settings->options.pid)
		return;
	snprintf(settings->process, sizeof settings->process, "process %lld", (long long)settings->options.pid);
	named->count = 0;
	add_named(state, settings, settings->process);
}

static void sort_named(struct argp_state *state, struct settings *settings)
{
	struct inputs *named = &settings->named;

	if (settings->several)
		open_folders(state, named);
	tell_executables(state, settings);
	tell_process(state, settings);
	if (!named->count && !named->folder)
		argp_error(state, "which DUMP? Give a core file, a minidump, a log, the number of a process, or '-' for standard input");
	if (named->count > 1 && !settings->several)
		argp_error(state, "one DUMP at a time, not '%s' and '%s'", named->items[0], named->items[1]);
	if (named->count > 1 && !batch_writes(settings->options.format))
		argp_error(state, "of several dumps there are lines of text, --brief and --json only");
	add_named(state, settings, NULL);
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
	case 'c':
		settings->core = arg;
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
	case KEY_PID:
		settings->options.pid = (int64_t)number_of(state, "pid", arg, INT32_MAX);
		return 0;
	case KEY_MAX_PAUSE:
		settings->options.max_pause = number_of(state, "max-pause", arg, PAUSE_MOST) * MILLISECOND;
		return 0;
	case KEY_FORMAT:
		set_format_named(state, settings, arg);
		return 0;
	case KEY_UNMASKED:
		settings->options.unmasked = true;
		return 0;
	case KEY_DB:
		settings->options.db = arg;
		return 0;
	case KEY_NAMES:
		settings->names = arg;
		return 0;
	case 'V':
		printf("tornstack %s\n", TORNSTACK_VERSION);
		exit(cli_close(stdout, "standard output") ? EXIT_OK : EXIT_FAILED);
	case ARGP_KEY_ARG:
		add_named(state, settings, arg);
		return 0;
	case ARGP_KEY_END:
		sort_named(state, settings);
		return 0;
	default:
		return set_format_short(state, settings, key);
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
		ts_failure(*settings->named.items ? *settings->named.items : "", result, stdout);
		fflush(stdout);
	}
	cli_complain("%s", result->error);
	if (settings->options.format != TS_JSON) /* who reads JSON gets the code */
		cli_remedy(result->error_code);
}

static void set_options(struct settings *settings)
{
	settings->options.color = running_color(&settings->running);
	settings->options.columns = running_columns(&settings->running);
	settings->options.max_size = settings->running.max_size;
	settings->options.workers = settings->running.workers;
	settings->options.quiet = settings->running.quiet;
	settings->options.verbose = settings->running.verbose;
	settings->options.isolated = !settings->running.exposed;
	settings->options.db = running_database(settings->options.db);
	settings->options.progress = progress_wanted() ? show_progress : NULL; /* each step wakes who shows it */
	settings->options.context = settings;
}

static int run_one(struct settings *settings, struct output *output)
{
	const struct ts_result result = (settings->analyze ? settings->analyze : ts_analyze)(*settings->named.items, &settings->options,
											     output->file);

	running_exposed(&settings->running, result.exposed);
	if (result.outcome != TS_ANALYSED && result.outcome != TS_ANALYSED_CORRUPTION) {
		output_discard(output);
		fail(settings, &result);
		return EXIT_FAILED;
	}
	if (*result.remark && !settings->running.quiet)
		cli_complain("%s", result.remark);
	if (!output_keep(output))
		return EXIT_FAILED;
	return result.outcome == TS_ANALYSED_CORRUPTION ? EXIT_CORRUPTION : EXIT_OK;
}

static int run_none(const struct settings *settings, struct output *output)
{
	output_discard(output);
	fail(settings, &(struct ts_result){.outcome = TS_FAILED, .error_code = "no-dump",
					   .error = "there is no dump, and no log of a crash, in what was named"});
	return EXIT_FAILED;
}

/* What could be analysed is kept, whatever became of the others. */
static int run_several(struct settings *settings, struct output *output)
{
	const struct inputs *named = &settings->named;
	const struct batch_sum sum = batch_run(named->items, named->folder, &settings->options, output->file);

	if (!sum.analysed && !sum.failed)
		return run_none(settings, output);
	if (!output_keep(output))
		return EXIT_FAILED;
	if (sum.others && !settings->running.quiet)
		cli_complain("%zu other %s: neither dumps nor logs of a crash", sum.others, sum.others == 1 ? "file" : "files");
	return sum.failed ? EXIT_FAILED : sum.damaged ? EXIT_CORRUPTION : EXIT_OK;
}

/* A key is not made for a dump that is not there. */
static bool read_key(struct settings *settings)
{
	const char *path = settings->pseudonyms ? settings->pseudonyms : settings->names, *dump = *settings->named.items;

	if (!path)
		return true;
	if (settings->pseudonyms && !settings->options.pid && strcmp(dump, "-") != 0 && access(dump, R_OK)) {
		cli_complain("%s: %s", dump, strerror(errno));
		cli_remedy("io");
		return false;
	}
	settings->options.pseudonyms = settings->pseudonyms ? settings->key : NULL;
	settings->options.names = settings->pseudonyms ? NULL : settings->key;
	return key_file_read(path, settings->pseudonyms, settings->key);
}

int settings_run(struct settings *settings)
{
	const bool several = settings->named.count > 2 || settings->named.folder; /* the last is NULL */
	struct output output;
	int status = EXIT_FAILED;

	set_options(settings);
	if (read_key(settings) && output_open(settings->running.output, settings->named.items, &output)) {
		if (!settings->running.unpaged && settings->options.format != TS_SLIM && settings->options.format != TS_PPROF)
			output_page(&output);
		status = (several ? run_several : run_one)(settings, &output);
	}
	inputs_free(&settings->named);
	return status;
}
