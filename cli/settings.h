/* settings.h: what every subcommand that reads a dump has in common: its options, and how it is run. */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "cli/inputs.h"
#include "cli/running.h"
#include "lib/tornstack.h"

enum { EXE_LIMIT = 64 };

struct settings {
	struct running running;
	struct ts_options options;
	const char *executables[EXE_LIMIT + 1];
	size_t executable_count;
	struct inputs named; /* dumps once they are parsed; as they were given before that */
	const char *core;    /* -c */
	char process[32];    /* what stands for a dump where a process is read */
	const char *pseudonyms, *names; /* key files of pseudonyms that are put, and taken back; NULL: none */
	unsigned char key[TS_KEY]; /* of pseudonyms that are put or taken back */
	bool several;        /* more than one dump will do */
	/* What is done with a dump; NULL: ts_analyze. */
	struct ts_result (*analyze)(const char *dump, const struct ts_options *options, FILE *out);
};

/* A child of a subcommand's argp; its input is a struct settings. */
extern const struct argp settings_argp;

/* Analyses the dump, or each of several, and writes the report; returns the exit status, EXIT_CORRUPTION too. */
int settings_run(struct settings *settings);

#endif
