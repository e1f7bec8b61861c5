/* analysis.h: everything the analyzer found out about a dump; what detectors and reports read. Stacks are not kept: they
 * are walked again when asked for, which is cheaper than keeping a million of them; but for the last one of millions of
 * frames. */
#ifndef ANALYZER_ANALYSIS_H
#define ANALYZER_ANALYSIS_H

#include "analyzer/instructions/clobber.h"
#include "analyzer/unwind/stack.h"
#include "base/word_map.h"

/* A stop at a pc where pcsp and the executed instructions disagree about SP, and what is left there to prove it. Words
 * with address 0 do not exist (the release does not store them, or the context has no such register). */
struct tear {
	int32_t goroutine;     /* index in runtime->goroutines, -1: a thread's own stack */
	int32_t thread;        /* index in image->threads, -1: not running */
	uint32_t frame;        /* index in its stack of the torn frame; FRAME_ELIDED: it is among those not kept */
	const struct pc_info *at;
	bool preempted;        /* stopped by asyncPreempt; else by a signal or the dump itself */
	uint64_t pc_address;   /* where the stopped pc was read from, 0: a register */
	uint64_t sp;           /* as found */
	int64_t claimed;       /* pcsp(pc) */
	int64_t executed;      /* what the instructions left: true distance to the frame's top */
	bool beside;           /* a few instructions away the claim is true, as between the parts of one adjustment */
	bool searched;         /* of a log that breaks off before it says the pc: it is where the table claims as much as the runtime was
	                        * told to read, or complained of */
	bool assumed;          /* executed starts from pcsp at a block that no known branch reaches */
	uint64_t entry_sp;     /* sp + executed: SP at the function's entry */
	uint64_t top;          /* SP of the caller: entry_sp, past the return address on amd64 */
	uint64_t caller_pc;    /* 0: not proved */
	uint64_t caller_slot;  /* where caller_pc was read from, 0: a register */
	bool link_live;        /* at pc the link register holds the return address (arm64) */
	uint64_t link, link_address;         /* the interrupted LR, and where it was saved */
	bool link_calls;       /* link follows a call that can reach this function */
	uint64_t frame_pointer, frame_pointer_address; /* the interrupted FP, and where it was saved */
	uint64_t frame_pointer_expected;     /* what the executed instructions leave in it */
	bool has_frame_pointer, frame_pointer_due; /* present; the release stores it and the instructions determine it */
	uint64_t saved_slot, saved_return;   /* the frame's own slot of the return address, 0: none */
	bool saved_calls;
	enum stack_end end;    /* of the walk that continues from top */
	uint32_t callers;      /* frames that it found */
	bool all_calls;        /* each of their return addresses follows a call that can reach the function below it */
	uint64_t false_caller; /* what the runtime's own unwinder takes for the return address */
	uint64_t false_slot;
	bool false_known;
};

/* What was done to a return address. */
enum damage_kind {
	DAMAGE_TORN,    /* its upper 32 bits were overwritten, the lower 32 are left */
	DAMAGE_SMASHED, /* the word was replaced, whole or in its lower half */
	DAMAGE_FLIPPED, /* one bit of its lower half is another */
};

/* A word that has to be a return address and is none: met in its slot by a walk, or already jumped to by a RET, so that the
 * CPU stopped at it. With all that the dump holds to prove what it was. */
struct damage {
	enum damage_kind kind;
	int32_t goroutine;  /* index in runtime->goroutines, -1: a thread's own stack */
	int32_t thread;     /* index in image->threads, -1: not running */
	uint32_t frame;     /* index in its stack of the frame whose pc was repaired; FRAME_ELIDED */
	uint64_t depth;     /* meaningful if FRAME_ELIDED: how many frames lie below that frame */
	bool returned;      /* a RET took it: the CPU stopped at `landed` */
	bool at_return;     /* the CPU stopped at the RET that was to take it */
	bool faulted;       /* the CPU faulted in `callee`, which had not returned through it */
	bool by_log;        /* of a log without the executable: it follows from what was printed, no code was looked at */
	bool data;          /* … `observed` lies among what was printed of stacks and of the runtime's own structures */
	bool named;         /* … and a call that returns to `repaired` was printed; else that only lies among those that were */
	bool in_code;       /* `observed` lies in a Go function, and yet cannot be what the callee returns to */
	uint64_t slot;      /* where it lies or lay; 0: not known */
	bool slot_holds;    /* the slot holds `observed` (after a RET the memory may have been used again) */
	uint64_t observed;  /* the whole word as found */
	uint64_t landed;    /* returned: the pc that the CPU made of it; on arm64 without its tag */
	uint64_t repaired;  /* the return address that it was; 0: not established */
	uint64_t caller_sp; /* SP of the caller after the return */
	uint64_t pc_address; /* returned: where the stopped pc was read from, 0: a register */
	const struct pc_info *callee; /* the frame that returns; NULL: unknown (a RET took it) */
	const struct pc_info *caller; /* at `repaired`, or, if 0, at one of the candidates, all of one function; NULL: not established */
	bool frame_pointer_due;       /* the callee saved it, or it is in a register, and the repaired frame says its value */
	uint64_t frame_pointer, frame_pointer_address; /* as found; address 0: a register */
	uint64_t frame_pointer_expected;
	uint32_t candidates;          /* smashed, flipped: call sites that fit */
	uint64_t above_pc, above_sp;  /* smashed: a return address further up, the caller's own by the frame pointer, and SP there */
	uint64_t bridge;              /* smashed: where that lies, if no frame pointer led there but the sizes of frames; 0: one did */
	uint32_t bridged;             /* frames between, whose return addresses are lost too */
	bool bridge_open;             /* … and a call of what no code names may have led there as well, to other frames */
	enum stack_end end;           /* of the walk that continues from the repaired frame */
	uint32_t callers;             /* frames that it found */
	bool all_calls;               /* each of their return addresses follows a call that can reach the function below it */
	uint32_t others;              /* of them that had to be repaired too */
};

