/* preempt.h: facts about asynchronous preemption. */
#ifndef GOLANG_PREEMPT_H
#define GOLANG_PREEMPT_H

#include "golang/runtime.h"

/* Where the frame pointer that an injected call interrupted is found (golang/preempt.def). */
enum injected_fp {
	INJECTED_FP_NOWHERE,
	INJECTED_FP_BELOW_LINK, /* in the word below the link register that was pushed */
	INJECTED_FP_IN_CALLEE,  /* where a function keeps its caller's, of the function that was called */
};

enum injected_fp injected_call_fp(const struct go_runtime *runtime);

/* Whether the runtime itself walks stacks by frame pointers, for execution traces. True when the release is unknown. */
bool runtime_walks_frame_pointers(const struct go_runtime *runtime);

/* Whether the compiler allows asynchronous preemption at a pc: its unsafe-point table (PCDATA_UnsafePoint,
 * internal/abi/symtab.go) says UnsafePointSafe there. */
bool is_safe_point(const struct pc_info *info);

/* Whether the runtime would preempt a goroutine that a signal stopped at a pc, as far as the program's code and tables
 * decide it: isAsyncSafePoint (runtime/preempt.go, Go 1.18 to 1.27). What depends on the moment (locks held, stack
 * space) is taken to allow it. */
enum preemption {
	PREEMPTIBLE,
	PREEMPTION_RESUMES_EARLIER, /* allowed; it goes on at the start of a sequence that is run again */
	PREEMPTION_UNSAFE_POINT,    /* the compiler forbids it at this instruction */
	PREEMPTION_ASSEMBLY,        /* a function in assembly, or without maps of its locals */
	PREEMPTION_RUNTIME,         /* the runtime and what is tied to it: NEVER_PREEMPTED of preempt.def */
	PREEMPTION_NO_FUNCTION,     /* no Go code */
};

enum preemption preemption_at(const struct go_runtime *runtime, const struct pc_info *info);

/* Whether the process's GODEBUG is known to switch asynchronous preemption off. */
bool preemption_switched_off(const struct go_runtime *runtime);

#endif
