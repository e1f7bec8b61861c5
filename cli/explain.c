/* explain.c: tornstack explain [RULE|BUG]. */
#include "cli/cli.h"

#include "cli/running.h"
#include "lib/tornstack.h"

#include <argp.h>
#include <errno.h>
#include <string.h>

static error_t parse(int key, char *arg, struct argp_state *state)
{
	const char **id = state->input;

	switch (key) {
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		if (*id)
			argp_error(state, "one RULE or BUG at a time: %s", arg);
		*id = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int command_explain(int argc, char **argv)
{
	static const struct argp_option options[] = {{"help", 'h', NULL, 0, "Print this help", -1}, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[RULE|BUG]",
		.doc = "Says what a rule of a report, such as split-sp, or a known bug, such as golang/go#73259 "
		       "(go#73259 and 73259 will do), means: what its evidence is, and what to do. Without an "
		       "argument, lists the rules and the bugs.",
	};
	const char *id = NULL;

	running_parse(&argp, argc, argv, &id);
	if (!ts_explain(id, stdout)) {
		if (errno) {
			cli_complain("cannot explain: %s", strerror(errno));
			return EXIT_FAILED;
		}
		cli_complain("there is no rule or known bug '%s'; `tornstack explain` lists them", id ? id : "");
		return EXIT_USAGE;
	}
	return cli_close(stdout, "standard output") ? EXIT_OK : EXIT_FAILED;
}
