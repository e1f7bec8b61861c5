/* signals.h: Linux signals, by number (asm-generic/signal.h; the same on amd64 and arm64), and what a siginfo says of one. */
#ifndef FORMATS_DUMP_SIGNALS_H
#define FORMATS_DUMP_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

/* Those that something here treats in a way of its own. */
enum {
	SIGNAL_QUIT = 3,
	SIGNAL_TRAP = 5,
	SIGNAL_ABORT = 6,
	SIGNAL_BUS = 7,
	SIGNAL_FPE = 8,
	SIGNAL_SEGV = 11,
	SIGNAL_SYSTEM_CALL = 31, /* SIGSYS */
};

struct signal_name {
	int number;
	const char *name;
	bool dumps; /* its default action writes a core */
	bool fault; /* with the kernel's positive codes: raised by an instruction */
	bool memory; /* … that accessed memory: si_addr is the address, else that of the instruction */
};

/* The row of a signal, or NULL. */
const struct signal_name *signal_by_number(int number);

/* The row of a signal by its name, "SIGSEGV", or NULL. */
const struct signal_name *signal_by_name(const char *name);

struct signal_code {
	int signal, code; /* signal 0: any */
	const char *name;
	const char *meaning; /* completes "the kernel says: …"; "": nothing more */
};

/* The row of signal_codes.def for an si_code, or NULL. */
const struct signal_code *signal_code(int signal, int code);

/* Who sends a signal with that si_code, where the siginfo has no process's number: "a timer of the process"; NULL: a process. */
const char *signal_code_source(int code);

enum {
	SIGNAL_CODE_UNTOLD = INT32_MIN, /* not a system's: that somebody sent it, it is not known how */
	SIGNAL_CODE_TKILL = -6, /* SI_TKILL: by raise, pthread_kill */
	SIGNAL_CODE_KERNEL = 0x80, /* SI_KERNEL: by the kernel, with neither address nor sender */
	SIGNAL_CODE_SECCOMP = 1, /* SYS_SECCOMP */
	SIGNAL_CODE_MISALIGNED = 1, /* BUS_ADRALN */
	SIGNAL_CODE_KEY = 4, /* SEGV_PKUERR */
	SIGNAL_CODE_TAG_LATE = 8, /* SEGV_MTEAERR: some access before, by a pointer with a wrong tag */
	SIGNAL_CODE_TAG = 9,      /* SEGV_MTESERR */
};

/* Offsets in siginfo_t of 64-bit Linux (asm-generic/siginfo.h). SENDER and ADDRESS share the place: an si_code of 0 or less
 * says that a process sent the signal, unless signal_code_source names who did: then the place has something else (a timer's id). */
enum { SIGINFO_CODE = 8, SIGINFO_SENDER = 16, SIGINFO_UID = 20, SIGINFO_ADDRESS = 16, SIGINFO_SYSCALL = 24, SIGINFO_ARCH = 28 };

#endif
