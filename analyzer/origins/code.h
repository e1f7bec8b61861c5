/* code.h: a function's instructions, and which ways lead to each: what the other files of this folder walk backwards through. */
#ifndef ANALYZER_ORIGINS_CODE_H
#define ANALYZER_ORIGINS_CODE_H

#include "analyzer/analysis.h"
#include "analyzer/instructions/callsite.h"

struct code {
	uint64_t entry;
	size_t count;
	struct insn *insns;
	int32_t *delta;      /* per instruction: from SP to the frame's top, as pcsp says */
	uint8_t *call;       /* per instruction: enum call_effect of its call */
	uint32_t *jumps;     /* per instruction: 1 + index of the first jump to it, 0: none; … */
	uint32_t *next_jump; /* … and of the next to the same */
	uint32_t *seen, stamp; /* whoever walks: an instruction was met if its `seen` is the walk's stamp */
	uint32_t *todo;        /* room for as many as there are instructions */
};

/* Functions that were decoded, once each. */
struct codes {
	struct analysis *analysis;
	VEC(struct code *) items;
};

/* A register, or a stack slot by its distance from the frame's top. */
struct place {
	uint8_t reg; /* REG_NONE: a slot */
	int64_t slot;
};

/* The code of a function of Go; NULL: it is not there, or is too much. */
struct code *code_of(struct codes *codes, const struct pc_info *info);

/* The instruction at a pc; SIZE_MAX: none begins there. */
size_t code_index(const struct code *code, uint64_t pc);

bool code_is_call(const struct insn *insn);

/* Whether an instruction puts something into the place. */
bool code_defines(const struct code *code, size_t at, const struct arch *arch, struct place place);

/* Whether the instruction behind it may be the next. */
bool code_falls_through(const struct code *code, size_t at);

#endif
