/* threads.h: stopping a process, and letting it run on, whatever happens to who stopped it. ptrace(2).
 *
 * PTRACE_SEIZE and PTRACE_INTERRUPT stop a thread without a signal that the process could see, and the kernel lets it run on when its
 * tracer ends in any way: PTRACE_O_EXITKILL is not set. A signal that came just when a thread was stopped is not lost, because how it
 * stopped is looked at and not taken (WNOWAIT): then the kernel still has it when the tracer dies. */
#ifndef FORMATS_LIVE_THREADS_H
#define FORMATS_LIVE_THREADS_H

#include "base/err.h"
#include "base/vec.h"

enum { LIVE_REGISTERS = 512 /* bytes; struct user_regs_struct, user_pt_regs */ };

struct live_thread {
	int64_t id;     /* as this process sees it */
	int64_t own_id; /* in its own PID namespace, as gettid(2) tells it */
	bool stopped;
	bool late;      /* it stopped after the others (live_threads_late) */
	int signal;     /* that is delivered when it runs on; 0: none */
	uint8_t registers[LIVE_REGISTERS]; /* NT_PRSTATUS of ptrace(2) */
	size_t register_bytes;             /* 0: unknown, because it did not stop */
	uint64_t thread_pointer, pac_mask[2]; /* arm64: NT_ARM_TLS, NT_ARM_PAC_MASK */
	bool has_thread_pointer, has_pac_mask;
};

struct live_threads {
	struct live_thread *items;
	size_t count, capacity;
	int64_t stopped_at; /* nanoseconds of CLOCK_MONOTONIC: before the first one was seized */
	/* That did not stop in time: they are in a system call that nothing interrupts, or wait for a CPU. None runs a single instruction of
	 * its program any more. */
	size_t stubborn;
};

/* Stops all threads of a process, also those that are made meanwhile. Call it, and live_threads_release, on a thread that ends soon:
 * what did not stop is released by its end. Errors: 0, or the errno of what was refused; then nothing is left stopped. */
int live_threads_stop(struct arena *arena, int64_t pid, struct live_threads *ret);

/* Looks again at those that did not stop in time. True: some have meanwhile; their registers are what they were all the time. */
bool live_threads_late(struct live_threads *threads);

/* Lets all run on. Returns for how long they were stopped, in nanoseconds. */
int64_t live_threads_release(struct live_threads *threads);

/* Fills in own_id: what a thread is called by the process itself. Not within the stop: it takes a file for each. */
void live_threads_name(struct arena *arena, int64_t pid, struct live_threads *threads);

/* Nanoseconds of CLOCK_MONOTONIC. */
int64_t live_now(void);

#endif
