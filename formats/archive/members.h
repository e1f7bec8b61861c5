/* members.h: files inside of archives: ar, tar, cpio and zip, compressed or not, nested (a Debian package
 * is an ar that holds a compressed tar); a compressed file is taken for an archive of one. */
#ifndef FORMATS_ARCHIVE_MEMBERS_H
#define FORMATS_ARCHIVE_MEMBERS_H

#include "base/cancel.h"
#include "base/err.h"
#include "base/span.h"

struct archive_search {
	uint64_t max_size; /* of one member, in bytes */
	/* Whether a member is to be visited, by its first bytes (ARCHIVE_START, or all that it has). */
	bool (*wanted)(struct span start);
	/* One member that is wanted. `path` is on the arena: archive and members, joined by '/'. The bytes are
	 * gone when it returns. cut_short: the archive is damaged, and these are what could be read. */
	void (*visit)(void *context, const char *path, struct span bytes, bool cut_short);
	/* A member that cannot be visited, or an archive in the archive that cannot be read. */
	void (*fail)(void *context, const char *path, const struct err *err);
	void *context;
	struct cancel cancel;
};

enum { ARCHIVE_START = 512 };

/* Whether bytes begin as an archive or compressed file does. */
bool archive_magic(struct span start);

/* Loads the library that reads them, which a confined process cannot: to be called before it becomes one. */
void archive_prepare(void);

/* Visits the members of the archive at a path, in order, its nested archives where they stand. What is wrong with
 * a part of it goes to search->fail; the error is of the whole: IO, BAD_DATA, LIMIT, ABSENT
 * (there is no such library, and it is more than a compressed file that is wanted). */
const struct err *archive_visit(struct arena *arena, const char *path, const struct archive_search *search);

#endif
