/* mask.h: what a command line and an environment may tell without telling a secret. Reports are handed on; passwords,
 * tokens and addresses stand in the values of flags and variables. */
#ifndef REPORT_MASK_H
#define REPORT_MASK_H

#include "base/arena.h"

/* A command line as the kernel keeps it (arguments divided by blanks that arguments may hold as well; linux/elfcore.h,
 * pr_psargs): the program, the words before the first flag and the names of flags stay. What follows a flag up to the next, what
 * follows a "=", and who logs in where in a URL become "***". A name that is written together with its value, as in
 * -psecret, cannot be told from -secret when both are letters. NULL stays NULL. */
const char *mask_command(struct arena *arena, const char *command);

/* The value of GODEBUG (package internal/godebug: NAME=VALUE,…): names stay, and values that are numbers, on or off. NULL
 * stays NULL. */
const char *mask_godebug(struct arena *arena, const char *value);

/* The value of a build setting (debug.BuildInfo.Settings), which may be quoted (strconv.Quote): of settings that hold flags, names of
 * flags stay (what is put into a variable with -X may be a secret), and settings that no release of Go writes tell nothing. NULL
 * stays NULL. */
const char *mask_build_setting(struct arena *arena, const char *key, const char *value);

#endif
