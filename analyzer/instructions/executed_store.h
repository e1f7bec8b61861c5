/* executed_store.h: what a store writes, by executing its function from the entry on: with the arguments that its caller still
 * keeps on the stack, and with what memory holds now. */
#ifndef ANALYZER_EXECUTED_STORE_H
#define ANALYZER_EXECUTED_STORE_H

#include "analyzer/instructions/asm_frame.h"

/* The eight bytes that a store writes at `at`. `entry`: what is known of the function's entry; `top`: SP there. False: it writes
 * others, or the code branches or calls on the way, or what it writes depends on a register or a word that is not known. */
bool executed_store(struct go_runtime *runtime, const struct pc_info *entry, const struct asm_store *store, uint64_t top, uint64_t at,
		    uint64_t *ret);

#endif
