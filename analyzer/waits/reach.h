/* reach.h: what of the heap can be reached from given places: as the garbage collector marks, but that any word may be a pointer
 * where no map of a frame says otherwise. So more may be taken for reachable than is, never less. Where something is not in the
 * dump, or is too much, nothing is known (`lost`). */
#ifndef ANALYZER_WAITS_REACH_H
#define ANALYZER_WAITS_REACH_H

#include "analyzer/analysis.h"
#include "golang/heap/span_index.h"

struct reach {
	struct analysis *analysis;
	const struct span_index *spans;
	uint8_t *marks;  /* a bit for each slot */
	VEC(struct slot) open; /* marked, and not yet looked through */
	VEC(uint64_t) marked;  /* numbers of slots, if they are to be known */
	bool noting;
	size_t most;     /* slots that may be marked */
	size_t count;
	bool lost;       /* something could not be read, or there were too many */
};

struct reach reach_make(struct analysis *analysis, const struct span_index *spans, size_t most);

/* Whether what lies at an address was reached, or can always be: memory that is not of a slot is. */
bool reach_has(const struct reach *reach, uint64_t address);

/* Takes a slot for one that was looked through: what it holds is reached by others only. */
void reach_leave_out(struct reach *reach, uint64_t address);

/* The objects that words lead to, and from there on: for reach_run to go through. `address`: where they lie, if they were only searched
 * (image_peek); 0: nowhere, or they were read. */
void reach_words(struct reach *reach, struct span words, uint64_t address);

/* … that memory holds; what of it is missing is lost. */
void reach_memory(struct reach *reach, uint64_t start, uint64_t size);

/* … that a goroutine itself leads to: its runtime.g, what it deferred, and its stack; of a parked one what its frames may still
 * use. */
void reach_goroutine(struct reach *reach, size_t goroutine);

/* … that memory which is no object leads to: variables, memory of C, the runtime's own records. At most `most` bytes. */
void reach_outside(struct reach *reach, uint64_t most);

/* … that what will be called when objects die leads to (finalizers, cleanups): as the collector, what such objects hold. */
void reach_specials(struct reach *reach);

/* Takes back the marks that were noted. */
void reach_forget(struct reach *reach);

/* Goes on until nothing more is reached. */
void reach_run(struct reach *reach);

#endif
