/* cli.h: the command line. Each subcommand is one file and one line of commands.def. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_CORRUPTION = 3, EXIT_NEWS = 4 };

struct command {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is what usage messages begin with; returns the exit status */
};

#define COMMAND(name, operands, summary) int command_##name(int argc, char **argv);
#include "cli/commands.def"
#undef COMMAND

/* Prints how to get a dump; returns the exit status. */
int print_dumps(void);

/* "tornstack: …" on stderr, with the text's control characters made visible. */
void cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints a text on stderr, with its control characters made visible. */
void cli_show(const char *text);

/* Says on stderr what to do about an error that was complained of, by its code (ts_result.error_code). */
void cli_remedy(const char *code);

/* Flushes and closes an output stream; complains and returns false when it could not take everything. A reader that closed its end
 * of the pipe, such as head, has what it wanted: that is no failure. */
bool cli_close(FILE *out, const char *name);

#endif
