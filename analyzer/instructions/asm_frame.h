/* asm_frame.h: functions written in assembly that store over a return address: their frame is smaller than what they keep in
 * it. The compiler never does; the assembler checks no offset. */
#ifndef ANALYZER_ASM_FRAME_H
#define ANALYZER_ASM_FRAME_H

#include "analyzer/instructions/tear.h"

/* A store at a constant offset from SP, over a word that a return will use. */
struct asm_store {
	uint64_t pc;
	int64_t offset;  /* of its first byte, from SP */
	uint8_t size;    /* bytes */
	int64_t frame;   /* at pc: from SP to the frame's top, SP at the function's entry */
	int64_t at;      /* of the return address, from the frame's top */
	bool callers;    /* arm64: it is the caller's; else the function's own */
};

/* The first store in a function over its own return address, or on CPUs with a link register over its caller's, which lies
 * just above the frame. `entry`: what is known of its entry. False: it makes none that is known; so of functions of the
 * compiler, and of assembly that moves SP to another stack. */
bool asm_frame_store(struct go_runtime *runtime, struct tear_cache *tears, const struct pc_info *entry, struct asm_store *ret);

#endif
