/* main.c: finds the subcommand; signals. */
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/spelling.h"

#include "base/sandbox.h"

#include <argp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* All subcommands, ended by a row without a name. */
static const struct command commands[] = {
#define COMMAND(name, operands, summary) {#name, command_##name},
#include "cli/commands.def"
#undef COMMAND
	{NULL, NULL},
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
	signal(SIGPIPE, SIG_IGN); /* a closed pipe is a failed write, which cli_close knows */
	signal(SIGXFSZ, SIG_IGN); /* so is a limit of the size of files */
	signal(SIGCHLD, SIG_DFL); /* where it is inherited as ignored, nobody learns how a child ended */
}

/* Where a standard descriptor is closed, the next file that is opened would take its place, and be written over. What stands there
 * now fails when it is used for what it is for, as a closed one does. */
static void hold_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/* A command that was misspelt, where no file has that name; NULL: none. */
static const char *meant(const char *word)
{
	struct stat status;

	if (*word == '-' || !stat(word, &status))
		return NULL;
	for (const struct command *command = commands; command->name; command++)
		if (spelling_distance(word, command->name) <= MISSPELT)
			return command->name;
	return NULL;
}

/* argv[0] is what usage messages begin with. */
static int run(const struct command *command, int argc, char **argv)
{
	char name[64], whole[] = "tornstack";

	snprintf(name, sizeof name, "tornstack %s", command->name);
	argv[0] = command->run == command_analyze ? whole : name;
	return command->run(argc, argv);
}

int command_help(int argc, char **argv)
{
	char help[] = "--help", *call[] = {argv[0], help, NULL};
	const char *topic = argc > 1 ? argv[1] : "analyze";

	if (argc > 2) {
		cli_complain("help of one thing at a time, not of '%s' and '%s'", argv[1], argv[2]);
		return EXIT_USAGE;
	}
	if (*topic == '-')
		topic = "analyze";
	if (!strcmp(topic, "dumps"))
		return print_dumps();
	for (const struct command *command = commands; command->name; command++)
		if (!strcmp(topic, command->name) && command->run != command_help)
			return run(command, 2, call);
	cli_complain("there is no help on '%s', but on each command, and on dumps: how to get one", topic);
	return EXIT_USAGE;
}

static int dispatch(int argc, char **argv)
{
	for (const struct command *command = commands; argc > 1 && command->name; command++)
		if (!strcmp(argv[1], command->name))
			return run(command, argc - 1, argv + 1);
	if (argc > 1 && meant(argv[1])) {
		cli_complain("there is no command and no file '%s'. Did you mean: tornstack %s", argv[1], meant(argv[1]));
		return EXIT_USAGE;
	}
	return command_analyze(argc, argv);
}

/* Without what each library does when a program ends: it is for nothing here, and writes to pages of all of them. */
static _Noreturn void leave(int status)
{
	if (!SANDBOX_LIMITS_MEMORY) /* a sanitizer looks for leaks in the end */
		exit(status);
	fflush(NULL);
	_exit(status);
}

int main(int argc, char **argv)
{
	argp_err_exit_status = EXIT_USAGE;
	hold_standard_descriptors();
	set_signals();
	progress_start();
	leave(dispatch(argc, argv));
}
