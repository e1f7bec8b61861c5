/* pc_memo.h: the memo behind go_pc, for runtime.c. */
#ifndef GOLANG_PC_MEMO_H
#define GOLANG_PC_MEMO_H

#include "golang/runtime.h"

/* Makes runtime->memo, empty. Modules must be known: what is memoised is not looked up again. */
void pc_memo_new(struct go_runtime *runtime);

#endif
