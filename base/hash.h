/* hash.h: hashing of words that a dump holds. Who made the dump cannot know where its words go: the key is new in each run,
 * and nothing that is reported depends on it. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

extern uint64_t hash_key; /* drawn when the program starts, before there are threads; never written later */

/* A slot of a table of `size`, a power of two, for a word. All bits of the word count: the finalizer of MurmurHash3 (Appleby), over
 * the word and the key. */
static inline size_t hash_slot(uint64_t word, size_t size)
{
	enum { SHIFT = 33 };

	word ^= hash_key;
	word = (word ^ word >> SHIFT) * 0xff51afd7ed558ccd;
	word = (word ^ word >> SHIFT) * 0xc4ceb9fe1a85ec53;
	return (size_t)(word ^ word >> SHIFT) & (size - 1);
}

#endif