enum state_trouble {
#define STATE_TROUBLE(id, word, layout, text) STATE_##id,
#include "analyzer/state/troubles.def"
#undef STATE_TROUBLE
	STATE_TROUBLES
};

/* A word of the scheduler's state that contradicts others (state.h). */
struct state_word {
	enum state_trouble trouble;
	int32_t goroutine;  /* index in runtime->goroutines, -1: none that is listed */
	int32_t machine;    /* index in runtime->machines, -1 */
	uint64_t address, observed;
	bool has_expected;
	uint64_t expected;
	uint64_t witness;   /* address of another word that says so; 0: none */
	bool outside;       /* a stack pointer that is not on the goroutine's stack */
	bool walked;        /* from `expected` a walk leads to the goroutine's entry, from `observed` it does not */
	uint32_t callers;   /* frames that it finds */
};

/* A saved frame pointer on a goroutine's stack that does not point to where the frame above saved its own, while the return
 * addresses lead through that frame: its upper 32 bits were overwritten and the lower 32 are left; or the frame above had
 * called assembly that clobbers the register. */
struct wrong_pointer {
	int32_t goroutine;  /* index in runtime->goroutines */
	uint32_t frame;     /* index in its stack of the frame that saved it */
	uint64_t slot, observed;
	uint64_t expected;  /* where the frame above, which walking on found, saved its own */
	const struct pc_info *at; /* the frame */
	bool complete;      /* that walk reached the goroutine's entry by valid steps */
	bool torn;          /* the lower half is right */
	struct clobber clobber; /* if not torn: who changed the register, by the code of the frame above */
};

/* Goroutines with the same status, wait reason, creator and sequence of pcs. */
struct goroutine_group {
	size_t first;        /* index in runtime->goroutines */
	size_t count;
	uint64_t signature;
};

/* The memory or arithmetic fault behind the crash, if there was one (not the SIGABRT that the runtime sends itself). */
struct fault {
	bool known;
	const char *name;  /* "SIGSEGV" */
	uint64_t pc;
	bool has_pc;
	uint64_t address;  /* that it accessed, without the tag of the pointer */
	bool has_address;
	bool late;         /* the CPU told of it some time after the access, of which neither pc nor address is known */
	bool decoded;      /* address and access are not told, but follow from the instruction and its registers */
	enum fault_access access;
	int32_t number;    /* of the signal or exception */
	int code;          /* si_code; meaningful if has_code */
	bool has_code;
	uint64_t pc_address; /* where pc was saved when it faulted, 0: a register */
	uint64_t siginfo;  /* address of the siginfo that its handler was given, 0: none */
	uint64_t code_address; /* of the word that holds `code` in its lower half, 0: none */
	int32_t goroutine; /* index, -1 */
	int32_t thread;    /* index, -1 */
};

/* One panic of a goroutine's chain (runtime._panic), or a runtime.Goexit. */
struct panic_value {
	const char *type;    /* Go type name of the value in the record; NULL: unknown. Before the runtime prints, it replaces errors
	                      * and Stringers by their text: a string then */
	const char *text;    /* the value as the runtime prints it; NULL: unknown */
	const char *says;    /* what Error() of a value gives that is an error still; NULL: it is none, or memory does not tell */
	const char *origin;  /* type of the value that gopanic was called with, as its argument slot names it; NULL: unknown */
	uint64_t origin_slot;
	bool origin_proved;  /* memory of that value gives just the text of the record */
	uint64_t address;    /* of the _panic */
	int64_t frame;       /* index in its stack of the gopanic or Goexit whose frame holds the record; -1: none does */
	bool recovered, goexit, repanicked;
	bool constant;       /* `text` was built into the program: the same in each run */
	bool unsettled;      /* whether it was is not known: a log does not show the words that gopanic was called with */
	bool cut;            /* `text` is only the beginning: it is very long */
};

