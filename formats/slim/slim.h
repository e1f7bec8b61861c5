/* slim.h: a dump of which only what an analysis read is left: a core or minidump as any other, for every program that opens such. */
#ifndef FORMATS_SLIM_SLIM_H
#define FORMATS_SLIM_SLIM_H

#include "formats/dump/image.h"

#include <stdio.h>

/* From here on the image notes what is read of it, for slim_write. Errors: LIMIT; UNSUPPORTED: it is slim already. */
const struct err *slim_begin(struct image *image);

/* What debuggers ask for, which no report does: the words from SP on of each thread, for variables of its frames, and the vdso. */
void slim_keep_for_debuggers(struct image *image);

/* Writes the slim dump. What `out` cannot take is left for its ferror. Errors: LIMIT. */
const struct err *slim_write(struct image *image, FILE *out);

/* Of each format. */
const struct err *slim_write_core(struct image *image, FILE *out);
const struct err *slim_write_minidump(struct image *image, FILE *out);

#endif
