/* known_bugs.h: bugs of the Go runtime, toolchain, libraries, kernels and CPUs that a finding may cite: rows of
 * known_bugs.def. Nothing here reads a dump: heuristics/verdict/citations.c asks whether what a row needs is there. */
#ifndef GOLANG_KNOWN_BUGS_H
#define GOLANG_KNOWN_BUGS_H

#include "golang/version.h"

#include <stdint.h>

/* Affected releases: 1.minor.first … 1.minor.last of every minor from minor_first to minor_last. */
struct release_range {
	int minor_first, patch_first;
	int minor_last, patch_last;
};

enum { RANGE_LIMIT = 4, LIST_LIMIT = 8, NEED_LIMIT = 8, ANY_PATCH = 0xffff, ANY_BUILD = INT32_MAX };

/* What must be so, besides the rule, before a bug is cited. Of one kind any, of every kind one must hold. What the dump
 * does not tell does not hold. */
enum bug_need_kind {
	NEED_NONE,
	NEED_LEAF,          /* split-sp: the torn function calls nothing */
	NEED_CALLS,         /* split-sp: it calls others */
	NEED_STORES_LENGTH, /* late-kernel-write: the kernel was told to write the length of a socket address; of a log, which shows no
			     * other stacks: that is what the upper half of the torn word is, and the text is of no older release */
	NEED_STORES_OTHER,  /* … or something else */
	NEED_TEXT,          /* the runtime's last words hold `text` */
	NEED_ON_STACK,      /* a function whose name begins with `text` is on the stack that died or on the victim's */
	NEED_VICTIM,        /* … on the stack of the finding's goroutine, the victim */
	NEED_PREEMPTED,     /* one of these stacks was stopped by asynchronous preemption */
	NEED_SWITCHING,     /* the innermost function of the victim, the runtime's apart, is assembly that sets SP */
	NEED_PREEMPTION,    /* asynchronous preemption is not known to be switched off */
	NEED_FAULT,         /* a fault of the CPU began it */
	NEED_WILD_FAULT,    /* a memory fault at an address that no nil pointer leads to */
	NEED_PC_ON_STACK,   /* the CPU stopped at a pc that lies on a goroutine's stack */
	NEED_PC_FOREIGN,    /* … in no Go function */
	NEED_UNEXPLAINED,   /* no other finding explains this one */
	NEED_CODE,          /* the program has a function whose name begins with `text` */
	NEED_MODULE,        /* … is built with a release of module `text` from `from` to before `below` (NULL: any) */
	NEED_LIBRARY,       /* a file whose path holds `text` was mapped */
	NEED_AFFECTED,      /* the release is not known to be without it: of bugs that have nothing but a message in common */
	NEED_KERNEL,        /* Linux from release `first` to `last` */
	NEED_BUILD,         /* Windows from build `first` to `last` */
	NEED_KINDS
};

/* LINUX_VERSION_CODE of linux/version.h. */
#define LINUX_RELEASE(major, minor, patch) ((uint32_t)(major) << 16 | (uint32_t)(minor) << 8 | (uint32_t)(patch))

struct bug_need {
	enum bug_need_kind kind;
	const char *text;
	const char *from, *below;
	uint32_t first, last;
};

/* What an executable alone shows of a bug. */
enum bug_in_scan {
	SCANNED_NOT,       /* nothing: machines, kernels, chance decide */
	SCANNED_BY_RULE,   /* the places that another rule of the scan finds */
	SCANNED_BY_PROGRAM, /* the release, and the functions and modules that the row needs */
};

struct known_bug {
	const char *id, *title, *symptom;
	const char *also[LIST_LIMIT];  /* other issues about it; ended by NULL, as are all lists here */
	const char *rules[LIST_LIMIT]; /* detectors whose findings may cite it; empty: it is here to be explained */
	const char *os[LIST_LIMIT], *arch[LIST_LIMIT]; /* empty: any */
	struct release_range affected[RANGE_LIMIT];    /* ended by an all-zero row; empty: no matter of Go's release */
	const char *fixed_in[RANGE_LIMIT];             /* Go releases; empty: in none */
	struct bug_need needs[NEED_LIMIT];
	enum bug_in_scan scan;
	const char *unverified; /* what of the row could not be checked: it is cited as a hint only; NULL: nothing */
	const char *caveat;     /* NULL: none, as below */
	const char *workaround;
	const char *source;     /* what the row rests on; never NULL */
};

/* All bugs, one after the other; NULL after the last. */
const struct known_bug *known_bug_at(size_t index);

/* The bug of that id, or NULL. */
const struct known_bug *known_bug_by_id(const char *id);

/* The bug that somebody means: its id or that of another issue about it, also without the owner ("go#73259",
 * "compress#1097") or as a bare number; NULL: none. */
const struct known_bug *known_bug_named(const char *text);

/* 1: the release has it; 0: it has not; -1: that is not known: the release is unknown, or a development version between one
 * that has it and one that has not. Vendors' builds are taken for what their numbers say. 1 for a bug that no release of Go
 * has to do with. */
int known_bug_affects(const struct known_bug *bug, const struct go_version *version);

/* The same of all releases from 1.least.0 to the last of 1.most: -1 where some have it and some have not. */
int known_bug_affects_minors(const struct known_bug *bug, int least, int most);

/* Whether a system ("linux", "windows") and CPU ("amd64", "arm64") can have the bug. */
bool known_bug_is_of(const struct known_bug *bug, const char *os, const char *arch);

/* Whether findings of that rule may cite it. */
bool known_bug_concerns(const struct known_bug *bug, const char *rule);

/* "1.23.12, 1.24.6, 1.25": the releases that fix it; NULL: none does. */
const char *known_bug_fixes(struct arena *arena, const struct known_bug *bug);

#endif
