/* crashes.h: what a report says of a log that holds several crashes. Those of one fingerprint, equally sure, are told once: by the last of
 * them. Texts live on the arena, and hold text of the log as it is: formats escape. */
#ifndef REPORT_CONTENT_CRASHES_H
#define REPORT_CONTENT_CRASHES_H

#include "base/vec.h"

#include <stdint.h>

enum { CRASH_REPORTS_MOST = 20 /* of different fingerprints; others get a line each */ };

#define CRASH_UNREPORTED SIZE_MAX

struct crash_entry {
	size_t number;                  /* in the log, as --crash takes it */
	uint64_t first_line, last_line; /* of the file */
	const char *word, *certainty;   /* "LIKELY", "likely"; NULL: see error */
	const char *rule, *place;       /* NULL: none */
	const char *headline;
	const char *fingerprint, *exact;
	const char *error_code, *error; /* why it could not be analysed */
	size_t report;                  /* which of the reports tells it, from 0; CRASH_UNREPORTED: none */
};

struct crash_list {
	struct crash_entry *items; /* the last of the log first */
	size_t count;              /* that were looked at */
	size_t total;              /* that the log holds */
	size_t reports;            /* CRASH_REPORTS_MOST at most */
};

/* Which report tells each, once all are told. */
void crash_list_settle(struct crash_list *list);

/* The crash that is told by a report of an index. */
const struct crash_entry *crash_reported(const struct crash_list *list, size_t report);

/* "crash 3 of this log, the last: lines 30 to 39; 2 more have its fingerprint, and are as sure: 2, 1 (--crash=N tells one)". */
const char *crash_sentence(struct arena *arena, const struct crash_list *list, size_t report);

/* "crash 2: lines 17 to 26": before the second report, and so on. */
const char *crash_heading(struct arena *arena, const struct crash_list *list, size_t report);

/* Those that no report tells, a line each, equal ones on one; the last line says how many more there are. */
struct crash_lines {
	VEC(const char *) items;
};
void crash_unreported(struct arena *arena, const struct crash_list *list, struct crash_lines *ret);

#endif
