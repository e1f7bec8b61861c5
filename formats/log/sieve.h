/* sieve.h: a log that comes as a stream, from a pipe, decompressed or in UTF-16: what is kept of it are its regions (regions.h), in memory
 * are a few MB. */
#ifndef FORMATS_LOG_SIEVE_H
#define FORMATS_LOG_SIEVE_H

#include "formats/archive/archive.h"
#include "formats/log/regions.h"

extern const struct sieve log_sieve;

/* Of a state of log_sieve: what was found, as parts of what was kept. */
const struct log_regions *log_sieve_regions(const void *state);

/* probe.c: whether bytes begin as UTF-16, so that they cannot be read as they are; whether of that kind of it. */
bool log_is_wide(struct span start);
bool log_is_big_endian(struct span start);

/* Puts a log that is there through the sieve. */
const struct err *log_sieve_all(struct arena *arena, struct span log, const struct log_options *options, void **ret_state, struct span *ret);

#endif
