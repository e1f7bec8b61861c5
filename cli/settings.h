/* settings.h: what every subcommand that reads a dump has in common: its options, and how it is run. */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "lib/tornstack.h"

#include <argp.h>

enum { EXE_LIMIT = 64 };

enum color_choice { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct settings {
	struct ts_options options;
	const char *executables[EXE_LIMIT + 1];
	size_t executable_count;
	enum color_choice color;
	const char *dump;
	const char *output; /* NULL: standard output */
};

/* Keys of a subcommand's own options begin here; those before are in use. */
enum { KEY_OWN = 0x200 };

/* A child of a subcommand's argp; its input is a struct settings. */
extern const struct argp settings_argp;

/* For the argp of a subcommand: leaves out what says nothing. */
char *settings_help(int key, const char *text, void *input);

/* The index of an option's argument in `names`, ended by NULL; wrong usage ends the program. */
int settings_choice(struct argp_state *state, const char *option, const char *arg, const char *const *names);

/* The bytes that an argument such as "512M" says; wrong usage ends the program. */
uint64_t settings_size(struct argp_state *state, const char *arg);

/* The number of threads that an argument says; wrong usage ends the program. */
unsigned settings_jobs(struct argp_state *state, const char *arg);

/* Whether text is coloured, and how wide it is, on an output file (NULL: standard output). */
bool settings_color(enum color_choice choice, const char *output);
unsigned settings_columns(const char *output);

/* Parses a command line: `input` is what the argp's own parser gets. */
void settings_parse(const struct argp *argp, int argc, char **argv, void *input);

/* Analyses the dump and writes the report; returns the exit status, EXIT_CORRUPTION too. */
int settings_run(struct settings *settings);

#endif
