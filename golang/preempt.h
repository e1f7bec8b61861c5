/* preempt.h: facts about asynchronous preemption. */
#ifndef GOLANG_PREEMPT_H
#define GOLANG_PREEMPT_H

#include "golang/runtime.h"

/* Whether this release stores the interrupted frame pointer when it injects a call. False when the release is unknown. */
bool injected_call_stores_fp(const struct go_runtime *runtime);

/* Whether the compiler allows asynchronous preemption at a pc: its unsafe-point table (PCDATA_UnsafePoint,
 * internal/abi/symtab.go) says UnsafePointSafe there. */
bool is_safe_point(const struct pc_info *info);

#endif
