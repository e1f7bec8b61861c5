/* resource_limit.h: what a process ran out of, by its limits or the system's. */
#ifndef HEURISTICS_RESOURCE_LIMIT_H
#define HEURISTICS_RESOURCE_LIMIT_H

#include "heuristics/detector.h"

/* Who uses a resource up, as far as a dump shows. */
enum resource_users {
	USERS_NONE,
	USERS_THREADS,     /* goroutines in system calls and in C, and those locked to their threads: each holds one */
	USERS_DESCRIPTORS,  /* goroutines that wait for input or output on a descriptor */
	USERS_MAPPINGS,     /* files that are mapped, and memory without a file */
};

struct resource {
	const char *refused; /* "the system refused the process one more thread" */
	enum resource_users users;
	const char *raise, *bound; /* advice: sentences */
};

/* The refusal that a process ended of. */
struct refusal {
	const struct resource *resource;
	size_t thread;   /* that met it, index in image->threads */
	const char *said; /* the text that says so; NULL: runtime/cgo's own, which was not kept */
	uint64_t said_at; /* by_c: where that stack which is no longer in use has it; 0: a log has it */
	bool by_c;       /* runtime/cgo ended the process; else the runtime did, or … */
	bool panicked;   /* … it became a panic */
	bool typed;      /* … whose value is an error of a system call of this process */
};

/* False: the process did not end so. */
bool refusal_find(struct analysis *analysis, struct refusal *ret);

/* The thread in which runtime/cgo ended the process because no thread could be started (runtime/cgo/gcc_fatalf.c), and what it
 * printed: in a log, or, with where it is, on the part of a core's stack that is free again; NULL: that is not kept. False: it did not
 * end so. */
bool pthread_failure_find(struct analysis *analysis, size_t *thread, const char **words, uint64_t *at);

/* The evidence of that, on a finding with its thread; also of a log that has those words. */
void pthread_failure_evidence(struct diagnosis *diagnosis, struct finding *finding, const char *words, uint64_t at);

/* How many mappings the process had, by the dump's own list. */
size_t mapping_count(const struct analysis *analysis);

/* Whether more goroutines hold their threads by runtime.LockOSThread than by standing in system calls and in C. */
bool threads_are_locked(const struct go_runtime *runtime);

#endif
