/* record.h: what the Go runtime printed of a process, taken apart: its last words, its goroutines and their stacks. Nothing is
 * added to it: what the text does not say is unknown. Formats: runtime/traceback.go (goroutineheader, traceback2,
 * printcreatedby), runtime/panic.go (printpanics, dopanic_m), runtime/signal_unix.go and signal_windows.go, of Go 1.5 to 1.27. */
#ifndef FORMATS_LOG_RECORD_H
#define FORMATS_LOG_RECORD_H

#include "base/vec.h"
#include "formats/cpu/arch.h"

#include <stdint.h>

#define RECORDED_NONE UINT32_MAX

/* One printed call. */
struct recorded_call {
	const char *function; /* as printed ("[...]" for type arguments), but "runtime.gopanic" for what is printed as "panic" */
	const char *file;     /* NULL: none is known */
	int32_t line;         /* 0: unknown */
};

/* Where a frame stands: a function, and the calls that were inlined into it there. Equal ones are one. */
struct recorded_place {
	const struct recorded_call *calls; /* the innermost first, the last is the function itself */
	uint64_t offset;   /* of pc, from the function's entry */
	uint64_t pc;       /* as printed */
	uint32_t count;
	uint32_t function; /* index in functions */
	bool has_offset, has_pc;
	bool foreign;      /* a function of C, by a symbolizer (runtime/symtab.go printOneCgoTraceback) */
	bool holder_hidden; /* the last was inlined, too: what holds it is a wrapper, which is not printed (traceback.go showframe) */
};

struct recorded_function {
	const char *name;
	uint64_t entry; /* 0: unknown; at none of its frames pc was printed */
};

struct recorded_frame {
	uint32_t place;          /* index in places */
	uint32_t arguments_size;
	const char *arguments;   /* between the parentheses, as printed; not terminated */
	uint64_t sp, fp;         /* 0: not printed */
};

struct recorded_stack {
	uint32_t first, count; /* in frames */
	uint64_t elided;       /* frames that were left out … */
	const char *broken;    /* the function in whose call the log breaks off ("main.leaf("), the innermost of the callers that are missing; NULL */
	uint32_t elided_at;    /* … before frame number so and so; meaningful if elided */
	bool cut;              /* there were more callers ("...additional frames elided..."), or the log ends in it, or it has too many */
	bool unavailable;      /* "goroutine running on other thread; stack unavailable" */
};

struct recorded_goroutine {
	uint64_t id;
	uint64_t line;         /* of the log, where it begins */
	uint64_t g, m;         /* addresses of its runtime.g and runtime.m; 0: not printed */
	uint64_t bubble;       /* of synctest; 0: none */
	uint64_t creator_id;   /* 0: not printed (before Go 1.21) */
	const char *labels;    /* as printed; NULL: none */
	struct recorded_stack stack;
	int32_t m_id;          /* -1: none, or not printed */
	uint32_t minutes;      /* that it has waited, at least; 0: not printed */
	uint32_t creator;      /* index in places; RECORDED_NONE: not printed */
	uint32_t ancestors;    /* index of the first in ancestors, if those have it for theirs */
	uint16_t state;        /* index in states */
	bool has_m;            /* whether it had an M was printed */
	bool scan, leaked, durable, locked;
};

/* What led to the goroutine that made one (GODEBUG=tracebackancestors): "[originating from goroutine 7]:". */
struct recorded_ancestor {
	uint64_t of, id; /* whose it is, and which it was */
	struct recorded_stack stack;
};

/* Another thread than that which died, where all print themselves (GOTRACEBACK=crash): its system stack and registers. */
struct recorded_thread {
	int64_t m_id; /* -1: not printed */
	struct recorded_stack stack;
	struct registers registers;
};

/* One panic of the chain, as printed. */
struct recorded_panic {
	const char *text; /* the value, with all its lines */
	bool recovered, repanicked;
	bool deferred;    /* it is indented: a deferred function panicked, that of the panic before it */
};

/* A word of memory that the runtime found to lie in a function: "0x000000000047e4a1 <main.f+0x41>", up to Go 1.16
 * "000000000047e4a1 <main.f+65>". */
