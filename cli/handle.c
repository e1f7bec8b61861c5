/* handle.c: tornstack handle: what the kernel starts when a process dumps core (core(5), "Piping core dumps to a program"). docs/core-pattern.md. */
#include "cli/cli.h"
#include "cli/crash_folder.h"
#include "cli/running.h"
#include "lib/tornstack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum option_key { KEY_DIRECTORY = KEY_OWN, KEY_KEEP_CORE, KEY_TIMEOUT, KEY_KEEP, KEY_MAX_USE, KEY_RATE, KEY_NO_SANDBOX };

/* What the kernel hands over, in the order of systemd-coredump, and the name behind it. */
enum word { WORD_PID, WORD_UID, WORD_GID, WORD_SIGNAL, WORD_TIME, WORD_RLIMIT, WORD_HOST, WORD_COMM, WORDS };

enum {
	TIMEOUT = 300 /* seconds */, KEEP = 200 /* crashes */, RATE = 5 /* of one program */, RATE_SECONDS = 600,
	RESERVE = 64 << 20 /* bytes that reports and others are left on the disk */,
	IN_MEMORY = 256 << 20 /* of a core, where the disk has no room */, TEXT = 4096,
};
#define MAX_USE (UINT64_C(4) << 30)

struct handling {
	bool exposed; /* --no-sandbox */
	const char *directory;
	unsigned timeout, keep, rate;
	uint64_t max_use;
	bool keep_core;
	const char *words[WORDS];
	size_t count;
	/* the crash */
	struct crash_folder folder;
	char program[CRASH_NAME], name[CRASH_NAME];
	char exe[TEXT], command[TEXT], cgroup[TEXT], cwd[TEXT]; /* "": unknown */
	int exe_descriptor, root_descriptor, core; /* -1: none */
	struct ts_core intake;
	char trouble[1024]; /* why there is no report; "": there is one */
	char said[1024];    /* the first line of the report */
	bool kept_core;
};

static const struct argp_option options[] = {
	{"directory", KEY_DIRECTORY, "DIR", 0, "Keep crashes in DIR (default: /var/lib/tornstack)", 0},
	{"keep-core", KEY_KEEP_CORE, NULL, 0, "Keep the core as well, as far as there was room for it", 0},
	{"timeout", KEY_TIMEOUT, "SECONDS", 0, "Take so long at most (default: 300; 0: as long as it takes)", 0},
	{"keep", KEY_KEEP, "N", 0, "Keep the newest N crashes (default: 200)", 0},
	{"max-use", KEY_MAX_USE, "SIZE", 0, "… that take SIZE of the disk together at most (default: 4G)", 0},
	{"rate", KEY_RATE, "N", 0, "Of one program, at most N crashes in ten minutes (default: 5; 0: any number)", 0},
	{"no-sandbox", KEY_NO_SANDBOX, NULL, 0, "Work in this process, which may do what you may: for debugging", 0},
	{"help", 'h', NULL, 0, "Print this help", -1},
	{0},
};

/* ---- time ---- */

static time_t deadline; /* of CLOCK_MONOTONIC; 0: none */

static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

static bool is_late(void *context)
{
	(void)context;
	return deadline && now() >= deadline;
}

/* ---- the command line ---- */

