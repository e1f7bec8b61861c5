/* hash.c: see hash.h. */
#include "base/hash.h"

#include <sys/random.h>

uint64_t hash_key = 0x9e3779b97f4a7c15;

/* Without randomness hashing still works; only who knows the key can then make it slow. Before other constructors, which may use it. */
__attribute__((constructor(101))) static void draw(void)
{
	uint64_t drawn;

	if (getrandom(&drawn, sizeof drawn, GRND_NONBLOCK) == (ssize_t)sizeof drawn)
		hash_key = drawn;
}
