/* running.c: see running.h. */
#include "cli/running.h"

#include "cli/cli.h"
#include "cli/spelling.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS = 100, LEAST_COLUMNS = 72, JOBS_LIMIT = 64 };

enum option_key { KEY_COLOR = 0x300, KEY_MAX_SIZE, KEY_NO_SANDBOX, KEY_PAGER, KEY_USAGE };

static const struct argp_option options[] = {
	{NULL, 0, NULL, 0, "What is printed, and where:", GROUP_PRINTED},
	{"output", 'o', "FILE", 0, "Write to FILE, which is replaced only on success", GROUP_PRINTED},
	{"color", KEY_COLOR, "WHEN", 0, "auto (default), always, never", GROUP_PRINTED},
	{"pager", KEY_PAGER, "WHEN", 0, "auto (default: what is longer than the terminal, by TORNSTACK_PAGER, PAGER or less), never", GROUP_PRINTED},
	{"quiet", 'q', NULL, 0, "Print the first line only", GROUP_PRINTED},
	{"verbose", 'v', NULL, 0, "Leave nothing out: weaker evidence, every thread, all ids, what does no damage", GROUP_PRINTED},
	{NULL, 0, NULL, 0, "What it may take:", GROUP_TAKEN},
	{"max-size", KEY_MAX_SIZE, "SIZE", 0, "Limit of what is decompressed (default: 64G; of a file in an archive, 4G)", GROUP_TAKEN},
	{"jobs", 'j', "N", 0, "Use N threads (default: one per CPU); the report is the same", GROUP_TAKEN},
	{"no-sandbox", KEY_NO_SANDBOX, NULL, 0, "Work in this process, which may do what you may: for debugging", GROUP_TAKEN},
	{"help", 'h', NULL, 0, "Print this help", -1},
	{"usage", KEY_USAGE, NULL, OPTION_HIDDEN, NULL, -1},
	{0},
};

int running_choice(struct argp_state *state, const char *option, const char *arg, const char *const *names)
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

void running_format(struct argp_state *state, enum ts_format *ret, enum ts_format format, const char *which)
{
	if (*ret != TS_TEXT && *ret != format)
		argp_error(state, "%s", which);
	*ret = format;
}

uint64_t running_size(struct argp_state *state, const char *option, const char *arg)
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
		argp_error(state, "--%s=%s: it must be a size such as 512M or 8G", option, arg);
	return value << shift;
}

bool running_number(const char *arg, uint64_t least, uint64_t most, uint64_t *ret)
{
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(arg, &end, 10);
	*ret = number;
	return !errno && *arg >= (least ? '1' : '0') && *arg <= '9' && !*end && number >= least && number <= most;
}

static unsigned jobs_of(struct argp_state *state, const char *arg)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(arg, &end, 10);
	if (errno || *end || end == arg || *arg == '-' || !value || value > JOBS_LIMIT)
		argp_error(state, "--jobs=%s: it must be a number from 1 to %d", arg, JOBS_LIMIT);
	return (unsigned)value;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	static const char *const colors[] = {"auto", "always", "never", NULL}, *const pagers[] = {"auto", "never", NULL};
	struct running *running = state->input;

	switch (key) {
	case 'o':
		running->output = strcmp(arg, "-") ? arg : NULL;
		return 0;
	case KEY_COLOR:
		running->color = (enum color_choice)running_choice(state, "color", arg, colors);
		return 0;
	case KEY_PAGER:
		running->unpaged = running_choice(state, "pager", arg, pagers);
		return 0;
	case KEY_MAX_SIZE:
		running->max_size = running_size(state, "max-size", arg);
		return 0;
	case 'j':
		running->workers = jobs_of(state, arg);
		return 0;
	case 'q':
		running->quiet = true;
		return 0;
	case 'v':
		running->verbose = true;
		return 0;
	case KEY_NO_SANDBOX:
		running->exposed = true;
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case KEY_USAGE:
		argp_state_help(state, stdout, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp running_argp = {.options = options, .parser = parse};

/* argp's remark about the arguments of long options says nothing that the list does not show. */
char *running_help(int key, const char *text, void *input)
{
	(void)input;
	return key == ARGP_KEY_HELP_DUP_ARGS_NOTE ? NULL : (char *)(uintptr_t)text;
}

const char *running_database(const char *option)
{
	const char *name = option ? option : getenv("TORNSTACK_DB");

	return name && *name ? name : NULL;
}

void running_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	const char *wrong, *meant;
	int error;

	if (spelling_of_options(argp, argc, argv, &wrong, &meant)) {
		cli_complain("there is no option '%s'. Did you mean: --%s", wrong, meant);
		exit(EXIT_USAGE);
	}
	/* ARGP_NO_HELP: argp offers -? but not -h, and then ignores the help filter. */
	error = argp_parse(argp, argc, argv, ARGP_NO_HELP, NULL, input);
	if (error) { /* wrong usage does not return */
		cli_complain("cannot read the command line: %s", strerror(error));
		exit(EXIT_FAILED);
	}
}

bool running_color(const struct running *running)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (running->color != COLOR_AUTO)
		return running->color == COLOR_ALWAYS;
	return !running->output && isatty(STDOUT_FILENO) && !(no_color && *no_color) &&
	       !(term && !strcmp(term, "dumb"));
}

/* 100, or less on a narrower terminal. */
unsigned running_columns(const struct running *running)
{
	struct winsize size;

	if (running->output || !isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ||
	    size.ws_col >= COLUMNS || !size.ws_col)
		return COLUMNS;
	return size.ws_col < LEAST_COLUMNS ? LEAST_COLUMNS : size.ws_col;
}

void running_exposed(const struct running *running, const char *exposed)
{
	if (*exposed && !running->quiet)
		cli_complain("without its sandbox: %s", exposed);
}
