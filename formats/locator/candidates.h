/* candidates.h: where the file that a dump names may lie, in one order for libraries and for modules of Go. */
#ifndef FORMATS_LOCATOR_CANDIDATES_H
#define FORMATS_LOCATOR_CANDIDATES_H

#include "base/arena.h"

/* What is looked for, and where; NULL: not known, or not there. */
struct file_query {
	const char *path;            /* as the dump has it */
	const char *build_id;        /* that the dump's memory holds, lower-case hex */
	const char *const *given;    /* files that the user named, ended by NULL */
	const char *sysroot;         /* where the dump's paths begin; NULL: at the root */
	const char *dump;            /* the dump's own path; "-": standard input */
	const char *symbols_dir;
};

/* Offers, one after the other until `take` says true, each regular file among: the given ones; the dump's path below the sysroot;
 * the same name in the dump's folder; in the symbols folder, .build-id/xx/yyyy[.debug] and the name. Names also with .zst .lz4 .xz
 * .gz appended. A path is on the arena. False: none was taken. */
bool candidates_offer(struct arena *arena, const struct file_query *query, bool (*take)(void *context, const char *path),
		      void *context);

#endif
