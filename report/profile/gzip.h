/* gzip.h: a stream that is compressed on its way out. */
#ifndef REPORT_PROFILE_GZIP_H
#define REPORT_PROFILE_GZIP_H

#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>

struct gzip;

/* Compresses into `out`, the same bytes for the same input: no name, no time. Its memory is gone with the arena. Running out of memory
 * exhausts the arena; errors of `out` are left for its owner's ferror. */
struct gzip *gzip_start(struct arena *arena, FILE *out);
void gzip_write(struct gzip *gzip, const uint8_t *bytes, size_t size);
void gzip_end(struct gzip *gzip);

#endif
