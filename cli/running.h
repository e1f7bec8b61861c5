/* running.h: the options of every subcommand that reads files: how it runs, and where its output goes. */
#ifndef CLI_RUNNING_H
#define CLI_RUNNING_H

#include "lib/tornstack.h"

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

enum color_choice { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct running {
	uint64_t max_size; /* bytes, 0: the default */
	unsigned workers;  /* 0: one per CPU */
	bool quiet, verbose;
	bool exposed; /* --no-sandbox */
	bool unpaged; /* --pager=never */
	enum color_choice color;
	const char *output; /* NULL: standard output */
};

/* Keys of a subcommand's own options begin here; those before are in use. */
enum { KEY_OWN = 0x200 };

/* Groups of options in --help; a subcommand's own come first. */
enum { GROUP_COMMANDS = 1, GROUP_READ, GROUP_PRINTED, GROUP_TAKEN };

/* A child of a subcommand's argp; its input is a struct running. */
extern const struct argp running_argp;

/* For the argp of a subcommand: leaves out what says nothing. */
char *running_help(int key, const char *text, void *input);

/* The index of an option's argument in `names`, ended by NULL; wrong usage ends the program. */
int running_choice(struct argp_state *state, const char *option, const char *arg, const char *const *names);

/* Sets a format that an option asks for; two of them are wrong usage, of which `which` tells: "one of --json and --html". */
void running_format(struct argp_state *state, enum ts_format *ret, enum ts_format format, const char *which);

/* The size that an option's argument says: "512M", "2GiB", "100000"; wrong usage ends the program. */
uint64_t running_size(struct argp_state *state, const char *option, const char *arg);

/* A whole number in decimal digits, from `least` to `most`; without zeros before it, where 0 is none. False: it is no such number. */
bool running_number(const char *arg, uint64_t least, uint64_t most, uint64_t *ret);

/* Whether text is coloured, and how wide it is. */
bool running_color(const struct running *running);
unsigned running_columns(const struct running *running);

/* The database that an option names, else TORNSTACK_DB; NULL: none. */
const char *running_database(const char *option);

/* Parses a command line: `input` is what the argp's own parser gets. */
void running_parse(const struct argp *argp, int argc, char **argv, void *input);

/* Says what the sandbox lacked, if anything (ts_result.exposed), unless told to be quiet. */
void running_exposed(const struct running *running, const char *exposed);

#endif
