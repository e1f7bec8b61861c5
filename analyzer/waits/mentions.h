/* mentions.h: which goroutines' stacks hold given addresses: one pass over all stacks, whatever is asked for. Conservative: a
 * word that is the address counts, be it a dead one; a pointer in the heap or in a global does not. */
#ifndef ANALYZER_WAITS_MENTIONS_H
#define ANALYZER_WAITS_MENTIONS_H

#include "analyzer/analysis.h"

enum { HOLDERS_KEPT = 8 };

struct mention {
	uint64_t address;
	uint32_t holders[HOLDERS_KEPT]; /* indices in runtime->goroutines, ascending */
	size_t holder_count;            /* of all, kept or not */
	uint32_t last;                  /* the one that was counted last; meaningful if there is one */
};

struct mentions {
	VEC(struct mention) items;
	uint32_t *slots; /* number + 1 of an item, by address; open addressing */
	size_t slot_count;
	bool complete; /* no stack was left out */
};

/* Adds an address, once; returns the number of its item. */
size_t mention_add(struct arena *arena, struct mentions *mentions, uint64_t address);

/* The number of an address that was added; SIZE_MAX: it was not. */
size_t mention_find(const struct mentions *mentions, uint64_t address);

/* Where the live part of a goroutine's stack begins, a multiple of 8: at its stack_lo when SP is not known. */
uint64_t stack_live_from(const struct goroutine *g);

/* How many goroutines' stacks, from the first on, have together at most *bytes in their live parts, which are taken from them. */
size_t stacks_within(struct analysis *analysis, uint64_t *bytes);

/* Reads the live part of each goroutine's stack, at most *bytes in all, and takes what it read from them. */
void mentions_scan(struct analysis *analysis, struct mentions *mentions, uint64_t *bytes);

#endif
