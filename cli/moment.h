/* moment.h: a time that an option's argument says. */
#ifndef CLI_MOMENT_H
#define CLI_MOMENT_H

#include <argp.h>
#include <stdint.h>

/* "90s", "30m", "24h", "7d": that long ago; "2026-11-29", "2026-11-29T03:00:00Z": then. Seconds since 1970; wrong usage ends the program. */
int64_t moment_of(struct argp_state *state, const char *option, const char *arg);

#endif
