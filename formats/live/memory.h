/* memory.h: a copy of chosen pages of a process that runs, in a sparse file without a name: each page lies at a place of its own, so
 * the order in which pages are copied does not matter, and the file can be mapped as a dump is. Pages are marked first and then
 * copied in batches (process_vm_readv(2); /proc/PID/mem where that is not allowed), since within a stop each microsecond counts.
 *
 * A page that nobody ever wrote to, which pagemap tells (Documentation/admin-guide/mm/pagemap.rst), is known to be zero without being
 * touched; it is a hole of the file. Pages that are swapped out are left alone: reading them would take a disk. */
#ifndef FORMATS_LIVE_MEMORY_H
#define FORMATS_LIVE_MEMORY_H

#include "formats/live/maps.h"

struct live_memory;

/* The file is closed with the arena. Errors: IO, LIMIT. */
const struct err *live_memory_new(struct arena *arena, int64_t pid, const struct live_maps *maps, struct live_memory **ret);

/* Of another list of mappings, read later: those that are new get a place too, as far as there is room. */
void live_memory_update(struct live_memory *memory, const struct live_maps *maps);

/* Forgets what was copied; the places keep their pages, so that copying again is quick. */
void live_memory_restart(struct live_memory *memory);

/* Marks the pages of [address, address + size), as far as they are mapped and can be read. */
void live_memory_want(struct live_memory *memory, uint64_t address, uint64_t size);

/* Marks what the process has written to in [start, end), and knows its other pages to be zero if it is anonymous. Of private
 * mappings of files `all` marks the rest too. Reads pagemap. */
void live_memory_want_written(struct live_memory *memory, uint64_t start, uint64_t end, bool anonymous, bool all);

/* Copies what is marked and not yet copied. `until`: of live_now; 0: as long as it takes. False: time was up. */
bool live_memory_take(struct live_memory *memory, int64_t until);

/* Copies bytes out of the copy; false when they are not all in it. */
bool live_memory_read(const struct live_memory *memory, uint64_t address, void *buf, size_t size);

/* A view of the copy at an address, up to `size` bytes of one page; empty: it is not in it. */
struct span live_memory_view(const struct live_memory *memory, uint64_t address, size_t size);

/* Whether an address lies in private memory that may be written to, and its page is not in the copy yet. */
bool live_memory_lacks(const struct live_memory *memory, uint64_t address);

/* The next run of pages of [*start, end) that are in the copy: their size in bytes, *start becomes its beginning and *offset where
 * it lies in the file. 0: there are none. */
uint64_t live_memory_next(const struct live_memory *memory, uint64_t *start, uint64_t end, uint64_t *offset);

struct live_counts {
	uint64_t copied;  /* bytes, the zero ones not counted */
	uint64_t swapped; /* bytes that were met and left alone */
};
struct live_counts live_memory_counts(const struct live_memory *memory);

/* The file, and the bytes of it that are in use: what is appended goes behind them. The first page is free. */
int live_memory_file(const struct live_memory *memory);
uint64_t live_memory_end(const struct live_memory *memory);

uint64_t live_page(void); /* bytes */

#endif
