/* isolation.h: work on hostile bytes in a child process that can do nothing but compute (base/sandbox.h). It gets the files that it
 * works on as descriptors, opened by its parent when it asks (base/broker.h), and tells what it found in messages. It dies with its
 * parent. */
#ifndef BASE_ISOLATION_H
#define BASE_ISOLATION_H

#include "base/broker.h"
#include "base/cancel.h"
#include "base/sandbox.h"

struct isolation {
	uint64_t size;      /* bytes that are worked on, which limits its time */
	uint64_t file_size; /* bytes that a temporary file may have; isolation_limits.def says the least */
	bool input;         /* standard input stays open */
	/* The work, in the child, where files.h, temporary.h and debuginfod.h ask the parent. It ends with the body. */
	void (*body)(void *context);

	/* The parent. Each is called by the thread that called isolation_run. */
	int (*open)(void *context, const char *path);     /* for reading; -1: errno says why not */
	bool (*is_file)(void *context, const char *path); /* a regular one, that would be opened */
	void (*fetch)(void *context, const char *build_id, struct broker_answer *ret); /* NULL: nothing is */
	void (*recall)(void *context, const char *fingerprint, struct broker_answer *ret); /* NULL: there is no history */
	bool (*confirm)(void *context, const char *text); /* whether it may leave; NULL: nothing is asked */
	/* A message that has no answer; true: it was the last. */
	bool (*told)(void *context, const struct broker_message *message);
	struct cancel cancel;    /* polled */
	void *context;
};

enum isolation_end {
	ISOLATION_NONE,      /* no child could be made: nothing is done */
	ISOLATION_DONE,      /* the last message came */
	ISOLATION_CANCELLED,
	ISOLATION_STOPPED,   /* by its parent: it asked for too much */
	ISOLATION_DIED,
};

struct isolation_result {
	enum isolation_end end;
	int signal;          /* that it died of; 0: of none */
	uint64_t cpu_seconds; /* its limit */
	char exposed[128];   /* what its sandbox lacks; empty: nothing */
};

struct isolation_result isolation_run(const struct isolation *isolation);

/* In words, for STOPPED and DIED: "the analysis crashed while walking stacks (SIGSEGV). …". True: at a limit, not a crash. */
bool isolation_describe(const struct isolation_result *result, const char *work, const char *doing, char *text, size_t size);

enum isolation_told {
	ISOLATION_EXPOSED = BROKER_TOLD, /* a text, before the work begins; not for `told` */
	ISOLATION_TOLD,                  /* kinds from here on are the work's own */
};

#endif
