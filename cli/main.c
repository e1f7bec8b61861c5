/* main.c: finds the subcommand; signals. */
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/progress.h"

#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct command commands[] = {
	{"analyze", "say what happened to a crashed Go process (the default)", command_analyze},
	{"goroutines", "list goroutines, those of equal stacks in one group", command_goroutines},
	{"scan", "find code in executables that is exposed to a torn stack", command_scan},
	{"explain", "say what a rule or a known bug means", command_explain},
	{NULL, NULL, NULL},
};

/* Ends at once, also in a read from a stalled pipe. Of all files only output.c's has a name for a while. */
static void on_signal(int number)
{
	output_abandon();
	progress_erase();
	_exit(128 + number);
}

static void set_signals(void)
{
	static const int stopping[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal};

	for (size_t i = 0; i < sizeof stopping / sizeof *stopping; i++) {
		struct sigaction before;

		if (!sigaction(stopping[i], NULL, &before) && before.sa_handler != SIG_IGN) /* nohup stays in force */
			sigaction(stopping[i], &action, NULL);
	}
	signal(SIGPIPE, SIG_IGN); /* a closed pipe is reported as the failed write that it is */
	signal(SIGXFSZ, SIG_IGN); /* so is a limit of the size of files */
	signal(SIGCHLD, SIG_DFL); /* where it is inherited as ignored, nobody learns how a child ended */
}

int main(int argc, char **argv)
{
	char name[64];

	argp_err_exit_status = EXIT_USAGE;
	set_signals();
	progress_start();
	for (const struct command *command = commands; argc > 1 && command->name; command++)
		if (!strcmp(argv[1], command->name)) {
			snprintf(name, sizeof name, "tornstack %s", command->name);
			argv[1] = command->run == command_analyze ? argv[0] : name;
			return command->run(argc - 1, argv + 1);
		}
	return command_analyze(argc, argv);
}
