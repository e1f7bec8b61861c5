/* waits.h: what a goroutine waits for, as memory shows it. Nothing here is guessed: an object is named only when a structure
 * of the runtime that names this very goroutine (sudog.g, pollDesc.rg or wg) leads to it. */
#ifndef ANALYZER_WAITS_WAITS_H
#define ANALYZER_WAITS_WAITS_H

#include "analyzer/analysis.h"

enum wait_kind {
	WAIT_OTHER, /* the runtime's own business, or unknown */
	WAIT_RECEIVE, WAIT_SEND, WAIT_SELECT, WAIT_NIL_CHANNEL, WAIT_FOREVER, /* a select without cases */
	WAIT_SEMAPHORE, WAIT_MUTEX, WAIT_READ_LOCK, WAIT_WRITE_LOCK, WAIT_GROUP, WAIT_COND,
	WAIT_SLEEP, WAIT_IO,
};

enum { WAIT_CHANNELS = 16, QUEUE_LIMIT = 1000 };

/* One case of a select, or the channel of a receive or send. */
struct wait_channel {
	uint64_t address; /* of the hchan */
	uint64_t sudog;   /* that names the goroutine and the channel */
};

struct wait {
	enum wait_kind kind;
	struct wait_channel channels[WAIT_CHANNELS];
	size_t channel_count;
	bool more_channels; /* a select of more than WAIT_CHANNELS */
	uint64_t object;    /* of a lock, WaitGroup, semaphore or (Go 1.26) Cond: its address; 0: not found */
	uint64_t sudog;     /* that led to it */
	bool has_descriptor;
	int64_t descriptor; /* WAIT_IO: of the file */
	size_t frame;       /* index of the innermost frame of the program; SIZE_MAX: none */
};

struct channel {
	uint64_t address, count, size; /* values in its buffer, and room for */
	bool closed, timer;            /* timer: package time sends on it */
	size_t receivers, senders;     /* that wait, at most QUEUE_LIMIT */
};

/* By its wait reason alone, so that locks are WAIT_SEMAPHORE; WAIT_OTHER when it does not wait. */
enum wait_kind wait_kind_of(struct analysis *analysis, const struct goroutine *goroutine);

/* What goroutine number `index`, whose stack this is, waits for; WAIT_OTHER when it does not wait. */
void wait_read(struct analysis *analysis, size_t index, const struct stack *stack, struct wait *ret);

/* Whether it waits for what only another goroutine (or nothing) can bring. */
bool wait_is_for_others(enum wait_kind kind);

/* Whether a function is of what is between the program and what it waits for: the runtime, package sync, the poller. */
bool wait_is_machinery(const char *name);

/* Whether it waits for a mutex. */
bool wait_is_for_lock(enum wait_kind kind);

/* runtime.hchan (runtime/chan.go); false when it is not in the dump. */
bool channel_read(struct go_runtime *runtime, uint64_t address, struct channel *ret);

/* "to receive from a channel", "for a mutex": of any such wait. */
const char *wait_kind_text(enum wait_kind kind);

/* "to receive from channel 0xc000012345 (unbuffered, open)": with the state of what it waits for. */
const char *wait_text(struct analysis *analysis, const struct wait *wait);

/* The word of the object that tells its state, and what that is ("the state of the mutex"); false: there is none. */
bool wait_state_word(const struct analysis *analysis, const struct wait *wait, uint64_t *address, const char **what);

#endif
