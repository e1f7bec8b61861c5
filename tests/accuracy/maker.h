/* maker.h: what the files share that make mutations of one kind each. */
#ifndef ACCURACY_MAKER_H
#define ACCURACY_MAKER_H

#include "tests/accuracy/corpus.h"
#include "tests/accuracy/view.h"

struct maker {
	struct target *target;
	struct corpus *corpus;
	struct slots slots; /* by address */
	uint64_t seed;
};

/* A number that the seed, a place and a purpose give. */
uint64_t maker_chance(const struct maker *maker, uint64_t place, uint64_t purpose);

/* Adds a mutation; none when it changes nothing, or when the dump does not hold the word. */
void maker_add(struct maker *maker, struct mutation mutation);

/* The same for an unsigned field of `size` bytes at the word's start: `value` is what it becomes. */
void maker_add_field(struct maker *maker, struct mutation mutation, size_t size, uint64_t value);

/* headers.c: strings, slices and interfaces in view, each with a word of another, without data, or with too small a capacity. */
void change_headers(struct maker *maker, const struct view *view);

/* pointers.c: the words that the register of the fault was loaded from. */
void change_pointers(struct maker *maker, const struct view *view);

/* spans.c: the heap's records of what is in view. */
void change_spans(struct maker *maker, const struct view *view);

/* wakers.c: variables that lead to what is stuck, or elsewhere. */
void change_wakers(struct maker *maker);

/* printed.c: last words of runtime/cgo on stacks of threads that never said them. */
void change_printed(struct maker *maker);

#endif