struct recorded_symbol {
	uint64_t word;
	const char *text; /* "main.f+0x41" */
};

/* A signal or an exception of Windows. */
struct recorded_signal {
	const char *name;      /* "SIGSEGV"; NULL: only its number was printed, or it is an exception */
	uint64_t number;       /* 0: its name was printed */
	bool panicked;         /* "[signal …]": the runtime made a panic or a throw of it; else it ended the process as it was */
	bool exception;
	uint64_t information;  /* of an exception: the first word, what the access was */
	bool has_code, has_address, has_pc;
	int64_t code;
	uint64_t address, pc;
	int64_t m_id;          /* of the thread that it hit; -1: not printed */
	bool in_c;             /* "signal arrived during cgo execution" */
	uint64_t line;
};

enum recorded_end {
	RECORDED_NO_END,  /* stacks, and nothing that says the process ended */
	RECORDED_PANIC, RECORDED_FATAL, RECORDED_SIGNAL, RECORDED_EXCEPTION,
};

/* What only some releases print (release_signs.def). */
enum release_sign {
#define RELEASE_SIGN(id, first, last) SIGN_##id,
#include "formats/log/release_signs.def"
#undef RELEASE_SIGN
};

struct log_block;

struct log_record {
	const struct log_block *block; /* the text that it was taken from (lines.h) */
	VEC(struct recorded_function) functions;
	VEC(struct recorded_place) places;
	VEC(struct recorded_frame) frames;
	VEC(const char *) states;
	VEC(struct recorded_goroutine) goroutines; /* ascending by id, each once */
	struct recorded_stack system;              /* of the thread that died, its system stack: "runtime stack:", goroutine 0 */
	bool has_system;
	struct recorded_stack again; /* of a thread that died as it printed all this: the system stack that was printed then; empty: none did */
	VEC(struct recorded_ancestor) ancestors; /* the goroutines' in the order of printing, of each the next first */
	VEC(struct recorded_thread) threads;     /* others than that which died */
	VEC(const char *) words; /* the lines before the first stack, without those that show memory */
	uint64_t words_line;     /* of the log, where the end is announced */
	enum recorded_end end;
	const char *fatal;       /* "fatal error: …", the last; NULL: none */
	VEC(struct recorded_panic) panics; /* the oldest first, as printed */
	struct recorded_signal signal;
	bool has_signal;
	uint64_t dying;          /* id of the goroutine that the dying thread ran, 0: none is known */
	uint64_t complained;     /* id of the goroutine whose stack the runtime could not walk ("runtime: g 18: unexpected return pc …"); 0: none */
	const char *complaint;   /* … and that line; NULL: none */
	VEC(struct recorded_symbol) symbols; /* ascending by word; of equal ones the first */
	const char *bad_callee;  /* "unexpected return pc for F called from 0x…": F, of the first such line; NULL: there is none */
	uint64_t bad_pc;         /* … and that word */
	uint64_t bad_sp, bad_fp; /* of F's frame, as the runtime took it to be; 0: not said */
	uint64_t short_sp;       /* "runtime: g1: frame.sp=0x…": SP of the last frame of a stack that did not reach its top; 0: not said */
	uint64_t unknown_pc, unknown_sp; /* "unknown pc 0x…": where the stack was to be walked from, and SP there; 0: not said */
	uint64_t limit_said;     /* of a stack, in bytes; 0: not said */
	uint64_t stack_lo, stack_hi; /* of the stack that the runtime complains of; 0: not said */
	uint64_t full_sp;            /* SP on a stack that reached its limit; 0: not said */
	const char *told_rule, *told_certainty; /* "# verdict torn-return certain goroutine 35": what tornstack found in the dump of which it
	                                          * wrote this text (--traceback); NULL: it did not write it */
	uint64_t told_goroutine; /* 0: none */
	const char *os, *arch;   /* as GOOS and GOARCH; NULL: the text does not show it */
	bool other_cpu;          /* registers of a CPU were printed that are not read */
	unsigned signs;          /* bit n: enum release_sign n was seen */
	uint64_t first_line, last_line;
};

#endif
