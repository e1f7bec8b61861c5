/* debuginfod.h: files by build-id from the servers that the user named in DEBUGINFOD_URLS (debuginfod(8)). What leaves the
 * machine is the build-id. Without that variable nothing is asked, and the client library is not even loaded. */
#ifndef FORMATS_LOCATOR_DEBUGINFOD_H
#define FORMATS_LOCATOR_DEBUGINFOD_H

#include "formats/dump/image.h"

/* Whether DEBUGINFOD_URLS names servers. */
bool debuginfod_enabled(void);

/* Fetches the executable or shared library with a GNU build-id, lower-case hex as in struct exe, into the cache of
 * libdebuginfod; *path is its name there. Nothing is said about its contents: identity is to be judged like that of any
 * other file. `options` (NULL: none) bounds its size and the time, and cancels. Errors: ABSENT (no server has it, or none is enabled),
 * BAD_DATA (no build-id), LIMIT, IO. */
const struct err *debuginfod_fetch(struct arena *arena, const char *build_id, const struct file_options *options,
				   const char **path);

#endif
