/* ahead.h: a decompressor on a thread of its own, a few blocks ahead of whoever takes them, so that one decompresses while the other keeps. */
#ifndef FORMATS_ARCHIVE_AHEAD_H
#define FORMATS_ARCHIVE_AHEAD_H

#include "formats/archive/decompressor.h"

struct ahead;

/* The decompressor, which is open, has a codec and gave no block, is the thread's until ahead_end. NULL: there is no memory or no thread for that, and
 * nothing has happened. */
struct ahead *ahead_start(struct decompressor *decompressor);

/* As decompressor_next; *taken is how much of the input was read when the block was made. */
const struct err *ahead_next(struct arena *arena, struct ahead *ahead, struct span *ret, uint64_t *taken);

/* Stops and frees it, but not the decompressor. Of NULL nothing. */
void ahead_end(struct ahead *ahead);

#endif