static unsigned number_of(struct argp_state *state, const char *option, const char *arg)
{
	uint64_t number;

	if (!running_number(arg, 0, INT_MAX, &number))
		argp_error(state, "--%s=%s: it must be a number", option, arg);
	return (unsigned)number;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct handling *handling = state->input;

	switch (key) {
	case KEY_DIRECTORY:
		handling->directory = arg;
		return 0;
	case KEY_KEEP_CORE:
		handling->keep_core = true;
		return 0;
	case KEY_TIMEOUT:
		handling->timeout = number_of(state, "timeout", arg);
		return 0;
	case KEY_KEEP:
		handling->keep = number_of(state, "keep", arg);
		return 0;
	case KEY_MAX_USE:
		handling->max_use = running_size(state, "max-use", arg);
		return 0;
	case KEY_RATE:
		handling->rate = number_of(state, "rate", arg);
		return 0;
	case KEY_NO_SANDBOX:
		handling->exposed = true;
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		if (handling->count == WORDS)
			argp_error(state, "too many words: %%P %%u %%g %%s %%t %%c %%h %%e are what it takes");
		handling->words[handling->count++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (!handling->count)
			argp_error(state, "the kernel starts it: |/usr/bin/tornstack handle %%P %%u %%g %%s %%t %%c %%h %%e in "
					  "/proc/sys/kernel/core_pattern");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- the process, which is there until its core has been read ---- */

static const char *word(const struct handling *handling, enum word index)
{
	return handling->words[index] ? handling->words[index] : "";
}

static void proc_path(const struct handling *handling, const char *name, char ret[static TEXT])
{
	const char *pid = word(handling, WORD_PID);

	*ret = 0;
	if (*pid && strspn(pid, "0123456789") == strlen(pid))
		snprintf(ret, TEXT, "/proc/%s/%s", pid, name);
}

static void read_link(const struct handling *handling, const char *name, char ret[static TEXT])
{
	char path[TEXT];
	ssize_t size;

	proc_path(handling, name, path);
	size = *path ? readlink(path, ret, TEXT - 1) : -1;
	ret[size > 0 ? size : 0] = 0;
}

static int open_of(const struct handling *handling, const char *name, int flags)
{
	char path[TEXT];

	proc_path(handling, name, path);
	return *path ? open(path, flags | O_CLOEXEC) : -1;
}

/* Its bytes, those between two words as `between`. */
static void read_text(const struct handling *handling, const char *name, char between, char ret[static TEXT])
{
	const int descriptor = open_of(handling, name, O_RDONLY);
	ssize_t size = descriptor < 0 ? 0 : read(descriptor, ret, TEXT - 1);

	if (descriptor >= 0)
		close(descriptor);
	size = size > 0 ? size : 0;
	while (size && (!ret[size - 1] || ret[size - 1] == '\n'))
		size--;
	for (ssize_t i = 0; i < size; i++)
		if (!ret[i])
			ret[i] = between;
	ret[size] = 0;
}

static void look_at_process(struct handling *handling)
{
	read_link(handling, "exe", handling->exe);
	read_link(handling, "cwd", handling->cwd);
	read_text(handling, "cmdline", ' ', handling->command);
	read_text(handling, "cgroup", ' ', handling->cgroup);
	handling->exe_descriptor = open_of(handling, "exe", O_RDONLY);
	handling->root_descriptor = open_of(handling, "root", O_PATH | O_DIRECTORY);
}

static const char *program_of(const struct handling *handling)
{
	const char *slash = strrchr(handling->exe, '/');

	return *word(handling, WORD_COMM) ? word(handling, WORD_COMM) : slash ? slash + 1 : "unknown";
}

static void name_crash(struct handling *handling)
{
	const char *identity = *handling->exe ? handling->exe : word(handling, WORD_COMM);
	char uid[16], pid[16], when[24];

	crash_program(program_of(handling), identity, handling->program);
	snprintf(uid, sizeof uid, "%lu", strtoul(word(handling, WORD_UID), NULL, 10));
	snprintf(pid, sizeof pid, "%lu", strtoul(word(handling, WORD_PID), NULL, 10));
	snprintf(when, sizeof when, "%llu", *word(handling, WORD_TIME) ? strtoull(word(handling, WORD_TIME), NULL, 10)
								       : (unsigned long long)time(NULL));
	snprintf(handling->name, sizeof handling->name, "%.60s.%s.%s.%s", handling->program, uid, pid, when);
}

/* ---- the core ---- */

static void take_core(struct handling *handling)
{
	const uint64_t room = crash_folder_free(&handling->folder);

	handling->core = room > RESERVE ? crash_folder_spool(&handling->folder) : -1;
	if (handling->core < 0)
		handling->core = memfd_create("tornstack", MFD_CLOEXEC);
	ts_take_core(handling->core, room > RESERVE ? room - RESERVE : IN_MEMORY, !handling->exposed, is_late, NULL, &handling->intake,
		     handling->trouble, sizeof handling->trouble);
}

/* ---- what is kept ---- */

struct descriptor_path {
	char text[32];
};

static const char *path_of(int descriptor, struct descriptor_path *ret)
{
	snprintf(ret->text, sizeof ret->text, "/proc/self/fd/%d", descriptor);
	return descriptor < 0 ? NULL : ret->text;
}

static bool analyse(struct handling *handling, enum ts_format format, bool headline, FILE *out)
{
	enum { ONE_LINE = 2000 };
	struct descriptor_path core = {""}, exe = {""}, root = {""};
	const char *executables[] = {path_of(handling->exe_descriptor, &exe), NULL};
	const struct ts_options ts = {
		.executables = *executables ? executables : NULL,
		.sysroot = path_of(handling->root_descriptor, &root),
		.title = handling->name,
		.format = format,
		.goroutines = TS_GOROUTINES_GROUPS,
		.compressed = format == TS_SLIM,
		.quiet = headline,
		.columns = headline ? ONE_LINE : 0,
		.isolated = !handling->exposed,
		.cancelled = is_late,
	};
	const struct ts_result result = ts_analyze(path_of(handling->core, &core), &ts, out);

	if (result.outcome == TS_CANCELLED)
		snprintf(handling->trouble, sizeof handling->trouble, "time was up while it was analysed");
	else if (result.outcome == TS_FAILED)
		snprintf(handling->trouble, sizeof handling->trouble, "%s", result.error);
	return result.outcome == TS_ANALYSED || result.outcome == TS_ANALYSED_CORRUPTION;
}

/* Where the disk is full, the oldest crash makes room for the newest one. */
static bool keep_analysis(struct handling *handling, enum ts_format format, const char *what)
{
	for (size_t left = handling->keep;; left /= 2) {
		struct crash_file file;

		if (crash_file_open(&handling->folder, handling->name, what, &file)) {
			if (!analyse(handling, format, false, file.stream)) {
				crash_file_discard(&handling->folder, &file);
				return false;
			}
			if (crash_file_keep(&handling->folder, &file))
				return true;
		}
		if (!left) {
			syslog(LOG_ERR, "%s%s cannot be written to %s: %s", handling->name, what, handling->directory, strerror(errno));
			return false;
		}
		crash_folder_expire(&handling->folder, left / 2, UINT64_MAX);
	}
}

/* The first line, for the log: also where nothing could be kept. */
static void read_headline(struct handling *handling)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	const bool analysed = out && analyse(handling, TS_TEXT, true, out);

	if (out && !fclose(out) && analysed)
		snprintf(handling->said, sizeof handling->said, "%.*s", (int)strcspn(text, "\n"), text);
	free(text);
}

/* As journald shows it: microseconds. */
static const char *time_text(const struct handling *handling, char ret[static CRASH_NAME])
{
	snprintf(ret, CRASH_NAME, "%.20s000000", word(handling, WORD_TIME));
	return *word(handling, WORD_TIME) ? ret : NULL;
}

static const char *signal_text(const struct handling *handling, char ret[static CRASH_NAME])
{
	const char *name = sigabbrev_np(atoi(word(handling, WORD_SIGNAL)));

	snprintf(ret, CRASH_NAME, "SIG%s", name ? name : "");
	return name ? ret : NULL;
}

static const char *known(const char *text)
{
	return *text ? text : NULL;
}

static void keep_record(struct handling *handling)
{
	char core[CRASH_NAME + TEXT], left_out[32], size[32], when[CRASH_NAME], signal[CRASH_NAME];
	const bool part = handling->intake.broken_off || handling->intake.left_out;
	const struct ts_field fields[] = {
		{"MESSAGE", known(handling->said)},
		{"COREDUMP_PID", known(word(handling, WORD_PID))},
		{"COREDUMP_UID", known(word(handling, WORD_UID))},
		{"COREDUMP_GID", known(word(handling, WORD_GID))},
		{"COREDUMP_SIGNAL", known(word(handling, WORD_SIGNAL))},
		{"COREDUMP_SIGNAL_NAME", signal_text(handling, signal)},
		{"COREDUMP_TIMESTAMP", time_text(handling, when)},
		{"COREDUMP_RLIMIT", known(word(handling, WORD_RLIMIT))},
		{"COREDUMP_HOSTNAME", known(word(handling, WORD_HOST))},
		{"COREDUMP_COMM", known(word(handling, WORD_COMM))},
		{"COREDUMP_EXE", known(handling->exe)},
		{"COREDUMP_CMDLINE", known(handling->command)},
		{"COREDUMP_CGROUP", known(handling->cgroup)},
		{"COREDUMP_CWD", known(handling->cwd)},
		{"COREDUMP_FILENAME", handling->kept_core ? core : NULL},
		{"COREDUMP_TRUNCATED", part ? "1" : NULL},
		{"TORNSTACK_CORE_SIZE", size},
		{"TORNSTACK_CORE_LEFT_OUT", left_out},
		{"TORNSTACK_ERROR", known(handling->trouble)},
		{"TORNSTACK_VERSION", TORNSTACK_VERSION},
	};
	struct crash_file file;

	snprintf(core, sizeof core, "%s/%s.core", handling->directory, handling->name);
	snprintf(size, sizeof size, "%llu", (unsigned long long)handling->intake.size);
	snprintf(left_out, sizeof left_out, "%llu", (unsigned long long)handling->intake.left_out);
	if (!crash_file_open(&handling->folder, handling->name, ".record.json", &file))
		return;
	if (ts_crash_record(fields, sizeof fields / sizeof *fields, file.stream))
		crash_file_keep(&handling->folder, &file);
	else
		crash_file_discard(&handling->folder, &file);
}

static void tell(const struct handling *handling)
{
	syslog(*handling->trouble ? LOG_ERR : LOG_NOTICE, "process %s (%s) of user %s ended by signal %s: %s%s%s/%s.txt", word(handling, WORD_PID),
	       handling->program, word(handling, WORD_UID), word(handling, WORD_SIGNAL),
	       *handling->trouble ? "no report: " : "", *handling->trouble ? handling->trouble : handling->said,
	       *handling->trouble ? "; see " : "; ", handling->name);
}

/* The report comes first: what is less important, and larger, may find no room. */
static void keep_all(struct handling *handling)
{
	const bool taken = !*handling->trouble;
	const bool reported = taken && keep_analysis(handling, TS_TEXT, ".txt");

	if (reported)
		keep_analysis(handling, TS_JSON, ".json");
	if (taken)
		read_headline(handling);
	keep_record(handling);
	if (reported)
		keep_analysis(handling, TS_SLIM, ".slim.zst");
	if (taken && handling->keep_core)
		handling->kept_core = crash_folder_link(&handling->folder, handling->core, handling->name, ".core");
	if (handling->kept_core)
		keep_record(handling);
	crash_folder_expire(&handling->folder, handling->keep, handling->max_use);
	tell(handling);
}

static int handle(struct handling *handling)
{
	deadline = handling->timeout ? now() + (time_t)handling->timeout : 0;
	umask(077);
	openlog("tornstack", LOG_PID, LOG_DAEMON);
	look_at_process(handling);
	name_crash(handling);
	if (!crash_folder_open(handling->directory, &handling->folder)) {
		cli_complain("%s: %s", handling->directory, strerror(errno));
		syslog(LOG_ERR, "%s: %s", handling->directory, strerror(errno));
		return EXIT_FAILED;
	}
	if (handling->rate && crash_folder_recent(&handling->folder, handling->program, RATE_SECONDS) >= handling->rate) {
		syslog(LOG_WARNING, "%s: %u crashes in ten minutes were kept, this one is not", handling->program, handling->rate);
		return EXIT_OK;
	}
	take_core(handling);
	keep_all(handling);
	if (*handling->trouble)
		cli_complain("%s", handling->trouble);
	return *handling->trouble ? EXIT_FAILED : EXIT_OK;
}

int command_handle(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "PID [UID GID SIGNAL TIME RLIMIT HOST COMM]",
		.doc = "Takes a core from the kernel, which starts it by /proc/sys/kernel/core_pattern: "
		       "|/usr/bin/tornstack handle %P %u %g %s %t %c %h %e. The report, as text and JSON, and a slim dump are kept in a folder; the core "
		       "only with --keep-core. It is read once, and need not fit on the disk.\v"
		       "Exit status: 0 kept, or left out because of --rate; 1 there is no report; 2 wrong usage.",
		.help_filter = running_help,
	};
	struct handling handling = {.directory = "/var/lib/tornstack", .timeout = TIMEOUT, .keep = KEEP, .rate = RATE, .max_use = MAX_USE,
				    .exe_descriptor = -1, .root_descriptor = -1, .core = -1};

	running_parse(&argp, argc, argv, &handling);
	return handle(&handling);
}
