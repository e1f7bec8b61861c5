/* unpacking.h: an archive of dumps, unpacked by a child that can do nothing else (base/isolation.h): its members, one after the other. */
#ifndef LIB_UNPACKING_H
#define LIB_UNPACKING_H

#include "base/err.h"
#include "lib/tornstack.h"

struct unpacked {
	const char *path; /* ARCHIVE/MEMBER, made printable; gone when `visit` returns */
	int descriptor;   /* of a file without a name that holds it; closed when `visit` returns */
	uint64_t size;
};

/* Visits the members that are neither executables nor archives themselves; those of archives in it too, and what is compressed in it decompressed.
 * NULL, or why not all of it could be read; *count: how many were visited. `options`: max_size, isolated, cancelled. */
const struct err *unpack(struct arena *arena, const char *path, const struct ts_options *options, void (*visit)(void *context, const struct unpacked *member),
			 void *context, size_t *count);

#endif
