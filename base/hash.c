/* hash.c: see hash.h. */
#include "base/hash.h"

#include <pthread.h>
#include <sys/random.h>

enum { SHIFT = 33 };

static uint64_t key = 0x9e3779b97f4a7c15;

/* Without randomness hashing still works; only who knows the key can then make it slow. */
static void draw(void)
{
	uint64_t drawn;

	if (getrandom(&drawn, sizeof drawn, GRND_NONBLOCK) == (ssize_t)sizeof drawn)
		key = drawn;
}

size_t hash_slot(uint64_t word, size_t size)
{
	static pthread_once_t drawn = PTHREAD_ONCE_INIT;

	pthread_once(&drawn, draw);
	word ^= key;
	word = (word ^ word >> SHIFT) * 0xff51afd7ed558ccd;
	word = (word ^ word >> SHIFT) * 0xc4ceb9fe1a85ec53;
	return (size_t)(word ^ word >> SHIFT) & (size - 1);
}
