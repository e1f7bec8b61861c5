/* c_stop.h: where a thread was stopped in code that is not Go's, and by what. */
#ifndef HEURISTICS_FAULTS_C_STOP_H
#define HEURISTICS_FAULTS_C_STOP_H

#include "heuristics/ends/sent_signal.h"
#include "heuristics/faults/c_frames.h"
#include "heuristics/faults/c_message.h"
#include "heuristics/faults/c_return.h"
#include "heuristics/ends/go_caller.h"

struct stop_in_c {
	size_t thread;
	uint64_t pc, pc_address; /* where it was saved, 0: a register */
	const char *signal;
	bool faulted; /* an instruction did it; else C sent itself the signal */
	bool raised;  /* … by a system call, which the registers show; by which function is not known */
	struct sent_signal sent; /* meaningful unless faulted */
	struct c_frames frames;
	struct c_message message; /* meaningful unless faulted; words.line NULL: nothing is kept of what it said */
	struct go_caller caller;
	bool called; /* a goroutine of the thread stands in runtime.cgocall */
	bool incgo;
	bool smashed; /* a RET took an overwritten return address */
	struct c_return returned; /* meaningful if smashed */
};

/* The fault, or the signal that C sent itself; with its thread, pc and frames. False: the process did not end in C, or nobody can tell. */
bool c_stop_find(struct analysis *analysis, struct stop_in_c *ret);

/* "strlen (libc.so.6), called by measure (app)". */
const char *c_stop_where(struct analysis *analysis, const struct stop_in_c *stop);

/* What a RET took as its return address, in words: "a small number, …"; the word itself, when it looks like nothing. */
const char *c_stop_word(struct diagnosis *diagnosis, const struct stop_in_c *stop);

/* "SIGSEGV reading 0x10". */
const char *c_stop_signal(struct diagnosis *diagnosis, const struct stop_in_c *stop);

/* The headline. */
const char *c_stop_title(struct diagnosis *diagnosis, const struct stop_in_c *stop);

#endif
