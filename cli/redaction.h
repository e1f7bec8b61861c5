/* redaction.h: options of what leaves the machine: tornstack slim, tornstack bundle. */
#ifndef CLI_REDACTION_H
#define CLI_REDACTION_H

#include "cli/settings.h"

/* A child of such a subcommand's argp; its input is a struct settings. */
extern const struct argp redaction_argp;

#endif
