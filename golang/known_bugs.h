/* known_bugs.h: bugs of the Go runtime, toolchain and ecosystem that a finding may cite: rows of known_bugs.def. */
#ifndef GOLANG_KNOWN_BUGS_H
#define GOLANG_KNOWN_BUGS_H

#include "golang/version.h"

/* Affected releases: 1.minor.first … 1.minor.last of every minor from minor_first to minor_last. */
struct release_range {
	int minor_first, patch_first;
	int minor_last, patch_last;
};

enum { RANGE_LIMIT = 4, ANY_PATCH = 0xffff };

struct known_bug {
	const char *id, *title;
	const char *rule;        /* the detector whose evidence it needs */
	const char *symptom;
	const char *os, *arch;   /* NULL: any */
	struct release_range affected[RANGE_LIMIT]; /* ended by an all-zero row */
	const char *fixed_in[RANGE_LIMIT]; /* ended by NULL; empty: not fixed */
	const char *caveat;      /* NULL: none */
	const char *workaround;
};

/* The bug of that id, or NULL. */
const struct known_bug *known_bug_by_id(const char *id);

/* 1: the release is in the affected ranges, 0: it is not, -1: the release is unknown. */
int known_bug_affects(const struct known_bug *bug, const struct go_version *version);

/* All bugs, one after the other; NULL after the last. */
const struct known_bug *known_bug_at(size_t index);

/* Whether a system ("linux", "windows") and CPU ("amd64", "arm64") can have the bug. */
bool known_bug_is_of(const struct known_bug *bug, const char *os, const char *arch);

#endif
