/* incident.h: what is known of one of many inputs: of its file, and of the crash that it holds. One line of JSON
 * (docs/triage.schema.json) by which a confined child tells its parent, a state file what was done, and other programs what was found. */
#ifndef FLEET_INCIDENT_H
#define FLEET_INCIDENT_H

#include "base/vec.h"

#include <stdint.h>
#include <stdio.h>

enum { INCIDENT_LINE = 1 << 18 /* bytes of a line: a longer one is none */, INCIDENT_TEXTS = 64 };

struct incident_texts {
	const char *items[INCIDENT_TEXTS];
	size_t count;
};

/* Texts are NULL where they are not known. */
struct incident {
	/* the file */
	const char *path;    /* of a member of an archive: ARCHIVE/MEMBER */
	uint64_t size;       /* bytes */
	int64_t modified;    /* nanoseconds since 1970 */
	const char *hash;    /* SHA-256 of its bytes as they lie there, in hexadecimal digits */
	int64_t seen;        /* seconds since 1970: when it crashed, else when the file was last changed */
	const char *host;
	/* which crash of a log */
	bool other;            /* not its last: the line of the file, which is that of the last, comes behind it */
	size_t number, total;  /* from 1, of so many, as --crash takes it: lists of stacks count. 0: it is no log, or has no crash */
	const char *crash;     /* a digest that is equal for the same crash in other logs; NULL: as above */
	int64_t crash_seen;    /* as `seen`, by the log; -1: it does not say */
	const char *error_code, *error; /* why there is nothing more; "no-dump": it is another kind of file */
	/* the crash */
	const char *format;
	const char *certainty, *rule, *headline, *place;
	const char *fingerprint, *exact;
	struct incident_texts cause;     /* program, rule and what was said */
	struct incident_texts functions; /* innermost first, without what differs from build to build */
	size_t died_in;                  /* of the functions, so many of the innermost belong to the cause; 0: that is not settled */
	const char *said;                /* a key of what a panic said but for what differs from run to run */
	const char *os, *arch, *go_version, *program, *version, *revision, *build;
	const char *system, *cpu;        /* of the machine */
};

/* Reads a line, which may be anything. False: it is none. Texts are on the arena. */
bool incident_read(struct arena *arena, const char *line, size_t size, struct incident *ret);

/* Writes it as a line; `arena` is scratch memory. False when memory ran out; what `out` does not take is left for ferror. */
bool incident_write(struct arena *arena, const struct incident *incident, FILE *out);

/* By what contents are told apart: what has an equal one counts once. NULL: it is not known. */
enum { INCIDENT_CONTENT = 80 };
const char *incident_content(const struct incident *incident, char text[static INCIDENT_CONTENT]);

/* What people call its build: a version or revision, where there is one, and the beginning of the build-id. NULL: it is not known. */
const char *incident_build_name(struct arena *arena, const struct incident *incident);

/* "2026-11-29T03:00:00Z", on the arena, of a time in [1970, 10000), else 1970's begin; and back: false where it is no such text. */
const char *incident_time(struct arena *arena, int64_t seconds);
bool incident_time_parse(const char *text, int64_t *ret);

#endif
