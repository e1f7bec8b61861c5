/* history.h: what is known of a crash from before: of those of the same cause that a database has. */
#ifndef REPORT_HISTORY_H
#define REPORT_HISTORY_H

#include "base/arena.h"

#include <stdint.h>

enum { HISTORY_NOTES = 8 };

struct crash_history {
	const char *trouble;     /* why it is not known; NULL: it is */
	const char *cluster;     /* its id; NULL: none yet */
	uint64_t count;          /* crashes of its cluster */
	int64_t first, last;     /* seconds since 1970 */
	const char *first_build; /* NULL: it is not known */
	const char *gone_in;     /* the first build that crashed after the last of these, and not so; NULL: there is none */
	int64_t gone_since;
	const char *notes[HISTORY_NOTES]; /* what people said of it, and links to issues */
	size_t note_count;
};

/* "seen 14 times since 2026-11-01, last on 2026-11-28; first on build v1.2; gone since v1.4 (2026-11-29); golang/go#1" */
const char *history_sentence(struct arena *arena, const struct crash_history *history);

/* "2026-11-29T03:00:00Z", on the arena. */
const char *history_time(struct arena *arena, int64_t seconds);

#endif
