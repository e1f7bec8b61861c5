/* crashes.h: a log that holds several crashes: each is analysed by itself, and what it took is gone before the next one is looked at. */
#ifndef LIB_CRASHES_H
#define LIB_CRASHES_H

#include "heuristics/detector.h"
#include "report/content/crashes.h"

/* How a crash of the log is analysed: that of an index, the last of the log being 0. What `then` is handed lasts as long as it runs; it returns
 * why what it did failed. NULL: it was handed it. Errors are on the analyst's arena. */
struct crash_analyst {
	const struct err *(*examine)(void *context, size_t index,
				     const struct err *(*then)(void *what, const struct diagnosis *diagnosis), void *what);
	void *context;
	struct cancel cancel;
};

/* How many of the log's crashes may be looked at; what an executable of so many bytes costs with each is bounded as well. */
size_t crashes_most(size_t total, uint64_t executable);

/* Tells what a crash is, but for its place in the log. Texts are on the arena, which may outlive the diagnosis. */
void crash_tell(struct arena *arena, const struct diagnosis *diagnosis, struct crash_entry *ret);

/* All crashes of a log, or the last of them; of the very last only the place is known yet, for the caller to tell and to settle the list. */
struct crash_list *crashes_survey(struct arena *arena, const struct image *log, const struct crash_analyst *analyst);

#endif
