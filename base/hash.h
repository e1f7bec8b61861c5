/* hash.h: hashing of words that a dump holds. Who made the dump cannot know where its words go: the multiplier and the key are new in
 * each run, and nothing that is reported depends on them. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* A slot of a table of `size`, a power of two, for a word. All bits of the word count (multiply-shift, Dietzfelbinger et al. 1997,
 * over a word whose halves were folded into each other). */
size_t hash_slot(uint64_t word, size_t size);

#endif
