/* spool.h: bytes that come as a stream, kept in an unlinked temporary file in which pages of zeros are holes, so
 * that memory and disk hold only what is really there. */
#ifndef FORMATS_ARCHIVE_SPOOL_H
#define FORMATS_ARCHIVE_SPOOL_H

#include "base/err.h"
#include "base/span.h"

struct spool {
	int descriptor; /* -1: none */
	uint64_t size, max_size;
	uint64_t written; /* bytes that are no hole, at any time */
	uint64_t spared;  /* bytes of the file system that stay free for others; 0: it does not say how many are */
};

/* Makes a temporary file in TMPDIR, for at most max_size bytes; a part of what is free there stays free. To be closed with spool_close; *ret is set on
 * failure, too. */
const struct err *spool_open(struct arena *arena, uint64_t max_size, struct spool *ret);

/* The error that there is more than max_size. */
const struct err *spool_too_long(struct arena *arena, const struct spool *spool);

/* Appends bytes. Errors: LIMIT, IO. */
const struct err *spool_append(struct arena *arena, struct spool *spool, const void *data, size_t size);

/* Takes back what was appended behind the first `size` bytes. Errors: IO. */
const struct err *spool_cut(struct arena *arena, struct spool *spool, uint64_t size);

/* All that was appended, mapped read-only, to be released with mapping_release. */
const struct err *spool_map(struct arena *arena, struct spool *spool, struct span *ret);

void spool_close(struct spool *spool);

/* Writes bytes at an offset of a file, leaving out what is zero, by aligned pages; adds to *written those that are no hole. False: errno
 * says why not; some may be written. */
bool spool_write(int descriptor, const unsigned char *data, size_t size, uint64_t offset, uint64_t *written);

#endif
