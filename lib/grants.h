/* grants.h: which files a confined analysis is given. It names them, and what it says is hostile: of what a dump can make it ask
 * for, only where a search for executables and libraries leads (formats/locator/locate.h, candidates.h). */
#ifndef LIB_GRANTS_H
#define LIB_GRANTS_H

#include "base/arena.h"
#include "lib/tornstack.h"

struct grants {
	const char *dump, *folder; /* its folder; NULL: it has none */
	const char *const *given;  /* named by the user; NULL: none */
	const char *symbols_dir, *sysroot;
	bool tells_paths;          /* it may be told what is at the paths that the dump names */
	const char *fetched;       /* what debuginfod gave; NULL: nothing yet */
};

/* What the options name, on the arena. */
struct grants grants_of(struct arena *arena, const char *dump, const struct ts_options *options);

/* Opens a path for reading. The dump and what the user named: whatever it is. Else only a regular file, without waiting: any in
 * the folders of the dump and of symbols; where paths of the dump lead, below the sysroot, one that begins as an executable or a
 * compressed file does. -1: errno is ENOENT, EACCES or ENOEXEC (no such file), or says why it cannot be opened. */
int grants_open(const struct grants *grants, const char *path);

/* The same, for what is only asked after: false also for what is no regular file. With tells_paths true for any that is. */
bool grants_file(const struct grants *grants, const char *path);

#endif
