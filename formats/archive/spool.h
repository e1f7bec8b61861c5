/* spool.h: bytes that come as a stream, kept in memory as long as there is enough of it (spool_limits.def), and beyond that in an unlinked temporary
 * file. Pages of zeros are holes, so that memory and disk hold only what is really there. */
#ifndef FORMATS_ARCHIVE_SPOOL_H
#define FORMATS_ARCHIVE_SPOOL_H

#include "base/err.h"
#include "base/span.h"
#include "formats/archive/block.h"

struct spool {
	struct block block; /* none: the bytes are in the file */
	uint64_t budget;    /* bytes that may be written to the block; each piece may also begin and end within a page */
	bool asked;         /* the budget is what the machine has, and not what is taken unasked */
	int descriptor;     /* -1: there is no file */
	uint64_t size, max_size;
	uint64_t written; /* bytes that are no hole, at any time */
	uint64_t spared;  /* bytes of the file system that stay free for others; 0: it does not say how many are, or there is no file */
};

/* For at most max_size bytes. Where they do not fit into memory, a temporary file in TMPDIR is made; a part of what is free there stays free. To be closed
 * with spool_close; *ret is set on failure, too. Errors: IO. */
const struct err *spool_open(struct arena *arena, uint64_t max_size, struct spool *ret);

/* The error that there is more than max_size. */
const struct err *spool_too_long(struct arena *arena, const struct spool *spool);

/* Appends bytes. Errors: LIMIT, IO. */
const struct err *spool_append(struct arena *arena, struct spool *spool, const void *data, size_t size);

/* Takes back what was appended behind the first `size` bytes. Errors: IO. */
const struct err *spool_cut(struct arena *arena, struct spool *spool, uint64_t size);

/* All that was appended, mapped read-only, to be released with mapping_release. Nothing is appended later. */
const struct err *spool_map(struct arena *arena, struct spool *spool, struct span *ret);

void spool_close(struct spool *spool);

/* Writes bytes at an offset of a file, leaving out what is zero, by aligned pages; adds to *written those that are no hole. False: errno
 * says why not; some may be written. */
bool spool_write(int descriptor, const unsigned char *data, size_t size, uint64_t offset, uint64_t *written);

#endif
