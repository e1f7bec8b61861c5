/* block.h: anonymous memory that is filled from its start, without the pages that are zero. */
#ifndef FORMATS_ARCHIVE_BLOCK_H
#define FORMATS_ARCHIVE_BLOCK_H

#include "base/span.h"

#include <stdbool.h>

struct block {
	uint8_t *start; /* NULL: there is none */
	size_t reserved;
	size_t open;    /* bytes that are writable */
};

/* Addresses for at most `most` bytes, none of which takes memory. False: there are not so many. */
bool block_reserve(struct block *block, uint64_t most);

/* Copies bytes that lie behind all written before, since the last cut. False: the kernel gives no memory for them. */
bool block_write(struct block *block, struct span bytes, uint64_t offset);

/* All behind the first `size` bytes is zero again. False: the kernel does not let it be. */
bool block_cut(struct block *block, uint64_t size);

/* Its first `size` bytes, read-only from now on, to be unmapped by whoever called; the block has none any more. False: it still has them. */
bool block_take(struct block *block, uint64_t size, struct span *ret);

void block_release(struct block *block);

/* Gives the memory of bytes back that block_take gave and nobody reads any more, by several of `workers` threads (0: one for each CPU) where it is
 * much: munmap(2), which is still to come, is of one. */
void block_empty(struct span bytes, unsigned workers);

#endif
