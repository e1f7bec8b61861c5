/* memory_search.h: where in writable memory a value lies: one pass over what the dump saved of it, at most a gigabyte. */
#ifndef HEURISTICS_HEAP_MEMORY_SEARCH_H
#define HEURISTICS_HEAP_MEMORY_SEARCH_H

#include "analyzer/analysis.h"

enum { FOUND_KEPT = 16 };

struct found_word {
	uint64_t address, value;
};

struct address_range {
	uint64_t start, end;
};

struct memory_search {
	uint64_t first, last;  /* values that are looked for */
	const struct address_range *skip; /* what is passed over, as stacks are */
	size_t skip_count;
	struct found_word found[FOUND_KEPT]; /* by address; the first of them all */
	size_t count;          /* of all, kept or not */
	bool complete;         /* all writable memory that was mapped could be read */
};

/* Fills found, count and complete. Only whole words at multiples of 8 are looked at. */
void memory_search(struct image *image, struct memory_search *search);

/* A run of words around an address that look alike: text, or words whose halves are equal, or whose bytes are. */
struct word_run {
	uint64_t start, end;
	const char *shape; /* "text", "words whose two halves are equal", …; NULL: the word at the address is of no such kind */
	const char *text;  /* the text, as much as a sentence bears, on the arena; NULL: none */
};

struct word_run word_run_at(struct arena *arena, struct image *image, uint64_t address);

#endif
