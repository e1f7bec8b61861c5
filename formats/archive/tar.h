/* tar.h: archives that are made here, and read back: tar (POSIX.1-2001, pax where ustar has no room), compressed by zstd. The same members
 * make the same bytes. */
#ifndef FORMATS_ARCHIVE_TAR_H
#define FORMATS_ARCHIVE_TAR_H

#include "base/err.h"
#include "base/span.h"

#include <stdio.h>

struct tar_member {
	const char *name; /* with its folder */
	struct span bytes;
};

/* Writes an archive: each member is nobody's in particular, last changed at `time` (seconds since 1970). What `out` cannot take is left for
 * its ferror. Errors: LIMIT (no memory; libarchive is not installed). */
const struct err *tar_write(struct arena *arena, const struct tar_member *members, size_t count, int64_t time, FILE *out);

/* Whether decompressed bytes begin as an archive whose first member has that name. */
bool tar_begins(struct span bytes, const char *name);

/* Gives `visit` the members of decompressed bytes, names and contents as views of them. What is no plain file is left out, and what pax says
 * of times and owners. Errors: BAD_DATA: it is damaged or cut short. */
const struct err *tar_each(struct arena *arena, struct span bytes, void (*visit)(void *context, const char *name, struct span member),
			   void *context);

#endif
