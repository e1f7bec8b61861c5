/* hash.c: see hash.h. */
#include "base/hash.h"

#include <pthread.h>
#include <sys/random.h>

enum { HALF = 32 };

static uint64_t seeds[2] = {0x9e3779b97f4a7c15, 0xd6e8feb86659fd93};

static void draw(void)
{
	uint64_t drawn[2];

	/* Without randomness hashing still works; only who knows the constants can then make it slow. */
	if (getrandom(drawn, sizeof drawn, GRND_NONBLOCK) != (ssize_t)sizeof drawn)
		return;
	seeds[0] = drawn[0] | 1;
	seeds[1] = drawn[1] | 1;
}

size_t hash_slot(uint64_t word, size_t size)
{
	static pthread_once_t drawn = PTHREAD_ONCE_INIT;

	if (size <= 1)
		return 0;
	pthread_once(&drawn, draw);
	word *= seeds[0];
	word = (word ^ word >> HALF) * seeds[1];
	return (size_t)(word >> (__builtin_clzll((unsigned long long)size) + 1));
}
