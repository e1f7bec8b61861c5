/* settings.h: what every subcommand that reads a dump has in common: its options, and how it is run. */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "cli/running.h"
#include "lib/tornstack.h"

enum { EXE_LIMIT = 64 };

struct settings {
	struct running running;
	struct ts_options options;
	const char *executables[EXE_LIMIT + 1];
	size_t executable_count;
	const char *dump;
};

/* A child of a subcommand's argp; its input is a struct settings. */
extern const struct argp settings_argp;

/* Analyses the dump and writes the report; returns the exit status, EXIT_CORRUPTION too. */
int settings_run(struct settings *settings);

#endif
