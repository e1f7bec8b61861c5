/* places.h: the words of a dump and its executable that decide what is said of it, by what they are. */
#ifndef TESTS_FUZZ_PLACES_H
#define TESTS_FUZZ_PLACES_H

#include "golang/runtime.h"

enum file { DUMP, EXE, FILES };

enum place_kind {
	PLACE_G,          /* fields of a runtime.g */
	PLACE_STACK,      /* of goroutines and threads */
	PLACE_M,
	PLACE_P,
	PLACE_LIST,       /* allgs, its elements, allm, allp */
	PLACE_MODULEDATA,
	PLACE_PCLNTAB,    /* header, functab, and records of functions that are on stacks */
	PLACE_SPAN,       /* runtime.mspan of goroutines and their stacks, and mheap's word of it */
	PLACE_KINDS,
};

struct place {
	enum file file;
	uint64_t offset;  /* in the file */
};

struct places {
	VEC(struct place) of[PLACE_KINDS];
};

/* All places of a loaded program. `exe`: the bytes of the executable; empty: none. */
void places_find(struct go_runtime *runtime, struct arena *arena, struct span exe, struct places *ret);

/* Where a dump has the word at an address, as an offset in its file; false: nowhere. */
bool place_of_address(struct image *image, uint64_t address, uint64_t *ret_offset);

/* Its address; 0: it is none of memory. */
uint64_t place_address(const struct image *image, uint64_t offset);

#endif
