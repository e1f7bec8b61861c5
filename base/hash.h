/* hash.h: hashing of words that a dump holds. Who made the dump cannot know where its words go: the key is new in each run,
 * and nothing that is reported depends on it. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* A slot of a table of `size`, a power of two, for a word. All bits of the word count: the finalizer of MurmurHash3 (Appleby), over
 * the word and the key. */
size_t hash_slot(uint64_t word, size_t size);

#endif
