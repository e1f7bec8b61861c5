/* mapping.h: files that are mapped into memory, and may become shorter while they are read. The kernel then answers a read with
 * SIGBUS (mmap(2)); a handler puts zeros where the file was, as systemd's basic/sigbus.c does, and whoever worked with them
 * asks mapping_lost before anything is believed. The handler is installed with each mapping that finds another one, and stays; a
 * SIGBUS that is of no mapping of this file goes to that other one. In a thread that blocks SIGBUS it ends the process. */
#ifndef BASE_MAPPING_H
#define BASE_MAPPING_H

#include "base/err.h"
#include "base/span.h"

/* Maps the first `size` bytes of a file read-only; empty for none. MAP_PRIVATE: whoever writes to the file meanwhile, this
 * process never does. `path` is what the file is called and lives as long as the mapping; the arena is who asks mapping_lost.
 * Errors: LIMIT, IO. */
const struct err *mapping_new(struct arena *arena, const char *path, int descriptor, uint64_t size, struct span *ret);

/* Zeros, without a file, which take memory only where they are written to: `writable` at once, or by mapping_open's leave. They go with
 * the arena. Errors: LIMIT. */
const struct err *mapping_zeros(struct arena *arena, uint64_t size, bool writable, void **ret);

/* Makes [start, start + size) of such a mapping writable, in whole pages around it. False: errno says why not. */
bool mapping_open(void *start, size_t size);

/* Ends a mapping; of an empty one nothing. */
void mapping_release(struct span *mapped);

/* Gives back the memory of pages of a mapping that will not be read soon; they are read from the file when they are. Pages that the span
 * has in part are kept. Of bytes that are not of a mapping of this file nothing happens. */
void mapping_pass(struct span part);

/* The path of a file, of those mapped for this arena and not yet released, that became shorter under a read; NULL: none. */
const char *mapping_lost(const struct arena *arena);

#endif
