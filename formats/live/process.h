/* process.h: a process that runs: what /proc says of it, and whether it can be read at all. Reference: proc(5). */
#ifndef FORMATS_LIVE_PROCESS_H
#define FORMATS_LIVE_PROCESS_H

#include "base/err.h"
#include "formats/cpu/arch.h"

/* What is opened here stays readable when the process ends. */
struct live_process {
	int64_t pid;        /* as it was asked for */
	int64_t own_pid;    /* in its own PID namespace */
	int64_t parent_pid; /* 0: unknown, or out of that namespace's sight */
	uint32_t uid;
	const char *name;    /* comm: at most 15 characters */
	const char *command; /* its arguments with blanks between them, NULL: none */
	const char *path;    /* of its executable, in its own mount namespace; NULL: unknown */
	const struct arch *arch;
	int exe;    /* descriptor of its executable, also when that is deleted */
	int root;   /* descriptor of its root folder (O_PATH), -1: none */
	int memory; /* descriptor of /proc/PID/mem, for reading */
	struct span auxv; /* as NT_AUXV */
};

/* Looks at a process. Its descriptors are closed with the arena. Errors, each of which says why: ABSENT (there is none), IO (it may not
 * be read: another user's, forbidden), NO_PROCESS (a thread of the kernel), OTHER_CPU (32-bit), UNSUPPORTED (this program
 * itself; one that has ended; traced by another). */
const struct err *live_process_open(struct arena *arena, int64_t pid, struct live_process *ret);

/* Why a system call that reads it was refused: an error for people. */
const struct err *live_refused(struct arena *arena, const struct live_process *process, int error);

/* A file below /proc/PID, whole, at most 256 MB; empty: errno says why, or it is empty. */
struct span live_proc_file(struct arena *arena, int64_t pid, const char *name);

#endif
