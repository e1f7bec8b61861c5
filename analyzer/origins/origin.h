/* origin.h: where the word in a register came from: the definitions that reach it in the code of its function, followed
 * through registers, stack slots and memory, and through arguments into the callers. Compilers keep a value of two or three
 * words (string, slice, interface) in as many registers; where these were loaded from is its variable.
 *
 * Only what the code leaves no choice of is followed: where several definitions reach, all must come to the same. */
#ifndef ANALYZER_ORIGINS_ORIGIN_H
#define ANALYZER_ORIGINS_ORIGIN_H

#include "analyzer/analysis.h"

enum origin_kind {
	ORIGIN_UNKNOWN,
	ORIGIN_CONST,   /* in the code */
	ORIGIN_MEMORY,  /* loaded from base + offset */
	ORIGIN_ELEMENT, /* loaded from base + (index << shift) + offset */
	ORIGIN_SUM,     /* base + offset: a field's address */
	ORIGIN_RESULT,  /* what a call left */
	ORIGIN_ENTRY,   /* it was there when its function began, and who put it there is not known */
};

struct origin {
	enum origin_kind kind;
	size_t frame;   /* index in the stack: whose code */
	uint64_t pc;    /* of the instruction that made it, 0: none */
	int64_t offset; /* MEMORY, ELEMENT, SUM */
	uint8_t shift;  /* ELEMENT */
	bool is_own;    /* MEMORY: a slot of that frame, which holds it still; other memory may have changed since */
	bool has_address, has_value;
	uint64_t address; /* of the word that was loaded */
	uint64_t value;   /* the word, as memory holds it now */
	const struct origin *base;  /* MEMORY, ELEMENT, SUM: of the address; NULL: the instruction's own, or a slot's */
	const struct origin *index; /* ELEMENT */
	const struct origin *from;  /* MEMORY of a slot: of what had been stored there; NULL: not known */
};

struct origins;

/* For one stack, which must stay as it is. */
struct origins *origins_of(struct analysis *analysis, const struct stack *stack);

/* What a register held just before the instruction at pc, which belongs to a frame. Never NULL. */
const struct origin *origin_of_register(struct origins *origins, size_t frame, uint64_t pc, uint8_t reg);

/* The word that a call passed in that slot for arguments, counted in words (ABI0: assembly). Never NULL. */
const struct origin *origin_of_stack_argument(struct origins *origins, size_t frame, uint64_t call, size_t number);

/* The call that a frame stands in: its pc; 0: none (it was interrupted, or its code is not there). */
uint64_t origin_call(struct origins *origins, size_t frame);

/* Skips the stack slots in which a word was only kept: the word of the variable itself, or the last that is known. */
const struct origin *origin_variable(const struct origin *origin);

/* Whether the function that loaded a word (kind MEMORY) also loads the word `distance` bytes from it, by the same base; then
 * *ret is that. Of several loads of it, one that was kept in a slot of the frame, if there is such. */
bool origin_neighbour(struct origins *origins, const struct origin *word, int64_t distance, const struct origin **ret);

/* Whether the code compares an index with a length: a register that, where it was used, had the same definitions as the
 * one that is compared. */
bool origin_is_bound(struct origins *origins, size_t frame, uint64_t pc, uint8_t index, const struct origin *length);

/* Whether the function that loaded a word (kind MEMORY) takes it for a type or a table of methods: compares it with an address
 * in its code, or calls a method that it loads through it. */
bool origin_is_type(struct origins *origins, const struct origin *word);

#endif