/* The last words of the process. */
struct messages {
	const char *line;      /* "fatal error: …" or "panic: …", as the runtime prints it; NULL: not recovered */
	uint64_t address;      /* where its text was read from, 0: several places */
	int32_t goroutine;     /* index of the goroutine that it speaks of, -1 */
	VEC(struct panic_value) panics;   /* that goroutine's, innermost first */
	bool panicked;         /* they ended the process; else something ended it while deferred functions of them ran */
	const char *broken_off; /* they did, and this is what the runtime threw as it looked for deferred functions along the stack, through
				 * code that the process made: none ran, and the panic was not printed; NULL: not so */
	VEC(const char *) panic_lines;    /* they, as the runtime prints them, in that order; empty: it did not */
	bool lines_whole;      /* no value is missing there */
};

/* How far walks may go. Real stacks do not overlap: all frames together are no more than the dump has room for. Of a dump
 * that shows more, as if many goroutines had the same long stack, the remaining stacks are cut short. */
struct walk_limit {
	uint64_t frames;   /* of one stack */
	uint64_t left;     /* of all together, those not yet met */
	size_t short_from; /* index of the first goroutine or thread whose stack is cut short; SIZE_MAX: none */
};

enum { SHORT_STACK = 1000 };

struct trial;

struct analysis {
	struct trial *trial; /* this is a thread's copy, and what is being told of a goroutine (trial.h); NULL: it is none */
	struct arena *arena;
	struct image *image;
	struct go_runtime *runtime; /* never NULL; may be empty */
	struct notes *notes;
	VEC(struct tear) tears;
	VEC(struct damage) damages;
	VEC(struct wrong_pointer) wrong_pointers;
	VEC(struct state_word) state_words;
	struct stack state_stack;  /* room for walks of analyzer/state/bounds.c, used again */
	struct state_facts *state_facts; /* what is known of the state before goroutines are looked at (state.h) */
	size_t state_suspects;     /* goroutines that do not stand where they say */
	uint32_t state_searches;   /* walks that were tried for what a word of the state may have been */
	size_t foreign_chains;     /* goroutines whose chain of frame pointers leads off their stack, below a callback from C */
	uint32_t damage_searches; /* of code, for what a smashed word may have been */
	uint32_t bridge_bytes;    /* of code that was read for what was written over return addresses */
	VEC(struct goroutine_group) groups; /* in the order of their first goroutines */
	uint32_t *goroutine_group; /* per goroutine: index in groups */
	int32_t *goroutine_thread; /* per goroutine: index of the thread that runs it or whose registers are on its stack, -1 */
	int32_t *thread_goroutine; /* per thread: index of the goroutine that it runs, -1 */
	int32_t *thread_interrupted; /* per thread: index of another goroutine that it runs too, since a signal's handler that ran on
	                              * its stack took an M of its own (runtime.needm); -1 */
	int32_t *thread_machine;   /* per thread: index of its M, -1 */
	int32_t dying_thread;      /* index of the thread that brought the process down, -1: unknown or a live snapshot */
	struct fault fault;
	bool stop_sent;            /* the dump's signal is one of faults, but the instruction it names cannot have raised it: it was
				    * sent, and the dump does not say by whom */
	struct messages messages;
	uint8_t wait_kinds[UINT8_MAX + 1]; /* per wait reason: enum wait_kind + 1, 0: not yet asked for (waits.c) */
	struct tear_cache *tear_cache;
	struct word_map leaving;   /* by its entry: whether a function may leave by a jump (damage_doubt.c); 0 or 1 */
	struct word_map splitting; /* by a pc: whether it lies within an instruction of its function; 0 or 1 */
	struct thread_walk *walks; /* one per thread */
	struct walk_limit goroutine_limit, thread_limit;
	struct stack continued;    /* of a log: the stack that was walked on where the runtime gave up, … */
	size_t continued_of;       /* … and whose; meaningful if it has frames */
	struct stack long_stack;   /* the last one walked of a goroutine that was too long to be kept whole, … */
	size_t long_stack_of;      /* … and whose; meaningful if long_stack.elided */
};

/* Analyses a loaded dump: every goroutine and thread is walked once, tears recorded, groups made. */
struct analysis *analyze(struct go_runtime *runtime);

/* "thread 10857"; of a log, which tells no ids of threads, "the thread that died". */
const char *thread_text(const struct analysis *analysis, int32_t index);

/* "the thread that died, 10857,", of the thread of that index; of a log "the thread that died". */
const char *dead_thread_text(const struct analysis *analysis, int32_t index);

/* " on thread 4711", of what happened there; "" where it has no number, as in a log: then it is the one that died. */
const char *on_thread_text(const struct analysis *analysis, int32_t index);

/* Goroutines' memory lies scattered. Called before number `index` is looked at, so that the CPU fetches what comes some later. */
void fetch_ahead(const struct analysis *analysis, size_t index);

/* The user stack of goroutine number `index` in runtime->goroutines. */
void goroutine_stack(struct analysis *analysis, size_t index, struct stack *ret);

/* The stack of thread number `index` in image->threads, from its registers, through signal frames and g0, to the point
 * where it reaches a user stack. */
void thread_stack(struct analysis *analysis, size_t index, struct stack *ret);

#endif
