/* corpus.h: the changes that are made to a healthy dump, one at a time, and what each of them is. */
#ifndef ACCURACY_CORPUS_H
#define ACCURACY_CORPUS_H

#include "tests/accuracy/target.h"

enum mutation_class {
	UPPER_HALF,  /* of a return address, by a value that stray writers store */
	LOWER_HALF,  /* of a return address */
	WHOLE_WORD,  /* a return address */
	BIT_UPPER,   /* one bit of the upper half of a return address */
	BIT_LOWER,
	SMASHED_RUN, /* words alike, over a return address and what lies around it */
	RUNTIME_FIELD, /* of a g or an m, a gobuf among them */
	SAVED_PC,    /* of a goroutine that nobody runs, by another place in the code: it decides the size of the first frame */
	OTHER_WORD,  /* of a stack: neither return address nor saved frame pointer */
	TORN_HEADER, /* one of the words of a string, slice or interface that the code at the crash may use */
	POINTER_WORD, /* that the address of the fault came from */
	SPAN_FIELD,  /* of the heap's own records */
	WAKER_WORD,  /* of a variable: leads to what a goroutine waits for that nothing could wake, or elsewhere */
	PRINTED_WORDS, /* of a stack: become what runtime/cgo would have printed, had it been refused a thread */
	CLASSES,
};

extern const char *const class_names[CLASSES];

struct mutation {
	enum mutation_class class;
	int32_t goroutine; /* whose stack or g it is: index in runtime->goroutines, -1 */
	uint32_t depth;    /* return addresses: of the frame that it leads to; 1 is the caller of the innermost */
	uint64_t address, from, to;
	uint64_t start;    /* SMASHED_RUN, PRINTED_WORDS, TORN_HEADER: of its first word */
	size_t count;      /* of words from `start`; 0: one at `address` */
	const uint64_t *words; /* `count`: what was there */
	const uint64_t *becomes; /* `count`: what they become; NULL: SMASHED_RUN, by its shape */
	unsigned shape;
	bool leads;        /* WAKER_WORD: to what it waits for */
};

/* A word that a healthy walk read a return address from. */
struct slot {
	int32_t goroutine;
	uint32_t depth;
	uint64_t address, word;
	bool injected; /* by a call that the CPU never made (sigpanic's): the word is a pc, with no call before it */
};

struct slots {
	struct slot *items;
	size_t count, capacity;
};

struct corpus {
	VEC(struct mutation) mutations;
	uint64_t stack_words; /* those that could be changed, of all stacks */
};

/* The slots of all return addresses of goroutines' own stacks. */
void slots_find(struct target *target, struct slots *ret);

/* Writes a mutation into the target, or what was there before. */
void mutation_apply(struct target *target, const struct mutation *mutation);
void mutation_undo(struct target *target, const struct mutation *mutation);

/* Whether a class is one of the runtime's own words about goroutines and threads. */
bool class_is_of_fields(enum mutation_class class);

/* Whether a class is one of values: any target has them, also one that is damaged or died of something already. */
bool class_is_of_values(enum mutation_class class);

/* All mutations of a target, or those of values only; at most `limit` of each class, 0: no limit. Those and what they write depend
 * on the seed only. */
void corpus_make(struct target *target, uint64_t seed, size_t limit, bool values, struct corpus *ret);

#endif
