/* unwind.h: walks one stack from a context. Follows Go's own unwinder (runtime/traceback.go, Go 1.26: unwinder.initAt,
 * resolveInternal, next), and goes on where that one cannot: past a tear, and by the frame-pointer chain. */
#ifndef ANALYZER_UNWIND_UNWIND_H
#define ANALYZER_UNWIND_UNWIND_H

#include "analyzer/analysis.h"
#include "analyzer/instructions/callsite.h"

/* Where a walk starts. */
struct context {
	bool known;
	uint64_t pc, sp, lr, fp;
	bool has_lr, has_fp;
	uint64_t pc_address, lr_address, fp_address; /* where they were saved; 0: registers of the dump */
	enum frame_how how;
	bool exact;   /* pc is where the CPU stopped, not a return address */
	bool syscall; /* pc and sp are those of entersyscall: an SPWRITE function is sound there */
};

/* What a thread's stack leads to. */
struct thread_walk {
	struct context user;  /* where it reaches a user stack, from the machine's own state; known false: it does not */
	struct context stopped; /* the oldest context below all signal frames: where the program was when it was interrupted */
	bool signalled;       /* the walk crossed a signal frame */
	uint64_t siginfo;     /* address of the oldest siginfo, 0: none */
};

/* Who is walked; the tears found are filed under it. */
struct walk_subject {
	int32_t goroutine; /* index, -1 */
	int32_t thread;    /* index, -1 */
	uint64_t lo, hi;   /* stack bounds, 0: unknown */
	uint64_t frames;   /* that a walk may have */
	unsigned depth;    /* walks that are under way: the proof of a tear walks on, and may meet another */
};

/* The frames that the stack of a goroutine or thread may have. */
uint64_t walk_frames(const struct walk_limit *limit, size_t index);

/* Walks a user stack. */
void walk_goroutine(struct analysis *analysis, const struct walk_subject *subject, const struct context *context,
		    struct stack *ret);

/* Walks a thread from its registers to a user stack; fills *walk. */
void walk_thread(struct analysis *analysis, size_t thread, struct stack *ret, struct thread_walk *walk);

/* Whether a frame may be the outermost of its goroutine: runtime.goexit only at the stack's base, g.stktopsp; elsewhere a
 * word that happens to name goexit was taken for a return address (unwinder.finishInternal). True where that is unknown. */
bool goexit_fits(const struct analysis *analysis, const struct walk_subject *subject, const struct pc_info *info,
		 uint64_t sp);

/* Whether a function is called by no instruction: the runtime makes it look as if the interrupted one had called it. */
bool is_injected(enum func_role role);

#endif
